using HeteroAKD.Distillation.Terms;
using HeteroAKD.Nn;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Distillation.Tests;

/// <summary>What distillation must move does move: on one batch, by plain gradient descent.</summary>
public sealed class LearningTests
{
    private const int Steps = 60;

    [Fact]
    public void Loss_of_heteroakd_and_divergence_from_the_teacher_fall()
    {
        using TinyBatch batch = new();
        Teach(batch);
        using DistillationObjective objective = batch.Objective(lambda1: 1);
        Dictionary<string, double>[] terms = Descend(batch, objective, rate: 0.05, projectorRate: 0.5);
        foreach (string name in (string[])["hakd", "kd", "kl_hybrid", "ce"])
        {
            double before = terms[0][name];
            double after = terms[^1][name];
            Assert.True(after < 0.8 * before, $"{name}: {before:G4} before, {after:G4} after {Steps} steps");
        }
    }

    [Fact]
    public void Without_the_term_the_divergence_stays_larger()
    {
        double Divergence(double lambda1)
        {
            using TinyBatch batch = new();
            Teach(batch);
            using DistillationObjective objective = batch.Objective(lambda1, new HeteroAkdTermOptions { SupervisionWeight = 0 }, lambda2: 0);
            return Descend(batch, objective, rate: 0.05, projectorRate: 0.05)[^1]["kd"];
        }

        double distilled = Divergence(lambda1: 5);
        double alone = Divergence(lambda1: 0);
        Assert.True(distilled < 0.5 * alone, $"KL to the teacher {distilled:G4} with KD, {alone:G4} without");
    }

    // A teacher that knows something: what it says and what the labels say then mostly agree.
    private static void Teach(TinyBatch batch)
    {
        using TaskLoss task = new(batch.Device, TinyBatch.Classes, new TaskLossOptions(TinyBatch.IgnoreIndex));
        for (int step = 0; step < Steps; step++)
        {
            using StepScope scope = batch.Device.BeginStep();
            task.Loss(batch.Teacher, batch.Images, batch.Labels, Pass.Train(step)).Total.Backward();
            Update(batch.Teacher, rate: 0.05);
        }
    }

    private static Dictionary<string, double>[] Descend(TinyBatch batch, DistillationObjective objective, double rate, double projectorRate)
    {
        List<Dictionary<string, double>> terms = [];
        for (int step = 0; step < Steps; step++)
        {
            using StepScope scope = batch.Device.BeginStep();
            ObjectiveResult result = objective.Loss(batch.Student, batch.Images, batch.Labels, Pass.Train(step));
            terms.Add(result.Terms.ToDictionary(t => t.Name, t => t.Read()));
            result.Total.Backward();
            Update(batch.Student, rate);
            Update(objective.Auxiliary!, projectorRate);
        }

        return [.. terms];
    }

    private static void Update(Module module, double rate)
    {
        foreach (Tensor parameter in module.Parameters())
        {
            Accumulate.Run(parameter.Grad!, parameter, (float)-rate);
            parameter.ZeroGrad();
        }
    }
}
