using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Tests.Ops;

/// <summary>What the losses keep and what they do where nothing counts.</summary>
public sealed class LossTests : IDisposable
{
    private static readonly Shape Logits = new(1, 3, 2, 2);

    private readonly Device _cpu = Device.Open("cpu", 1);
    private readonly StepScope _step;

    public LossTests() => _step = _cpu.BeginStep();

    public void Dispose()
    {
        _step.Dispose();
        _cpu.Dispose();
    }

    [Theory]
    [InlineData("cross_entropy")]
    [InlineData("kd_loss")]
    [InlineData("heteroakd_loss")]
    public void Without_a_labelled_pixel_there_is_no_loss_and_no_gradient(string op)
    {
        OpRow row = OpTable.Find(op);
        Tensor[] inputs = [.. row.Inputs.TakeWhile(i => i.Name != "weight").Select(i => i.Integer ? Labels(-100) : Random(i.Name.Length, wanted: i.Name == "input"))];
        Tensor loss = row.Invoke(new Dictionary<string, string>(), inputs)[0].Value;
        Assert.Equal(0, loss.Item());
        loss.Backward();
        Assert.All(inputs[0].Grad!.ToFloats(), g => Assert.Equal(0, g));
    }

    [Fact]
    public void New_attributes_have_the_documented_defaults()
    {
        Assert.Equal(new CrossEntropyAttributes(IgnoreIndex: -100, LabelSmoothing: 0, AlignCorners: false), new CrossEntropyAttributes());
        Assert.Equal(new KdAttributes(Tau: 1, IgnoreIndex: -100), new KdAttributes());
        Assert.Equal(1, new HeteroAkdAttributes().Tau);
        Assert.True(new HeteroAkdAttributes().Detach);
        Assert.Equal(-100, new HeteroAkdAttributes().IgnoreIndex);
    }

    [Fact]
    public void The_upstream_gradient_scales_what_the_forward_pass_computed()
    {
        Tensor x = Random(1, wanted: true);
        Losses.CrossEntropy.Apply(new CrossEntropyAttributes(), x, Labels(1)).Backward();
        float[] once = x.Grad!.ToFloats();
        x.ZeroGrad();
        Tensor loss = Losses.CrossEntropy.Apply(new CrossEntropyAttributes(), x, Labels(1));
        _cpu.Tape.Backward(loss, Tensor.Full(_cpu, new Shape(1), -4));
        Assert.Equal(once.Select(g => -4 * g), x.Grad!.ToFloats());
    }

    [Fact]
    public void A_frozen_teacher_costs_no_gradient_memory()
    {
        OpNode<HeteroAkdAttributes> frozen = HeteroAkd.Row.Run(new HeteroAkdAttributes(), Random(1, wanted: true), Random(2, wanted: false), Labels(1));
        Assert.NotNull(frozen.Extra(0));
        Assert.Null(frozen.Extra(2));
        OpNode<HeteroAkdAttributes> trained = HeteroAkd.Row.Run(new HeteroAkdAttributes(), Random(1, wanted: true), Random(2, wanted: true), Labels(1));
        Assert.NotNull(trained.Extra(2));
    }

    [Fact]
    public void An_evaluation_keeps_no_gradient()
    {
        using NoGrad evaluation = new();
        Assert.Null(Losses.CrossEntropy.Run(new CrossEntropyAttributes(), Random(1, wanted: true), Labels(1)).Extra(0));
        Assert.Null(HeteroAkd.Row.Run(new HeteroAkdAttributes(), Random(1, wanted: true), Random(2, wanted: true), Labels(1)).Extra(0));
        Assert.Equal(0, _cpu.Tape.Count);
    }

    private Tensor Labels(int label) => Tensor.From(_cpu, new Shape(1, 2, 2), [label, label, label, label]);

    private Tensor Random(int seed, bool wanted)
    {
        Random random = new(seed);
        float[] values = [.. Enumerable.Range(0, Logits.Count).Select(_ => (random.NextSingle() * 4) - 2)];
        Tensor tensor = Tensor.From(_cpu, Logits, values);
        tensor.RequiresGrad = wanted;
        return tensor;
    }
}
