using HeteroAKD.Distillation.Terms;
using HeteroAKD.Kernels.Losses;
using HeteroAKD.Nn;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Distillation.Tests;

public sealed class OptionTests
{
    /// <summary>Every combination of the readings of the paper, on projectors with a ReLU and without by turns.</summary>
    [Fact]
    public void Every_combination_trains_the_right_projectors()
    {
        using TinyBatch batch = new();
        int run = 0;
        foreach (HeteroAkdTermOptions options in Combinations())
        {
            using DistillationObjective objective = batch.Objective(heteroAkd: options with { ProjectorRelu = run++ % 2 == 0 });
            using StepScope scope = batch.Device.BeginStep();
            ObjectiveResult result = objective.Loss(batch.Student, batch.Images, batch.Labels, Pass.Train(run));
            result.Total.Backward();
            Assert.True(double.IsFinite(result.Total.Item()), $"{options}: loss {result.Total.Item()}");
            Assert.All(result.Terms, term => Assert.True(double.IsFinite(term.Read()), $"{options}: {term.Name} {term.Read()}"));

            bool teacherLearns = !options.Detach || options.Supervision != ProjectorSupervision.None;
            AssertGradients(objective.HeteroAkd!.Projectors!.Student.Parameters(), wanted: true, options);
            AssertGradients(objective.HeteroAkd.Projectors.Teacher.Parameters(), teacherLearns, options);
            AssertGradients(batch.Student.Parameters(), wanted: true, options);
            foreach (Tensor parameter in batch.Student.Parameters())
            {
                parameter.ZeroGrad();
            }
        }
    }

    /// <summary>Eq. 11 with the supervision: the total is the sum of its terms by their weights.</summary>
    [Theory]
    [InlineData(0.1, 1, 1, LossUnit.Pixel)]
    [InlineData(0, 3, 0.5, LossUnit.Pixel)]
    [InlineData(2, 0, 1, LossUnit.Pixel)]
    [InlineData(2, 5, 0, LossUnit.Element)]
    public void Weights_enter_as_equation_11_says(double lambda1, float lambda2, float supervision, LossUnit unit)
    {
        using TinyBatch batch = new();
        using DistillationObjective objective = batch.Objective(
            lambda1, new HeteroAkdTermOptions { SupervisionWeight = supervision, Reduction = unit }, lambda2);
        using StepScope scope = batch.Device.BeginStep();
        ObjectiveResult result = objective.Loss(batch.Student, batch.Images, batch.Labels, Pass.Train(1));
        double Term(string name) => result.Terms.Single(t => t.Name == name).Read();
        double expected = Term("ce") + (lambda1 * Term("kd")) + (lambda2 * Term("hakd")) + (
            supervision * (Term("projector_teacher") + Term("projector_student")));
        Assert.Equal(expected, result.Total.Item(), 2e-6 * expected);
        Assert.Equal(objective.TermNames, result.Terms.Select(t => t.Name));
    }

    [Fact]
    public void Mean_over_elements_is_the_mean_over_pixels_by_the_classes()
    {
        using TinyBatch batch = new();
        double Hakd(LossUnit unit)
        {
            using DistillationObjective objective = batch.Objective(heteroAkd: new HeteroAkdTermOptions { Reduction = unit });
            using StepScope scope = batch.Device.BeginStep();
            return objective.Loss(batch.Student, batch.Images, batch.Labels, Pass.Train(1)).Terms.Single(t => t.Name == "hakd").Read();
        }

        double pixel = Hakd(LossUnit.Pixel);
        Assert.Equal(pixel / TinyBatch.Classes, Hakd(LossUnit.Element), 1e-6 * pixel);
    }

    [Fact]
    public void Plain_distillation_has_no_projectors()
    {
        using TinyBatch batch = new();
        using DistillationObjective objective = batch.Objective(new WeightedTerm("kd", new KdTermOptions { Tau = 4 }, 3));
        using StepScope scope = batch.Device.BeginStep();
        ObjectiveResult result = objective.Loss(batch.Student, batch.Images, batch.Labels, Pass.Train(1));
        Assert.Null(objective.Auxiliary);
        Assert.Equal(["ce", "pixel_accuracy", "kd"], result.Terms.Select(t => t.Name));
        Assert.Equal(result.Terms[0].Read() + (3 * result.Terms[2].Read()), result.Total.Item(), 1e-5);
    }

    private static IEnumerable<HeteroAkdTermOptions> Combinations() =>
        from axis in Enum.GetValues<WeightAxis>()
        from form in Enum.GetValues<DistillationForm>()
        from reliability in Enum.GetValues<Reliability>()
        from detach in (bool[])[true, false]
        from supervision in Enum.GetValues<ProjectorSupervision>()
        from grid in Enum.GetValues<WorkingGrid>()
        from tau in (double[])[1, 4]
        from scaleTau2 in (bool[])[false, true]
        from unit in Enum.GetValues<LossUnit>()
        select new HeteroAkdTermOptions
        {
            WeightAxis = axis,
            Form = form,
            Tau = tau,
            ScaleTau2 = scaleTau2,
            Reliability = reliability,
            Detach = detach,
            Supervision = supervision,
            Grid = grid,
            Reduction = unit,
        };

    // Every entry is finite, and some are not 0 exactly where the module is to learn.
    private static void AssertGradients(IReadOnlyList<Tensor> parameters, bool wanted, HeteroAkdTermOptions options)
    {
        foreach (Tensor parameter in parameters)
        {
            float[] gradient = parameter.Grad?.ToFloats() ?? [];
            Assert.True(gradient.All(float.IsFinite), $"{options}: gradient of {parameter.Name}");
        }

        Assert.True(
            parameters.Any(p => p.Grad is { } g && g.ToFloats().Any(v => v != 0)) == wanted,
            $"{options}: {parameters[0].Name} {(wanted ? "learns nothing" : "is moved")}");
    }
}
