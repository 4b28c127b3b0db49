using HeteroAKD.Kernels.Conv;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Tensors.Ops;
using static HeteroAKD.Tensors.Checks.CaseInput;

namespace HeteroAKD.Tensors.Checks.Cases;

/// <summary>Matrix products and convolutions.</summary>
internal static class ProductCases
{
    public static IEnumerable<OpCase> All() => [.. Products(), .. Linear(), .. Convolutions(), .. TransposedConvolutions()];

    private static IEnumerable<OpCase> Products()
    {
        OpFamily family = new(MatMul.Row, ErrorClass.Sum, v =>
        {
            (int batch, int m, int k, int n) = ProductSizes(v);
            double[] y = new double[batch * m * n];
            for (int b = 0; b < batch; b++)
            {
                GemmReference.Run(
                    new GemmArguments { M = m, N = n, K = k }, v["input"]
                        .AsSpan(b * m * k, m * k), v["other"].AsSpan(b * k * n, k * n), y.AsSpan(b * m * n, m * n), [], []);
            }

            return [new("output", y)];
        })
        {
            Terms = (v, result) =>
            {
                (int _, int m, int k, int n) = ProductSizes(v);
                return result switch { "grad.input" => n, "grad.other" => m, _ => k };
            },
        };
        yield return family.Case("", Normal("input", 1, 1), Normal("other", 1, 1));
        yield return family.Case("", Normal("input", 5, 7), Normal("other", 7, 3));
        yield return family.Case("", Normal("input", 37, 65), Normal("other", 65, 129));
        yield return family.Case("", Normal("input", 3, 13, 300), Normal("other", 3, 300, 17));
        yield return family.ForwardOnly("", Of(CaseNumbers.OneNaN, "input", 9, 17), Normal("other", 17, 33));
        yield return family.ForwardOnly("", Normal("input", 0, 3), Normal("other", 3, 4));
        yield return family.ForwardOnly("", Normal("input", 2, 0), Normal("other", 0, 4));
    }

    private static (int Batch, int M, int K, int N) ProductSizes(CaseValues v)
    {
        Shape a = v.Shape("input");
        return (a.Rank == 3 ? a[0] : 1, a[-2], a[-1], v.Shape("other")[-1]);
    }

    private static IEnumerable<OpCase> Linear()
    {
        OpFamily family = new(MatMul.Linear, ErrorClass.Sum, v =>
        {
            Shape w = v.Shape("weight");
            double[] transposed = new double[v["weight"].Length]; // [I, O]
            for (int i = 0; i < transposed.Length; i++)
            {
                transposed[i] = v["weight"][(i % w[0] * w[1]) + (i / w[0])];
            }

            int rows = v["input"].Length / w[1];
            double[] y = new double[rows * w[0]];
            GemmArguments sizes = new() { M = rows, N = w[0], K = w[1], BiasKind = v.Has("bias") ? GemmBias.PerColumn : GemmBias.None };
            GemmReference.Run(sizes, v["input"], transposed, y, v["bias"], []);
            return [new("output", y)];
        })
        {
            Terms = (v, result) => result switch
            {
                "output" => v.Shape("weight")[1] + 1,
                "grad.input" => v.Shape("weight")[0],
                _ => v["input"].Length / v.Shape("weight")[1],
            },
        };
        yield return family.Case("", Normal("input", 1), Normal("weight", 1, 1), Normal("bias", 1));
        yield return family.Case("", Normal("input", 9), Normal("weight", 5, 9));
        yield return family.Case("", Normal("input", 2, 35, 13), Normal("weight", 21, 13), Normal("bias", 21));
        yield return family.Case("", Normal("input", 2, 3, 11, 33), Normal("weight", 65, 33), Normal("bias", 65));
        yield return family.Case("", Normal("input", 530, 3), Normal("weight", 2, 3), Normal("bias", 2));
        yield return family.ForwardOnly("", Normal("input", 0, 3), Normal("weight", 2, 3), Normal("bias", 2));
    }

    private static IEnumerable<OpCase> Convolutions()
    {
        OpFamily family = new(Convolution.Row, ErrorClass.Sum, v =>
        {
            ConvShape s = ConvSize(v);
            double[] y = new double[s.Batch * s.OutChannels * s.OutHeight * s.OutWidth];
            ConvForwardKernel.Reference(s, v["input"], v["weight"], v["bias"], ActivationKind.None, y);
            return [new("output", y)];
        })
        {
            Terms = (v, result) =>
            {
                ConvShape s = ConvSize(v);
                return result switch
                {
                    "output" => (s.GroupInChannels * s.KernelSize) + 1,
                    "grad.input" => s.GroupOutChannels * s.KernelSize,
                    _ => s.Batch * s.OutHeight * s.OutWidth,
                };
            },
        };
        yield return family.Case("", Normal("input", 1, 1, 1, 1), Normal("weight", 1, 1, 1, 1), Normal("bias", 1));
        yield return family.Case("", Normal("input", 2, 5, 7, 9), Normal("weight", 3, 5, 1, 1), Normal("bias", 3));
        yield return family.Case("padding=1", Normal("input", 2, 3, 9, 19), Normal("weight", 5, 3, 3, 3), Normal("bias", 5));
        yield return family.Case("padding=1", Normal("input", 1, 17, 6, 33), Normal("weight", 19, 17, 3, 3));
        yield return family.Case("stride=2 padding=1", Normal("input", 2, 4, 9, 11), Normal("weight", 6, 4, 3, 3), Normal("bias", 6));
        yield return family.Case("stride=4 padding=3", Normal("input", 1, 3, 17, 23), Normal("weight", 8, 3, 7, 7), Normal("bias", 8));
        yield return family.Case("padding=2 dilation=2", Normal("input", 1, 4, 8, 10), Normal("weight", 5, 4, 3, 3));
        yield return family.Case("padding=12 dilation=12", Normal("input", 1, 2, 9, 11), Normal("weight", 3, 2, 3, 3));
        yield return family.Case("padding=1 groups=2", Normal("input", 2, 4, 5, 7), Normal("weight", 6, 2, 3, 3), Normal("bias", 6));
        yield return family.Case("padding=1 groups=6", Normal("input", 2, 6, 7, 18), Normal("weight", 6, 1, 3, 3), Normal("bias", 6));
        yield return family.Case("stride=2 padding=1 groups=5", Normal("input", 1, 5, 9, 35), Normal("weight", 5, 1, 3, 3));
        yield return family.Case("stride=4", Normal("input", 1, 3, 8, 8), Normal("weight", 7, 3, 4, 4), Normal("bias", 7));
        yield return family.Case("stride=3 padding=1", Normal("input", 1, 2, 8, 10), Normal("weight", 3, 2, 3, 2));

        // Another stride, padding or dilation of rows than of columns.
        yield return family.Case("stride=2,1 padding=1,2", Normal("input", 2, 3, 9, 11), Normal("weight", 5, 3, 3, 5), Normal("bias", 5));
        yield return family.Case("stride=1,3 padding=0,1", Normal("input", 1, 4, 5, 17), Normal("weight", 3, 4, 1, 3));
        yield return family.Case("padding=2,1 dilation=2,1", Normal("input", 2, 13, 7, 9), Normal("weight", 14, 13, 3, 3), Normal("bias", 14));
        yield return family.Case("padding=9,0 dilation=9,3", Normal("input", 1, 2, 11, 19), Normal("weight", 3, 2, 3, 3));
        yield return family.Case("stride=1,2 padding=3,1 dilation=3,1 groups=2", Normal("input", 1, 4, 7, 9), Normal("weight", 6, 2, 3, 3), Normal("bias", 6));
        yield return family.Case("stride=2,1 padding=1,0 groups=5", Normal("input", 2, 5, 9, 35), Normal("weight", 5, 1, 3, 1));
        yield return family.ForwardOnly("padding=1", Of(CaseNumbers.OneNaN, "input", 1, 2, 7, 9), Normal("weight", 3, 2, 3, 3));
        yield return family.ForwardOnly("padding=1", Normal("input", 0, 2, 7, 9), Normal("weight", 3, 2, 3, 3));
    }

    private static IEnumerable<OpCase> TransposedConvolutions()
    {
        OpFamily family = new(TransposedConvolution.Row, ErrorClass.Sum, v =>
        {
            ConvShape s = TransposedSize(v);
            double[] y = new double[s.InputLength];
            ConvInputGradientKernel.Reference(s, v["input"], v["weight"], y);
            for (int i = 0; i < y.Length && v.Has("bias"); i++)
            {
                y[i] += v["bias"][i / (s.Height * s.Width) % s.InChannels];
            }

            return [new("output", y)];
        })
        {
            Terms = (v, result) =>
            {
                ConvShape s = TransposedSize(v);
                return result switch
                {
                    "output" => (s.GroupOutChannels * s.KernelSize) + 1,
                    "grad.input" => s.GroupInChannels * s.KernelSize,
                    "grad.bias" => s.Batch * s.Height * s.Width,
                    _ => s.Batch * s.OutHeight * s.OutWidth,
                };
            },
        };
        yield return family.Case("", Normal("input", 1, 1, 1, 1), Normal("weight", 1, 1, 1, 1), Normal("bias", 1));
        yield return family.Case("", Normal("input", 2, 5, 7, 9), Normal("weight", 5, 3, 1, 1), Normal("bias", 3));
        yield return family.Case("stride=2", Normal("input", 2, 6, 5, 7), Normal("weight", 6, 4, 2, 2), Normal("bias", 4));
        yield return family.Case("stride=2 padding=1 output_padding=1", Normal("input", 2, 17, 4, 9), Normal("weight", 17, 13, 3, 3));
        yield return family.Case("stride=4 padding=3", Normal("input", 1, 3, 5, 6), Normal("weight", 3, 5, 7, 7), Normal("bias", 5));
        yield return family.Case("padding=2 dilation=2", Normal("input", 1, 4, 8, 10), Normal("weight", 4, 5, 3, 3));
        yield return family.Case(
            "stride=2,3 padding=0,1 output_padding=1,2 dilation=1,2", Normal("input", 1, 4, 5, 3), Normal("weight", 4, 3, 3, 2), Normal("bias", 3));
        yield return family.Case("stride=2 padding=1 groups=2", Normal("input", 2, 4, 5, 7), Normal("weight", 4, 3, 4, 4), Normal("bias", 6));
        yield return family.Case("stride=2 padding=1 groups=5", Normal("input", 1, 5, 5, 18), Normal("weight", 5, 1, 4, 4), Normal("bias", 5));
        yield return family.ForwardOnly("stride=2", Of(CaseNumbers.OneNaN, "input", 1, 2, 3, 5), Normal("weight", 2, 3, 2, 2));
        yield return family.ForwardOnly("stride=2", Normal("input", 0, 2, 3, 5), Normal("weight", 2, 3, 2, 2));
    }

    private static ConvShape TransposedSize(CaseValues v) =>
        TransposedConvolution.ShapeOf(v.Shape("input"), v.Shape("weight"), v.Attributes<ConvTranspose2dAttributes>());

    private static ConvShape ConvSize(CaseValues v)
    {
        Shape x = v.Shape("input");
        Shape w = v.Shape("weight");
        Conv2dAttributes a = v.Attributes<Conv2dAttributes>();
        return new ConvShape((x[0], x[1], x[2], x[3]), w[0], (w[2], w[3]), a.Stride, a.Padding, a.Dilation, a.Groups);
    }
}
