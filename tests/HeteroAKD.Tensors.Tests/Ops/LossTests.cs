using HeteroAKD.Kernels.Losses;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Tests.Ops;

/// <summary>What the losses keep and what they do where nothing counts.</summary>
public sealed class LossTests : IDisposable
{
    private static readonly Shape s_logits = new(1, 3, 2, 2);

    // [3 classes, 4 pixels]
    private static readonly float[] s_studentLogits = [1, 0, 2, 0.5f, 3, 0, 1, 1, -1, 0, 0.5f, 2];
    private static readonly float[] s_teacherLogits = [0, 1, 2, -1, 0.5f, 3, 1, 2, 2, 0, 0, 1];

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
        Tensor[] inputs =
        [
            .. row.Inputs.TakeWhile(i => i.Name != "weight").Select(i => i.Integer ? Labels(-100) : Random(i.Name.Length, wanted: i.Name == "input"))
        ];
        Tensor loss = row.Invoke(new Dictionary<string, string>(), inputs)[0].Value;
        Assert.Equal(0, loss.Item());
        loss.Backward();
        Assert.All(inputs[0].Grad!.ToFloats(), g => Assert.Equal(0, g));
    }

    [Fact]
    public void New_attributes_have_the_documented_defaults()
    {
        Assert.Equal(new CrossEntropyAttributes(IgnoreIndex: -100, LabelSmoothing: 0, AlignCorners: false), new CrossEntropyAttributes());
        Assert.Equal(
            new KdAttributes(
                Tau: 1, IgnoreIndex: -100, DistilledPixels.All, PixelWeighting.None, TargetLogits.Teacher, UnlabelledPixels.Skip), new KdAttributes());
        Assert.Equal(1, new HeteroAkdAttributes().Tau);
        Assert.True(new HeteroAkdAttributes().Detach);
        Assert.Equal(-100, new HeteroAkdAttributes().IgnoreIndex);
        Assert.True(new HeteroAkdAttributes().Mixing);
        Assert.True(new HeteroAkdAttributes().Weighting);
    }

    [Theory]
    [InlineData(WeightAxis.Class)]
    [InlineData(WeightAxis.Spatial)]
    public void Without_a_labelled_pixel_class_weights_give_no_loss_either(WeightAxis axis)
    {
        Tensor student = Random(1, wanted: true);
        HeteroAkdAttributes attributes = new(Axis: axis, Detach: false, WeightScale: WeightScale.Classes);
        Tensor loss = HeteroAkd.Row.Apply(attributes, student, Random(2, wanted: false), Labels(-100), Weights(0.5f, 2, 3));
        Assert.Equal(0, loss.Item());
        loss.Backward();
        Assert.All(student.Grad!.ToFloats(), g => Assert.Equal(0, g));
    }

    [Fact]
    public void Where_the_only_class_weighs_nothing_the_supervision_is_left()
    {
        OpNode<HeteroAkdAttributes> node = HeteroAkd.Row.Run(
            new HeteroAkdAttributes(), Random(1, wanted: true), Random(2, wanted: true), Labels(1), Weights(1, 0, 1));
        float[] result = node.Extra(1)!.ToFloats();
        Assert.Equal(0, result[HeteroAkd.FirstResult]);
        Assert.Equal(result[HeteroAkd.FirstResult + 1] + result[HeteroAkd.FirstResult + 2], result[0], 1e-6f);
        Assert.True(result[0] > 0);
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

    [Theory]
    [InlineData("mixing=false")]
    [InlineData("weighting=false")]
    [InlineData("weight_scale=classes")]
    [InlineData("weight_scale=classes axis=spatial")]
    [InlineData("mixing=false weighting=false axis=spatial grid=label")]
    public void Maps_are_those_of_the_options(string settings)
    {
        HeteroAkdAttributes attributes = AttributeText.Parse<HeteroAkdAttributes>(
            HeteroAkd.Row.Name, settings.Split(' ').ToDictionary(s => s.Split('=')[0], s => s.Split('=')[1]));
        Tensor student = Random(1, wanted: false);
        Tensor teacher = Random(2, wanted: false);
        int[] labels = [0, -100, 2, 1];
        KnowledgeMaps maps = HeteroAkd.Maps(student, teacher, Tensor.From(_cpu, new Shape(1, 2, 2), labels), attributes);
        double[] Doubles(Tensor tensor) => Array.ConvertAll(tensor.ToFloats(), v => (double)v);
        HeteroAkdReference reference = new(Doubles(student), Doubles(teacher), labels, 3, 4, attributes.Options);
        foreach ((double[] expected, Tensor found)
            in new[] { (reference.Share, maps.Share), (reference.Weights, maps.Weight), (reference.Discrepancy, maps.Discrepancy) })
        {
            Assert.All(expected.Zip(Doubles(found)), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
        }
    }

    private Tensor Weights(params float[] weights) => Tensor.From(_cpu, new Shape(weights.Length), weights);

    [Theory]
    [InlineData("where=teacher_right")]
    [InlineData("where=teacher_right_nearby")]
    [InlineData("pixel_weight=confidence")]
    [InlineData("target_logits=mixed")]
    [InlineData("target_logits=corrected")]
    [InlineData("where=teacher_right_nearby pixel_weight=confidence target_logits=mixed")]
    public void What_distillation_finds_at_an_ignored_pixel_leaves_no_trace(string settings)
    {
        int[] labels = [2, -100, 0, 1];
        (double Loss, float[] Gradient) whole = Kd(settings, s_studentLogits, s_teacherLogits, labels);
        (double Loss, float[] Gradient) broken = Kd(settings, Broken(s_studentLogits), Broken(s_teacherLogits), labels);
        Assert.True(double.IsFinite(whole.Loss) && whole.Loss > 0, $"the loss is {whole.Loss}");
        Assert.Equal(whole.Loss, broken.Loss);
        Assert.Equal(whole.Gradient, broken.Gradient);
        Assert.Equal(0, broken.Gradient[1]);

        static float[] Broken(float[] logits) => [.. logits.Select((z, i) => i % 4 == 1 ? float.NaN : z)];
    }

    [Fact]
    public void Distillation_where_the_teacher_is_right_is_that_with_the_other_labels_ignored()
    {
        // The teacher says 2, 1, 0, 1.
        Assert.Equal(
            Kd("", s_studentLogits, s_teacherLogits, [2, -100, -100, 1]), Kd("where=teacher_right", s_studentLogits, s_teacherLogits, [2, 0, 1, 1]), SameBits);
        Assert.Equal(
            Kd("", s_studentLogits, s_teacherLogits, [2, 0, 1, 1]), Kd("where=teacher_right_nearby", s_studentLogits, s_teacherLogits, [2, 0, 1, 1]), SameBits);
        Assert.Equal(0, Kd("where=teacher_right_nearby", s_studentLogits, s_teacherLogits, [2, 0, 1, 0]).Loss);
    }

    [Fact]
    public void Unlabelled_pixels_that_stay_make_the_loss_of_all_pixels()
    {
        (double Loss, float[] Gradient) all = Kd("", s_studentLogits, s_teacherLogits, labels: null);
        Assert.Equal(all, Kd("unlabelled=keep", s_studentLogits, s_teacherLogits, [2, -100, 7, 1]), SameBits);
        Assert.Equal(all, Kd("unlabelled=keep target_logits=mixed", s_studentLogits, s_teacherLogits, [-100, -100, 7, -1]), SameBits);
        Assert.Equal(all, Kd("unlabelled=keep target_logits=corrected", s_studentLogits, s_teacherLogits, [2, -100, 0, 1]), SameBits);
        Assert.NotEqual(all.Loss, Kd("", s_studentLogits, s_teacherLogits, [2, -100, 7, 1]).Loss);
    }

    [Fact]
    public void Choices_are_spelled_as_in_PyTorch_or_as_in_a_configuration() =>
        Assert.Equal(
            Kd(
                "where=teacher_right_nearby",
                s_studentLogits,
                s_teacherLogits,
                [2, 0, 0, 1]), Kd("where=teacherRightNearby", s_studentLogits, s_teacherLogits, [2, 0, 0, 1]), SameBits);

    private static bool SameBits((double Loss, float[] Gradient) a, (double Loss, float[] Gradient) b) =>
        a.Loss.Equals(b.Loss) && a.Gradient.AsSpan().SequenceEqual(b.Gradient);

    private (double Loss, float[] Gradient) Kd(string settings, float[] student, float[] teacher, int[]? labels)
    {
        Dictionary<string, string> attributes = settings.Split(
            ' ', StringSplitOptions.RemoveEmptyEntries).ToDictionary(s => s.Split('=')[0], s => s.Split('=')[1]);
        Tensor input = Tensor.From(_cpu, s_logits, student);
        input.RequiresGrad = true;
        Tensor? target = labels is null ? null : Tensor.From(_cpu, new Shape(1, 2, 2), labels);
        Tensor loss = Losses.Kd.Invoke(attributes, [input, Tensor.From(_cpu, s_logits, teacher), target])[0].Value;
        loss.Backward();
        return (loss.Item(), input.Grad!.ToFloats());
    }

    private Tensor Labels(int label) => Tensor.From(_cpu, new Shape(1, 2, 2), [label, label, label, label]);

    private Tensor Random(int seed, bool wanted)
    {
        Random random = new(seed);
        float[] values = [.. Enumerable.Range(0, s_logits.Count).Select(_ => (random.NextSingle() * 4) - 2)];
        Tensor tensor = Tensor.From(_cpu, s_logits, values);
        tensor.RequiresGrad = wanted;
        return tensor;
    }
}
