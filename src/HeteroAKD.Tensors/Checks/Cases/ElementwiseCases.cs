using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;
using static HeteroAKD.Tensors.Checks.CaseInput;

namespace HeteroAKD.Tensors.Checks.Cases;

/// <summary>Functions of one number, random masks and changes of shape.</summary>
internal static class ElementwiseCases
{
    public static IEnumerable<OpCase> All() =>
    [
        .. Unary<Relu>(Activations.Relu, ErrorClass.Exact, CaseNumbers.AwayFromZero),
        .. Unary<Relu6>(Activations.Relu6, ErrorClass.Exact, CaseNumbers.AwayFromZero),
        .. Unary<Gelu>(Activations.Gelu, ErrorClass.Function, CaseNumbers.Normal),
        .. Unary<Silu>(Activations.Silu, ErrorClass.Function, CaseNumbers.Normal),
        .. Unary<Hardswish>(Activations.Hardswish, ErrorClass.Arithmetic, CaseNumbers.Normal),
        .. Unary<Sigmoid>(Activations.Sigmoid, ErrorClass.Function, CaseNumbers.Normal),
        .. Unary<Tanh>(Activations.Tanh, ErrorClass.Function, CaseNumbers.Normal),
        .. Unary<Exp>(Activations.Exp, ErrorClass.Function, CaseNumbers.Normal),
        .. Unary<Log>(Activations.Log, ErrorClass.Function, CaseNumbers.Positive),
        .. Unary<Sqrt>(Activations.Sqrt, ErrorClass.Function, CaseNumbers.Positive),
        .. Unary<Absolute>(Activations.Abs, ErrorClass.Exact, CaseNumbers.AwayFromZero),
        .. Unary<Square>(Activations.Square, ErrorClass.Arithmetic, CaseNumbers.Normal),
        .. Unary<Reciprocal>(Activations.Reciprocal, ErrorClass.Function, CaseNumbers.AwayFromZero),
        .. Dropout(),
        .. DropPath(),
        .. Reshaped(),
        .. Converted(),
    ];

    private static IEnumerable<OpCase> Unary<TOperator>(OpRow row, ErrorClass error, CaseNumbers numbers)
        where TOperator : struct, IUnaryOperator
    {
        OpFamily family = new(row, error, v => Output(v, "input", (x, y) => UnaryKernel<TOperator>.Reference(default, x, y)));
        yield return family.Case("", Of(numbers, "input", 1));
        yield return family.Case("", Of(numbers, "input", 2, 3, 5, 7));
        yield return family.Case("", Of(numbers, "input", 1037));
        yield return family.Case("", Of(numbers, "input", 3, 76));
        yield return family.ForwardOnly("", Of(CaseNumbers.Special, "input", 67));
        yield return family.ForwardOnly("", Of(numbers, "input", 0));
    }

    private static IEnumerable<OpCase> Dropout()
    {
        OpFamily family = new(Regularization.Dropout, ErrorClass.Arithmetic, v =>
        {
            MaskAttributes a = v.Attributes<MaskAttributes>();
            return Output(v, "input", (x, y) => DropoutKernel.Reference(x, y, Key(v, a), a.P));
        });
        yield return family.Case("p=0.3 key=7", Normal("input", 2, 3, 5, 7));
        yield return family.Case("p=0 key=1", Normal("input", 33));
        yield return family.Case("p=0.9 key=-5", Normal("input", 1037));
        yield return family.Case("p=0.3 key=2", Normal("input", 3, 76));
        yield return family.Case("p=0.5 key=5", Normal("input", 7, 67), CaseInput.Labels(1000, -100, "counter", 1));
    }

    private static IEnumerable<OpCase> DropPath()
    {
        OpFamily family = new(Regularization.DropPath, ErrorClass.Arithmetic, v =>
        {
            MaskAttributes a = v.Attributes<MaskAttributes>();
            Shape shape = v.Shape("input");
            return Output(v, "input", (x, y) => DropPathKernel.Reference(x, v["residual"], y, Key(v, a), a.P, shape.CountFrom(1)));
        });
        yield return family.Case("p=0.4 key=3", Normal("input", 7, 5, 3));
        yield return family.Case("p=0.4 key=3", Normal("input", 5, 2, 3, 3), Normal("residual", 5, 2, 3, 3));
        yield return family.Case("p=0.4 key=4", Normal("input", 5, 3, 8), Normal("residual", 5, 3, 8));
        yield return family.Case("p=0.5 key=9", Normal("input", 1, 1), Normal("residual", 1, 1));
        yield return family.Case("p=0.5 key=9", Normal("input", 31, 5), Normal("residual", 31, 5), CaseInput.Labels(1000, -100, "counter", 1));
    }

    // With a counter the key is derived from both, as a layer derives its own from that of a pass.
    private static int Key(CaseValues v, in MaskAttributes a) => v.Has("counter") ? (int)CounterHash.Hash(v.Labels("counter")[0], a.Key) : a.Key;

    private static IEnumerable<OpCase> Reshaped()
    {
        OpFamily family = new(Reshape.Row, ErrorClass.Exact, v => [new("output", v["input"])]);
        yield return family.Case("d0=6 d1=35", Normal("input", 2, 3, 5, 7));
        yield return family.Case("d0=1 d1=1 d2=1 d3=1", Normal("input", 1));
        yield return family.Case("d0=2 d1=3 d2=3 d3=1", Normal("input", 18));
        yield return family.Case("d0=4 d1=19", Normal("input", 76));
    }

    private static IEnumerable<OpCase> Converted()
    {
        OpFamily family = new(Cast.To, ErrorClass.Exact, v => [new("output", v["input"])]);
        yield return family.Case("", Normal("input", 2, 3, 5, 7));
        yield return family.Case("dtype=float32", Normal("input", 4, 64));
        yield return family.ForwardOnly("dtype=float32", Of(CaseNumbers.Special, "input", 67));
    }

    private static NamedValues[] Output(CaseValues values, string input, Action<double[], double[]> compute)
    {
        double[] x = values[input];
        double[] y = new double[x.Length];
        compute(x, y);
        return [new("output", y)];
    }
}
