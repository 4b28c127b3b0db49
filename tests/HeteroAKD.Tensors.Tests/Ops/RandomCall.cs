using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Checks;

namespace HeteroAKD.Tensors.Tests.Ops;

/// <summary>A call of an operation that began as one of its cases and was then changed at random: sizes, ranks, inputs, attributes, labels.</summary>
/// <param name="Row">The operation.</param>
/// <param name="Sizes">Shape of each input; null where it is left out.</param>
/// <param name="Attributes">As text.</param>
/// <param name="Wide">Whether floats have 64 bits.</param>
/// <param name="Label">What labels hold, but for a valid one here and there.</param>
internal sealed record RandomCall(OpRow Row, int[]?[] Sizes, IReadOnlyDictionary<string, string> Attributes, bool Wide, int Label)
{
    private const int LargestCase = 4000; // elements of all inputs

    private static readonly int[] s_newSizes = [0, 0, 0, 1, 2, 3, 5];
    private static readonly int[] s_labels = [0, 1, -1, 2, 77, 255, -100, int.MinValue, int.MaxValue];
    private static readonly string[] s_whole = ["0", "1", "2", "3", "-1", "5", "64", "65536", "-2147483648", "2147483647"];
    private static readonly string[] s_numbers = ["0", "1", "0.5", "-1", "4", "1e-30", "1e30", "NaN", "Infinity", "-Infinity"];
    private static readonly string[] s_dimensions = ["all", "0", "-1", "1", "3", "-4", "0,1", "1,2,3", "-1,1"];
    private static readonly string[] s_orders = ["0", "1,0", "0,2,1", "2,0,1", "0,2,3,1", "-1,0,2,1", "3,2,1,0", "0,0"];

    /// <summary>How much there is to look at: elements, inputs and attributes that are not at their default.</summary>
    public long Size => Sizes.Sum(s => s is null ? 0 : 10 + s.Aggregate(1L, (product, size) => product * Math.Max(1, size)))
        + Attributes.Count(a => Row.Attributes.First(d => d.Name == a.Key).Default != a.Value) * 20;

    /// <summary>A call of the operation.</summary>
    public static RandomCall Draw(OpRow row, Random random)
    {
        OpCase[] cases = [.. CaseTable.Of(row).Where(c => c.Inputs.Sum(i => i.Shape.Count) <= LargestCase)];
        OpCase start = cases[random.Next(cases.Length)];
        int[]?[] sizes =
        [
            .. row.Inputs.Select(input => start.Inputs.FirstOrDefault(i => i.Name == input.Name) is { Name: not null } given ? given.Shape.ToArray() : null)
        ];
        for (int i = random.Next(4); i > 0; i--)
        {
            Change(sizes, random);
        }

        Dictionary<string, string> attributes = new(start.Attributes);
        foreach (OpAttribute attribute in row.Attributes.Where(_ => random.Next(4) == 0))
        {
            attributes[attribute.Name] = Value(attribute, random);
        }

        return new RandomCall(row, sizes, attributes, random.Next(4) == 0, Pick(s_labels, random));
    }

    /// <summary>Runs it, its gradient too.</summary>
    public void Run(Device device)
    {
        using StepScope step = device.BeginStep();
        Tensor?[] inputs = [.. Row.Inputs.Select((input, i) => Sizes[i] is { } sizes ? Make(device, input, Shape.Of(sizes)) : null)];
        Tensor output = Row.Invoke(Attributes, inputs)[0].Value;
        if (output.RequiresGrad)
        {
            device.Tape.Backward(output, Tensor.Full(device, output.Shape, 1, output.DType));
        }
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        IEnumerable<string> inputs = Row.Inputs.Select((input, i) => Sizes[i] is { } sizes ? $"{input.Name}[{string.Join(", ", sizes)}]" : "");
        IEnumerable<string> words = inputs.Where(text => text.Length > 0).Concat(Attributes.Select(a => $"{a.Key}={a.Value}"));
        string labels = Row.Inputs.Any(i => i.Integer) ? $" labels {Label}" : "";
        return $"{Row.Name} {string.Join(' ', words)}{(Wide ? " float64" : "")}{labels}";
    }

    private Tensor Make(Device device, OpInput input, Shape shape)
    {
        if (input.Integer)
        {
            return Tensor.From(device, shape, Enumerable.Range(0, shape.Count).Select(i => i % 5 == 4 ? 0 : Label).ToArray());
        }

        Tensor tensor = Tensor.Empty(device, shape, Wide ? DType.Float64 : DType.Float32);
        tensor.CopyFrom(Enumerable.Range(0, shape.Count).Select(i => (i % 7) - 2.5f).ToArray());
        tensor.RequiresGrad = Row.Differentiable;
        return tensor;
    }

    private static void Change(int[]?[] sizes, Random random)
    {
        int at = random.Next(sizes.Length);
        int[] all = [.. sizes.SelectMany(s => s ?? [])];
        switch (random.Next(8))
        {
            case 0:
                sizes[at] = random.Next(2) == 0 || sizes[at] is not null ? null : sizes[0]?.ToArray();
                break;
            case 1:
                sizes[at] = sizes[at] is { Length: > 0 } longer ? longer[1..] : null;
                break;
            case 2:
                sizes[at] = sizes[at] is { Length: < Shape.MaxRank } shorter ? [.. shorter, Pick(s_newSizes, random)] : sizes[at];
                break;
            case 3 when sizes[at] is { Length: > 0 } one:
                one[random.Next(one.Length)] = Pick(s_newSizes, random);
                break;
            default:
                // Everywhere: what belongs together stays together.
                int old = all.Length > 0 ? Pick(all, random) : 0, now = Pick(s_newSizes, random);
                for (int i = 0; i < sizes.Length; i++)
                {
                    sizes[i] = sizes[i]?.Select(size => size == old ? now : size).ToArray();
                }

                break;
        }
    }

    private static string Value(OpAttribute attribute, Random random) => attribute.Choices switch
    {
        "a whole number" => Pick(s_whole, random),
        "a number" => Pick(s_numbers, random),
        var pair when pair.StartsWith("a whole number, or two", StringComparison.Ordinal) =>
            random.Next(2) == 0 ? Pick(s_whole, random) : $"{Pick(s_whole, random)},{Pick(s_whole, random)}",
        "dimensions as in 0,2,1" => Pick(s_orders, random),
        var dims when dims.StartsWith("dimensions", StringComparison.Ordinal) => Pick(s_dimensions, random),
        var words => Pick(words.Split(" or "), random),
    };

    private static T Pick<T>(T[] from, Random random) => from[random.Next(from.Length)];
}
