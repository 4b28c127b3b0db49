using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Distillation.Tests;

public sealed class FrozenTeacherTests
{
    [Fact]
    public void Teacher_stays_as_it_is_through_a_training_step()
    {
        using TinyBatch batch = new();
        using DistillationObjective objective = batch.Objective();
        float[][] before = [.. batch.Teacher.State().Select(e => e.Tensor.ToFloats())];
        using (batch.Device.BeginStep())
        {
            objective.Loss(batch.Student, batch.Images, batch.Labels, Pass.Train(1)).Total.Backward();
            Assert.All(batch.Student.Parameters(), p => Assert.NotNull(p.Grad));
            Assert.All(batch.Teacher.Parameters(), p => Assert.False(p.RequiresGrad));
            Assert.All(batch.Teacher.State(), e => Assert.Null(e.Tensor.Grad));
        }

        Assert.Equal(before, batch.Teacher.State().Select(e => e.Tensor.ToFloats()));
    }

    [Fact]
    public void Teacher_leaves_nothing_on_the_tape()
    {
        using TinyBatch batch = new();
        using DistillationObjective objective = batch.Objective();
        int own = Nodes(batch, pass => batch.Student.Forward(batch.Images, pass));
        int all = Nodes(batch, pass => objective.Loss(batch.Student, batch.Images, batch.Labels, pass));

        // Cross-entropy, KL, two projectors of two operations, HeteroAKD, two sums.
        Assert.Equal(own + 1 + 1 + 4 + 1 + 2, all);
    }

    /// <summary>
    /// Nothing of a frozen teacher asks for a gradient, even where operations are recorded; its projector, which reads its maps, still learns.
    /// </summary>
    [Fact]
    public void Teachers_maps_want_no_gradient()
    {
        using TinyBatch batch = new();
        batch.Teacher.RequireGrad(false);
        using StepScope scope = batch.Device.BeginStep();
        SegmentationOutput output = batch.Teacher.Forward(batch.Images, Pass.Evaluation);
        Assert.All([output.Logits, output.Features[^1], output.HeadFeature], map => Assert.False(map.RequiresGrad));
        Assert.Equal(0, batch.Device.Tape.Count);

        using DistillationObjective objective = batch.Objective();
        objective.Loss(batch.Student, batch.Images, batch.Labels, Pass.Train(1)).Total.Backward();
        Assert.All(objective.HeteroAkd!.Projectors!.Teacher.Parameters(), p => Assert.NotNull(p.Grad));
    }

    [Fact]
    public void Student_without_projectors_is_a_plain_model()
    {
        using TinyBatch batch = new();
        using DistillationObjective objective = batch.Objective();
        using SegmentationModel plain = ModelZoo.Create(batch.Student.Name, TinyBatch.Classes, batch.Device, seed: null);
        Assert.Equal(plain.State().Select(e => (e.Name, e.Tensor.Shape)), batch.Student.State().Select(e => (e.Name, e.Tensor.Shape)));
        Assert.DoesNotContain(objective.HeteroAkd!.Projectors!.Parameters(), batch.Student.Parameters().Contains);
    }

    [Fact]
    public void Classes_must_agree()
    {
        using TinyBatch batch = new();
        using SegmentationModel other = ModelZoo.Create("tiny-cnn-student", TinyBatch.Classes + 1, batch.Device, seed: 1);
        using TaskLoss task = new(batch.Device, TinyBatch.Classes, new TaskLossOptions(TinyBatch.IgnoreIndex));
        string message = Assert.Throws<ShapeMismatchException>(
            () => new DistillationObjective(other, batch.Student, task, new DistillationOptions([], TinyBatch.IgnoreIndex), 1)).Message;
        Assert.Contains("6 classes, the student tiny-cnn-student has 5", message, StringComparison.Ordinal);
    }

    private static int Nodes(TinyBatch batch, Action<Pass> forward)
    {
        using StepScope scope = batch.Device.BeginStep();
        forward(Pass.Train(1));
        return batch.Device.Tape.Count;
    }
}
