using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Initialization;

/// <summary>Fills the initial values of a parameter.</summary>
/// <param name="values">The values, row-major.</param>
/// <param name="shape">[O, I] of a linear layer, [O, I/groups, KH, KW] of a convolution, [I, O/groups, KH, KW] of a transposed one, or [C].</param>
/// <param name="generator">Source of random numbers.</param>
public delegate void Initializer(Span<float> values, Shape shape, Generator generator);

/// <summary>Initial values after <c>torch.nn.init</c>.</summary>
public static class Init
{
    /// <summary>All the same.</summary>
    public static Initializer Constant(float value) => (values, _, _) => values.Fill(value);

    /// <summary>
    /// PyTorch's default for the weights of Linear and Conv2d, <c>kaiming_uniform_(a=√5)</c>: with that a the bound √(6/((1+a²)·fan_in)) is 1/√fan_in.
    /// </summary>
    public static Initializer KaimingUniform() => (values, shape, generator) => FillUniform(values, 1 / Math.Sqrt(shape.CountFrom(1)), generator);

    /// <summary>PyTorch's default for the bias of Linear and Conv2d: uniform within 1/√fan_in of the weight.</summary>
    /// <param name="fanIn">Inputs that one output sees.</param>
    public static Initializer BiasUniform(int fanIn) => (values, _, generator) => FillUniform(values, 1 / Math.Sqrt(fanIn), generator);

    /// <summary><c>kaiming_normal_(mode="fan_out", nonlinearity="relu")</c>: deviation √(2/fan_out), fan_out = O·KH·KW.</summary>
    /// <param name="groups">Divides fan_out, as SegFormer does; PyTorch itself does not know the groups.</param>
    public static Initializer KaimingNormal(int groups = 1) => (values, shape, generator) =>
    {
        double fanOut = (double)shape[0] * shape.CountFrom(2) / groups;
        FillNormal(values, Math.Sqrt(2 / fanOut), double.PositiveInfinity, generator);
    };

    /// <summary><c>trunc_normal_(std)</c> with its default bounds: normal numbers, drawn again where outside [-2, 2] (not in deviations).</summary>
    public static Initializer TruncNormal(double std) => (values, _, generator) => FillNormal(values, std, 2, generator);

    /// <summary>Random directions: normal numbers, each row along the last dimension of length 1.</summary>
    public static Initializer UnitRows() => (values, shape, generator) =>
    {
        FillNormal(values, 1, double.PositiveInfinity, generator);
        for (int start = 0; start < values.Length; start += shape[-1])
        {
            Span<float> row = values.Slice(start, shape[-1]);
            double squares = 0;
            foreach (float value in row)
            {
                squares += (double)value * value;
            }

            for (int i = 0; i < row.Length; i++)
            {
                row[i] = (float)(row[i] / Math.Sqrt(squares));
            }
        }
    };

    private static void FillUniform(Span<float> values, double bound, Generator generator)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)(((2 * generator.NextUniform()) - 1) * bound);
        }
    }

    private static void FillNormal(Span<float> values, double std, double bound, Generator generator)
    {
        for (int i = 0; i < values.Length; i++)
        {
            double value;
            do
            {
                value = generator.NextNormal() * std;
            }
            while (Math.Abs(value) > bound);

            values[i] = (float)value;
        }
    }
}
