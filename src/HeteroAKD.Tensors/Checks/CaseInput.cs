namespace HeteroAKD.Tensors.Checks;

/// <summary>What numbers an input of a case holds. All are floats, so that every precision starts from the same values.</summary>
public enum CaseNumbers
{
    /// <summary>Standard normal.</summary>
    Normal,

    /// <summary>Between ½ and 2: divisors, variances, weights.</summary>
    Positive,

    /// <summary>Magnitude between ¼ and 2, either sign: functions with a kink or a pole at 0.</summary>
    AwayFromZero,

    /// <summary>A shuffled ladder in [-2, 2]: no two are so near that a finite difference could swap them.</summary>
    Distinct,

    /// <summary>Normal with NaN, infinities and zeros of both signs among them.</summary>
    Special,

    /// <summary>Normal with one NaN in the middle.</summary>
    OneNaN,

    /// <summary>Class ids, a sixth of them ignored and a few beyond the classes.</summary>
    Labels,
}

/// <summary>An input of a case.</summary>
/// <param name="Name">The operation's name for it.</param>
/// <param name="Shape">Its sizes.</param>
/// <param name="Numbers">Its contents.</param>
/// <param name="Classes">Classes of labels.</param>
/// <param name="Ignore">The label that is ignored.</param>
public readonly record struct CaseInput(string Name, Shape Shape, CaseNumbers Numbers, int Classes = 0, int Ignore = -100)
{
    /// <summary>An input of <see cref="CaseNumbers.Normal"/> numbers.</summary>
    public static CaseInput Normal(string name, params ReadOnlySpan<int> sizes) => new(name, Shape.Of(sizes), CaseNumbers.Normal);

    /// <summary>An input of <see cref="CaseNumbers.Positive"/> numbers.</summary>
    public static CaseInput Positive(string name, params ReadOnlySpan<int> sizes) => new(name, Shape.Of(sizes), CaseNumbers.Positive);

    /// <summary>An input of numbers of some other kind.</summary>
    public static CaseInput Of(CaseNumbers numbers, string name, params ReadOnlySpan<int> sizes) => new(name, Shape.Of(sizes), numbers);

    /// <summary>Labels of <paramref name="classes"/> classes.</summary>
    public static CaseInput Labels(int classes, int ignore, string name, params ReadOnlySpan<int> sizes) =>
        new(name, Shape.Of(sizes), CaseNumbers.Labels, classes, ignore);

    /// <summary>The numbers, a function of the generator alone.</summary>
    internal double[] Draw(Random random)
    {
        double[] values = new double[Shape.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)Number(random, i, values.Length);
        }

        if (Numbers == CaseNumbers.Distinct)
        {
            random.Shuffle(values);
        }

        return values;
    }

    /// <summary>The class ids of an input of labels.</summary>
    internal int[] DrawLabels(Random random)
    {
        int[] labels = new int[Shape.Count];
        for (int i = 0; i < labels.Length; i++)
        {
            // Never the first: a case always has a labelled pixel.
            int kind = i == 0 ? 11 : random.Next(12);
            labels[i] = kind < 2 ? Ignore : kind == 2 ? Classes + random.Next(3) : random.Next(Classes);
        }

        return labels;
    }

    private double Number(Random random, int index, int count) => Numbers switch
    {
        CaseNumbers.Positive => 0.5 + (1.5 * random.NextDouble()),
        CaseNumbers.AwayFromZero => (0.25 + (1.75 * random.NextDouble())) * (random.Next(2) == 0 ? -1 : 1),
        CaseNumbers.Distinct => 4 * ((index + 0.5) / count) - 2,
        CaseNumbers.Special => (index % 11) switch
        {
            1 => double.NaN,
            3 => double.PositiveInfinity,
            5 => double.NegativeInfinity,
            7 => 0,
            9 => -0.0,
            _ => Gauss(random),
        },
        CaseNumbers.OneNaN => index == count / 2 ? double.NaN : Gauss(random),
        _ => Gauss(random),
    };

    private static double Gauss(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
