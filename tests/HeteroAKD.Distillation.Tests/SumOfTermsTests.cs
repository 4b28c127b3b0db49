using HeteroAKD.Distillation.Terms;
using HeteroAKD.Kernels.Losses;
using HeteroAKD.Nn;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Distillation.Tests;

/// <summary>What holds for a sum of terms, whatever they are.</summary>
public sealed class SumOfTermsTests
{
    public static TheoryData<string> Names => [.. TermSet.Names];

    /// <summary>A term's values have the names it announces, its own modules learn, and so does the student.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Term_reports_its_values_and_moves_the_student(string name)
    {
        using TinyBatch batch = new(side: TinyBatch.SideFor(name));
        using DistillationObjective objective = batch.Objective(new WeightedTerm(name, TinyBatch.Options(name), 1));
        using StepScope scope = batch.Device.BeginStep();
        ObjectiveResult result = objective.Loss(batch.Student, batch.Images, batch.Labels, Pass.Train(1));
        Assert.Equal(["ce", "pixel_accuracy", .. objective.Terms[0].ValueNames], result.Terms.Select(t => t.Name));
        Assert.All(result.Terms, t => Assert.True(double.IsFinite(t.Read()), t.Name));
        Assert.True(result.Terms[2].Read() > 0, name);

        result.Total.Backward();
        Assert.Contains(batch.Student.Parameters(), p => p.Grad!.ToFloats().Any(v => v != 0));

        // An opponent begins with gates that are closed and losses that cancel: some of it moves.
        Tensor[] opposing = [.. objective.Opponents.SelectMany(o => o.Module.Parameters())];
        Assert.All(objective.Auxiliary?.Parameters().Except(opposing) ?? [], p => Assert.Contains(p.Grad!.ToFloats(), v => v != 0));
        Assert.All(objective.Opponents, o => Assert.Contains(o.Module.Parameters(), p => p.Grad!.ToFloats().Any(v => v != 0)));
    }

    /// <summary>A term's weight is its share of the sum; twice the weight, twice the share.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Weight_scales_a_terms_share(string name)
    {
        double Share(double weight)
        {
            using TinyBatch batch = new(side: TinyBatch.SideFor(name));
            TermOptions options = TinyBatch.Options(name) is HeteroAkdTermOptions h ? h with { SupervisionWeight = 0 } : TinyBatch.Options(name);
            using DistillationObjective objective = batch.Objective(new WeightedTerm(name, options, weight));
            using StepScope scope = batch.Device.BeginStep();
            ObjectiveResult result = objective.Loss(batch.Student, batch.Images, batch.Labels, Pass.Train(1));
            return result.Total.Item() - result.Terms[0].Read();
        }

        double one = Share(1);
        Assert.True(one > 0, $"{name} adds {one}");
        Assert.Equal(2 * one, Share(2), 1e-4 * one);
    }

    /// <summary>Every kind of map can be projected, in both directions between CNN and Transformer.</summary>
    [Theory]
    [InlineData(ProjectedFeatures.Encoder, 1, "tiny-mit-student", "tiny-cnn-student")]
    [InlineData(ProjectedFeatures.Classifier, 1, "tiny-cnn-student", "tiny-mit-student")]
    [InlineData(ProjectedFeatures.All, 3, "tiny-mit-student", "tiny-cnn-student")]
    public void Features_are_projected_where_asked(ProjectedFeatures features, int pairs, string teacher, string student)
    {
        using TinyBatch batch = new(teacher, student);
        using DistillationObjective objective = batch.Objective(heteroAkd: new HeteroAkdTermOptions { Features = features });
        using StepScope scope = batch.Device.BeginStep();
        ObjectiveResult result = objective.Loss(batch.Student, batch.Images, batch.Labels, Pass.Train(1));
        result.Total.Backward();
        Assert.Equal(2 * pairs * 3, objective.Auxiliary!.Parameters().Count);
        Assert.All(objective.Auxiliary.Parameters(), p => Assert.Contains(p.Grad!.ToFloats(), v => v != 0));
    }

    /// <summary>KMM and KEM on the networks' own logits need no projector and no supervision.</summary>
    [Fact]
    public void Own_logits_need_no_projectors()
    {
        using TinyBatch batch = new();
        using DistillationObjective objective = batch.Objective(heteroAkd: new HeteroAkdTermOptions { Source = KnowledgeSource.Logits });
        Assert.Null(objective.Auxiliary);
        Assert.Equal(TermReads.Labels | TermReads.Logits, objective.HeteroAkd!.Reads);
        using StepScope scope = batch.Device.BeginStep();
        objective.Loss(batch.Student, batch.Images, batch.Labels, Pass.Train(1)).Total.Backward();
        Assert.Contains(batch.Student.Parameters(), p => p.Grad!.ToFloats().Any(v => v != 0));
    }

    /// <summary>Warm-up trains the teacher's projector alone and lowers its loss.</summary>
    [Fact]
    public void Warm_up_teaches_the_teachers_projector()
    {
        using TinyBatch batch = new();
        using DistillationObjective objective = batch.Objective(heteroAkd: new HeteroAkdTermOptions { ProjectorWarmup = 30 });
        WarmUp warmUp = objective.WarmUp!;
        float[][] student = [.. objective.HeteroAkd!.Projectors!.Student.Parameters().Select(p => p.ToFloats())];
        List<double> losses = [];
        for (int step = 0; step < warmUp.Steps; step++)
        {
            using StepScope scope = batch.Device.BeginStep();
            Tensor loss = warmUp.Loss(batch.Images, batch.Labels, Pass.Train(step));
            losses.Add(loss.Item());
            loss.Backward();
            foreach (Tensor parameter in warmUp.Module.Parameters())
            {
                Accumulate.Run(parameter.Grad!, parameter, -0.5f);
                parameter.ZeroGrad();
            }
        }

        Assert.True(losses[^1] < 0.8 * losses[0], $"{losses[0]:G4} before, {losses[^1]:G4} after");
        Assert.Equal(student, objective.HeteroAkd.Projectors.Student.Parameters().Select(p => p.ToFloats()));
    }

    /// <summary>Each control of plain KD gives another loss of the same networks, and only those that read labels say so.</summary>
    [Fact]
    public void Controls_of_plain_kd_differ()
    {
        using TinyBatch batch = new();
        KdTermOptions[] options =
        [
            new(), new() { Where = DistilledPixels.TeacherRight }, new() { Where = DistilledPixels.TeacherRightNearby },
            new() { PixelWeight = PixelWeighting.Confidence },
            new() { Target = TargetLogits.Mixed }, new() { Target = TargetLogits.Corrected },
        ];
        HashSet<double> losses = [];
        foreach (KdTermOptions o in options)
        {
            using DistillationObjective objective = batch.Objective(new WeightedTerm("kd", o, 1));
            using StepScope scope = batch.Device.BeginStep();
            losses.Add(objective.Loss(batch.Student, batch.Images, batch.Labels, Pass.Train(1)).Terms[2].Read());
            Assert.Equal(o.Where != DistilledPixels.All || o.Target != TargetLogits.Teacher, objective.Terms[0].Reads.HasFlag(TermReads.Labels));
        }

        Assert.Equal(options.Length, losses.Count);
    }

    [Fact]
    public void Strength_falls_over_the_last_part_alone()
    {
        Assert.Equal([1, 1, 1], new[] { 0, 37, 75 }.Select(step => TermStrength.At(step, 100, 0.2, 0.25)));
        Assert.Equal(0.6, TermStrength.At(87, 100, 0.2, 0.25), 1e-12);
        Assert.Equal(0.2, TermStrength.At(99, 100, 0.2, 0.25), 1e-12);
        Assert.Equal(0.5, TermStrength.At(99, 100, 0.5, 1), 1e-12);
        Assert.Equal(1, TermStrength.At(0, 1, 0.5, 0.25), 1e-12);

        // A part of less than a step is the last step.
        Assert.Equal([1, 1, 0.5], new[] { 0, 98, 99 }.Select(step => TermStrength.At(step, 100, 0.5, 0.001)));
    }

    /// <summary>A strength of ½ halves what the terms add, and leaves the task loss alone.</summary>
    [Fact]
    public void Strength_scales_the_terms()
    {
        using TinyBatch batch = new();
        TaskLoss task = new(batch.Device, TinyBatch.Classes, new TaskLossOptions(TinyBatch.IgnoreIndex));
        WeightedTerm kd = new("kd", new KdTermOptions(), 2);
        using DistillationObjective objective = new(
            batch.Teacher, batch.Student, task, new DistillationOptions([kd], TinyBatch.IgnoreIndex) { Decay = 0.5, DecayFraction = 1 }, 1);
        IObjective asObjective = objective;
        asObjective.BeginStep(99, 100);
        using StepScope scope = batch.Device.BeginStep();
        ObjectiveResult result = objective.Loss(batch.Student, batch.Images, batch.Labels, Pass.Train(1));
        Assert.Equal(result.Terms[0].Read() + result.Terms[2].Read(), result.Total.Item(), 1e-5);
    }

    /// <summary>The teacher sees its own normalisation of the same images.</summary>
    [Fact]
    public void Teacher_gets_its_own_normalization()
    {
        using TinyBatch batch = new();
        Normalization student = new([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
        Normalization teacher = new([0.5, 0.4, 0.3], [0.5, 1, 0.25]);
        using InputAdapter adapter = new(batch.Device, student, teacher);
        float[] before = batch.Images.ToFloats();
        using StepScope scope = batch.Device.BeginStep();
        float[] after = adapter.Apply(batch.Images).ToFloats();
        int plane = before.Length / 6;
        for (int i = 0; i < before.Length; i++)
        {
            int c = i / plane % 3;
            double value = (before[i] * student.Std[c]) + student.Mean[c];
            Assert.Equal((value - teacher.Mean[c]) / teacher.Std[c], after[i], 1e-5);
        }
    }

    [Fact]
    public void Recipes_name_their_terms_and_own_weights_win()
    {
        TermSet terms = new();
        Assert.Empty(Recipes.Resolve(Recipes.None, new PaperWeights(2, 1), terms));
        Assert.Equal([("kd", 2.0)], Recipes.Resolve(Recipes.Kd, new PaperWeights(2, 1), terms).Select(t => (t.Name, t.Weight)));
        Assert.Equal([("kd", 2.0), ("heteroakd", 0.0)], Recipes.Resolve(Recipes.HeteroAkd, new PaperWeights(2, 0), terms).Select(t => (t.Name, t.Weight)));
        terms["heteroakd"] = new HeteroAkdTermOptions { Weight = 5 };
        Assert.Equal([("kd", 2.0), ("heteroakd", 5.0)], Recipes.Resolve(Recipes.Kd, new PaperWeights(2, 1), terms).Select(t => (t.Name, t.Weight)));
        Assert.Equal([("heteroakd", 5.0)], Recipes.Resolve(Recipes.None, new PaperWeights(2, 1), terms).Select(t => (t.Name, t.Weight)));
    }

    [Fact]
    public void Unknown_terms_are_named_with_the_nearest()
    {
        string message = Assert.Throws<HeteroAkdException>(() => TermTable.Find("heteroakt")).Message;
        Assert.Contains("did you mean heteroakd?", message, StringComparison.Ordinal);
    }
}
