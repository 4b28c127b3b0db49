using System.Reflection;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Tests.Ops;

/// <summary>Whatever the table of operations holds can be called as a function of its name.</summary>
public sealed class FunctionalTests
{
    // Rows that no network and no loss is made of, with the reason.
    private static readonly Dictionary<OpRow, string> s_notFunctions = new()
    {
        [AdamWStep.Row] = "an optimiser's update, which PyTorch has in torch.optim",
        [SgdStep.Row] = "as adamw_step",
    };

    [Fact]
    public void Every_row_has_a_function_of_its_name()
    {
        ILookup<string, MethodInfo> functions = typeof(Functional)
            .GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly).ToLookup(m => m.Name, StringComparer.OrdinalIgnoreCase);
        foreach (OpRow row in OpTable.All.Except(s_notFunctions.Keys))
        {
            int needed = row.Inputs.Count(i => !i.Optional);
            Assert.True(
                functions[row.Name.Replace("_", "", StringComparison.Ordinal)].Any(f => f.ReturnType == typeof(Tensor) && Tensors(f) >= needed),
                $"{nameof(Functional)} has no function for '{row.Name}' that takes {needed} tensors");
        }
    }

    [Fact]
    public void Functions_run_the_row_of_their_name()
    {
        using Device cpu = Device.Open("cpu", 1);
        using StepScope step = cpu.BeginStep();
        Tensor x = Tensor.Full(cpu, new Shape(1, 2, 2, 2), 0.5f);
        Tensor labels = Tensor.From(cpu, new Shape(1, 2, 2), [0, 1, 1, 0]);
        using GraphTrace trace = new(cpu);
        Functional.Tanh(x);
        Functional.Exp(x);
        Functional.Log(x);
        Functional.Sqrt(x);
        Functional.Abs(x);
        Functional.Square(x);
        Functional.Reciprocal(x);
        Functional.Softmax(x, 1);
        Functional.LogSoftmax(x, -1);
        Functional.Sub(x, x);
        Functional.Mul(x, x);
        Functional.Div(x, x);
        Functional.ScaleShift(x, 2, 3);
        Functional.Sum(x, 1);
        Functional.Mean(x, [2, 3]);
        Functional.Max(x);
        Functional.MatMul(Functional.Reshape(x, new Shape(4, 2)), Functional.Reshape(x, new Shape(2, 4)));
        Functional.AddWindow(x, x, default);
        Functional.CrossEntropy(x, labels, ignoreIndex: 1, labelSmoothing: 0.25f, alignCorners: true);
        Functional.KdLoss(x, x, labels);
        Functional.HeteroAkdLoss(x, x, labels);
        Functional.PseudoLabels(x, labels, 0.75f, unlabelled: 1, alignCorners: true);
        Functional.OneHot(x, labels, 3);
        Functional.SoftmaxKl(x, x, tau: 2);
        Functional.PearsonCorrcoef(x, x, perChannel: true);
        Functional.Cdist(Functional.Reshape(x, new Shape(1, 4, 2)), Functional.Reshape(x, new Shape(1, 4, 2)));
        Functional.SamplePixels(Functional.Reshape(x, new Shape(1, 4, 2)), Functional.Reshape(x, new Shape(1, 2, 4)));
        Functional.MemoryBank(Functional.Reshape(x, new Shape(2, 2, 2)), x, Functional.Sum(x, 3), samples: 2);
        Functional.ConvTranspose2d(x, Functional.Reshape(x, new Shape(2, 1, 2, 2)), stride: new Size2d(2, 3), outputPadding: new Size2d(0, 1));
        Functional.GroupNorm(x, 2, Functional.Sum(x, [0, 2, 3]), Functional.Sum(x, [0, 2, 3]));
        Functional.Permute(x, 0, 2, 3, 1);
        Functional.Slice(x, -1, 1);
        Functional.Pad(x, 1, 2, 3, 4, 5);
        Functional.Hardswish(x);
        Functional.Interpolate(x, 3, 4, InterpolateMode.NearestExact);
        string[] expected =
        [
            "tanh", "exp", "log", "sqrt", "abs", "square", "reciprocal", "softmax", "log_softmax", "sub", "mul", "div", "scale_shift", "sum", "mean", "max",
            "reshape", "reshape", "matmul", "add_window", "cross_entropy", "kd_loss", "heteroakd_loss", "pseudo_labels", "one_hot", "softmax_kl",
            "pearson_corrcoef", "reshape", "reshape", "cdist", "reshape", "reshape", "sample_pixels", "reshape", "sum", "memory_bank",
            "reshape", "conv_transpose2d", "sum", "sum", "group_norm", "permute", "slice", "pad", "hardswish", "interpolate",
        ];
        Assert.Equal(expected, trace.Operations.Select(o => o.Row.Name));
        Assert.Equal(
            new ConvTranspose2dAttributes(new Size2d(2, 3), 0, new Size2d(0, 1), 1),
            trace.Operations.Single(o => o.Row == TransposedConvolution.Row).Attributes);
        Assert.Equal(new PadAttributes(1, 2, 3, 4, 5), trace.Operations.Single(o => o.Row == Slicing.Pad).Attributes);
        Assert.Equal(
            new InterpolateAttributes(3, 4, AlignCorners: false, InterpolateMode.NearestExact),
            trace.Operations.Single(o => o.Row == Resampling.Interpolate).Attributes);
        Assert.Equal(new CrossEntropyAttributes(1, 0.25f, true), trace.Operations.Single(o => o.Row == Losses.CrossEntropy).Attributes);
        Assert.Equal(new KdAttributes(), trace.Operations.Single(o => o.Row == Losses.Kd).Attributes);
        Assert.Equal(new HeteroAkdAttributes(), trace.Operations.Single(o => o.Row == HeteroAkd.Row).Attributes);
        Assert.Equal(new PseudoLabelsAttributes(0.75f, 1, true), trace.Operations.Single(o => o.Row == PseudoLabels.Row).Attributes);
        Assert.Equal(new ReductionAttributes(Dims.Of(2, 3)), trace.Operations.Single(o => o.Row == Reduction.Mean).Attributes);
    }

    private static int Tensors(MethodInfo function) => function.GetParameters().Count(p => p.ParameterType == typeof(Tensor));
}
