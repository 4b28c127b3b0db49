using HeteroAKD.Tensors;

namespace HeteroAKD.Bench.Peers;

/// <summary>An input of an operation: the same numbers on every side, from a seed.</summary>
/// <param name="Name">PyTorch's name.</param>
/// <param name="Shape">Its sizes.</param>
internal sealed record CaseInput(string Name, Shape Shape)
{
    /// <summary>Label of pixels that the losses leave out; one in <see cref="IgnoredOneIn"/> is.</summary>
    public const int IgnoreIndex = 255;

    private const int IgnoredOneIn = 20;

    /// <summary>Whether the gradient is computed.</summary>
    public bool Gradient { get; init; } = true;

    /// <summary>Standard deviation.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>Mean.</summary>
    public double Mean { get; init; }

    /// <summary>For labels: how many classes there are; 0 for numbers.</summary>
    public int Classes { get; init; }

    /// <summary>Random labels with some ignored ones.</summary>
    public static CaseInput Labels(Shape shape, int classes) => new("target", shape) { Classes = classes, Gradient = false };

    /// <summary>A weight whose products keep the scale of what it multiplies.</summary>
    public static CaseInput Weight(Shape shape) => new("weight", shape) { Scale = 1 / Math.Sqrt(shape.CountFrom(1)) };

    /// <summary>Normally distributed numbers.</summary>
    public float[] Values(int seed)
    {
        Random random = new(seed);
        float[] values = new float[Shape.Count];
        for (int i = 0; i < values.Length; i++)
        {
            // Box-Muller; 1 - u keeps the logarithm away from 0.
            double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            values[i] = (float)(Mean + (Scale * radius * Math.Cos(2 * Math.PI * random.NextDouble())));
        }

        return values;
    }

    /// <summary>Labels.</summary>
    public int[] LabelValues(int seed)
    {
        Random random = new(seed);
        int[] labels = new int[Shape.Count];
        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = random.Next(IgnoredOneIn) == 0 ? IgnoreIndex : random.Next(Classes);
        }

        return labels;
    }
}
