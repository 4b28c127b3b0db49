using HeteroAKD.Tensors;

namespace HeteroAKD.DeviceBench.Rows;

/// <summary>An input of an operation: random numbers from its place among the inputs.</summary>
/// <param name="Name">PyTorch's name.</param>
/// <param name="Shape">Its sizes.</param>
internal sealed record RowInput(string Name, Shape Shape)
{
    /// <summary>Label of pixels that the losses leave out; one in <see cref="IgnoredOneIn"/> is.</summary>
    public const int IgnoreIndex = 255;

    private const int IgnoredOneIn = 20;

    // Numbers repeat after so many, a prime, so that no two planes of a large map are alike: drawing hundreds of millions would take longer than the
    // measurement.
    private const int Drawn = 1_048_573;

    /// <summary>Whether the gradient is computed.</summary>
    public bool Gradient { get; init; } = true;

    /// <summary>Whether it has the element type of activations, which is bf16 in that precision; weights and logits are floats always.</summary>
    public bool IsActivation { get; init; }

    /// <summary>Standard deviation.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>Mean.</summary>
    public double Mean { get; init; }

    /// <summary>For labels: how many classes there are; 0 for numbers.</summary>
    public int Classes { get; init; }

    /// <summary>A weight whose products keep the scale of what it multiplies.</summary>
    public static RowInput Weight(Shape shape) => new("weight", shape) { Scale = 1 / Math.Sqrt(shape.CountFrom(1)) };

    /// <summary>The tensor; float64 holds the same numbers as float32.</summary>
    public Tensor Tensor(Device device, DType type, int seed)
    {
        Tensor tensor = Tensors.Tensor.Persistent(device, Shape, Classes > 0 ? DType.Int32 : type);
        if (Classes > 0)
        {
            tensor.CopyFrom(Labels(seed));
        }
        else if (type == DType.Float64)
        {
            tensor.CopyFrom(Array.ConvertAll(Values(seed), v => (double)v));
        }
        else
        {
            tensor.CopyFrom(Values(seed));
        }

        return tensor;
    }

    private float[] Values(int seed)
    {
        Random random = new(seed);
        float[] values = new float[Shape.Count];
        int drawn = Math.Min(Drawn, values.Length);
        for (int i = 0; i < drawn; i++)
        {
            // Box-Muller; 1 - u keeps the logarithm away from 0.
            double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            values[i] = (float)(Mean + (Scale * radius * Math.Cos(2 * Math.PI * random.NextDouble())));
        }

        Repeat(values, drawn);
        return values;
    }

    private int[] Labels(int seed)
    {
        Random random = new(seed);
        int[] labels = new int[Shape.Count];
        int drawn = Math.Min(Drawn, labels.Length);
        for (int i = 0; i < drawn; i++)
        {
            labels[i] = random.Next(IgnoredOneIn) == 0 ? IgnoreIndex : random.Next(Classes);
        }

        Repeat(labels, drawn);
        return labels;
    }

    private static void Repeat<T>(T[] values, int drawn)
    {
        for (int start = drawn; start < values.Length; start += drawn)
        {
            Array.Copy(values, 0, values, start, Math.Min(drawn, values.Length - start));
        }
    }
}
