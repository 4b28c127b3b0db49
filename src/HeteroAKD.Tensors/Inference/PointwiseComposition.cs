using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Inference;

/// <summary>
/// The end of an all-MLP head: pointwise convolutions of several maps, each map resized, all of them side by side, and a pointwise convolution over them. A
/// resize is an average, so it may come after both products or before them, and two products are one: every map meets a single narrow convolution at its own
/// resolution or a lower one, and their results are resized and added. Of SegFormer-B0's multiply-adds on 512x512 half go.
/// </summary>
internal sealed class PointwiseComposition
{
    private readonly FrozenConvolution _outer;
    private readonly List<Part> _parts; // those without a resize after the product last

    private PointwiseComposition(FrozenConvolution outer, FrozenOperation cat, List<Part> parts)
    {
        _outer = outer;
        _parts = [.. parts.OrderBy(p => p.After.Count == 0)];
        Replaced = [outer, cat, .. parts.SelectMany(p => p.Before.Concat(p.After)), .. parts.Select(p => p.Inner)];
    }

    /// <summary>The operations that are no longer needed.</summary>
    public HashSet<FrozenOperation> Replaced { get; }

    /// <summary>Looks for the pattern before a convolution; null where it is not there, or saves nothing.</summary>
    /// <param name="outer">The convolution over all maps.</param>
    /// <param name="soleMaker">Who made a result that one operation reads and nobody wants.</param>
    public static PointwiseComposition? Find(FrozenConvolution outer, Func<Tensor, FrozenOperation?> soleMaker)
    {
        // Elsewhere products may round their factors, and a weight would be rounded twice.
        bool fits = outer is { IsPointwise: true, Residual: null } && outer.Weight.Device is HostDevice && outer.Weight.DType == DType.Float32;
        if (!fits || soleMaker(outer.Input) is not RepeatedOperation cat || cat.Row != Layout.Cat)
        {
            return null;
        }

        List<Part> parts = [];
        int first = 0;
        foreach (Tensor map in cat.Inputs.OfType<Tensor>())
        {
            if (Part.Find(map, first, soleMaker) is not { } part)
            {
                return null;
            }

            parts.Add(part);
            first += map.Shape[1];
        }

        long outputs = outer.Weight.Shape[0];
        long before = ((long)outer.Output.Shape.CountFrom(2) * first * outputs) + parts.Sum(
            p => (long)p.Inner.Output.Shape.CountFrom(2) * p.Inner.Weight.Shape.Count);
        long after = parts.Sum(p => p.Pixels * p.Inner.Weight.Shape[1] * outputs);
        return parts.Exists(p => p.After.Count == 0) && after < before ? new PointwiseComposition(outer, cat, parts) : null;
    }

    /// <summary>What stands for the replaced ones.</summary>
    public List<FrozenOperation> Operations()
    {
        List<FrozenOperation> operations = [];
        Tensor? sum = null;
        foreach (Part part in _parts)
        {
            bool resized = part.After.Count > 0;
            bool last = ReferenceEquals(part, _parts[^1]);
            Tensor input = Average(part.Before, part.Inner.Input);
            Tensor map = last ? _outer.Output : New(input.Shape, Outputs);
            operations.Add(Convolution(part, input, map, resized ? null : sum, last));
            map = Average(part.After, map);
            sum = resized && sum is not null ? Repeat(Arithmetic.Add, default(NoAttributes), [sum, map], New(map.Shape, Outputs)) : map;
        }

        return operations;

        Tensor Average(IEnumerable<RepeatedOperation> averages, Tensor map)
        {
            foreach (RepeatedOperation average in averages)
            {
                map = Repeat(average.Row, average.Attributes, [map], New(average.Output.Shape, map.Shape[1]));
            }

            return map;
        }

        Tensor Repeat(OpRow row, object attributes, Tensor?[] inputs, Tensor output)
        {
            operations.Add(new RepeatedOperation(new TracedOperation(row, attributes, inputs, output)) { Output = output });
            return output;
        }
    }

    private FrozenConvolution Convolution(Part part, Tensor input, Tensor output, Tensor? residual, bool last)
    {
        Shape weight = new(Outputs, input.Shape[1], 1, 1);
        TracedOperation like = new(Ops.Convolution.Row, new Conv2dAttributes(), [input, Tensor.WithoutMemory(input.Device, weight, input.DType), null], output);
        return new FrozenConvolution(like)
        {
            Input = input,
            Output = output,
            Residual = residual,
            Activation = last ? _outer.Activation : default,
            Composed = () =>
                Parameters(part, weight, last),
        };
    }

    // Of a part's convolution. The last one adds the biases of all: an average leaves them as they are.
    private (Tensor Weight, Tensor Bias) Parameters(Part part, Shape shape, bool last)
    {
        (Tensor outer, Tensor bias) = _outer.Fold();
        Tensor weight = Weight(outer, part, shape);
        bias.CopyFrom(last ? Biases(outer, bias) : new float[bias.Shape.Count]);
        outer.Dispose();
        return (weight, bias);
    }

    // The part's columns of the outer weight times the inner one.
    private static Tensor Weight(Tensor outer, Part part, Shape shape)
    {
        Tensor product = Tensor.Persistent(outer.Device, shape);
        (int rows, int depth, int columns) = (shape[0], part.Inner.Weight.Shape[0], shape[1]);
        GemmArguments arguments = new()
        {
            M = rows,
            N = columns,
            K = depth,
            A = GemmMatrix.RowMajor(outer.Mem, outer.Shape[1], part.FirstChannel),
            B = GemmMatrix.RowMajor(part.Inner.Weight.Mem, columns),
            C = GemmMatrix.RowMajor(product.Mem, columns),
        };
        MatMul.Run(outer.Device, arguments, DType.Float32);
        return product;
    }

    private float[] Biases(Tensor outer, Tensor bias)
    {
        double[] sums = bias.ToDoubles();
        double[] weight = outer.ToDoubles();
        int channels = outer.Shape[1];
        foreach (Part part in _parts)
        {
            double[] inner = part.Inner.Bias?.ToDoubles() ?? [];
            for (int o = 0; o < sums.Length; o++)
            {
                for (int c = 0; c < inner.Length; c++)
                {
                    sums[o] += weight[(o * channels) + part.FirstChannel + c] * inner[c];
                }
            }
        }

        return Array.ConvertAll(sums, sum => (float)sum);
    }

    private int Outputs => _outer.Weight.Shape[0];

    private Tensor New(Shape shape, int channels) =>
        Tensor.WithoutMemory(_outer.Output.Device, new Shape(shape[0], channels, shape[2], shape[3]), _outer.Output.DType);

    /// <summary>One of the maps.</summary>
    /// <param name="Inner">The convolution that made it.</param>
    /// <param name="Before">What made it smaller, in order: done before the product.</param>
    /// <param name="After">What resized it then, in order: done after the product.</param>
    /// <param name="FirstChannel">Where its channels begin among all.</param>
    private sealed record Part(FrozenConvolution Inner, IReadOnlyList<RepeatedOperation> Before, IReadOnlyList<RepeatedOperation> After, int FirstChannel)
    {
        public long Pixels => (Before.Count > 0 ? Before[^1].Output : Inner.Output).Shape.CountFrom(2);

        public static Part? Find(Tensor map, int firstChannel, Func<Tensor, FrozenOperation?> soleMaker)
        {
            List<RepeatedOperation> averages = [];
            while (soleMaker(map) is RepeatedOperation average && IsAverage(average))
            {
                averages.Insert(0, average);
                map = average.Inputs[0]!;
            }

            int smaller = averages.TakeWhile(a => a.Output.Shape.Count < a.Inputs[0]!.Shape.Count).Count();
            return soleMaker(map) is FrozenConvolution { IsAlone: true, IsPointwise: true, Composed: null } inner
                ? new Part(inner, averages[..smaller], averages[smaller..], firstChannel)
                : null;
        }

        // Every output is a mean of inputs of its channel whose weights sum to 1.
        private static bool IsAverage(RepeatedOperation o) =>
            o.Row == Resampling.Interpolate || (o.Row == Pooling.Average && o.Attributes is AvgPoolAttributes { Padding: 0 });
    }
}
