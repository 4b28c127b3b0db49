using HeteroAKD.Distillation.Terms;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Initialization;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Distillation.Tests;

/// <summary>
/// The losses of other papers against their authors' code, in float64: the loss and Σ|gradient| of each student's map, computed by the loss modules of CIRKD
/// (github.com/winycg/CIRKD, losses/), DIST (hunto/DIST_KD, segmentation/losses/dist_kd.py) and OFA-KD (Hao840/OFAKD, distillers/ofa.py) in PyTorch 1.13 on the
/// maps below.
/// </summary>
public sealed class PublishedTermTests
{
    private const int Images = 2;
    private const int Height = 4;
    private const int Width = 6;
    // Relative. Tensors are float64, numbers that they are multiplied by, such as 1/τ, float32: each is off by 6e-8 at most.
    private const double Tolerance = 3e-7;

    /// <summary>Term, options, loss, Σ|gradient| of the encoder's last stage, of the classifier's input and of the logits.</summary>
    public static TheoryData<string, TermOptions, double, double, double, double> Published => new()
    {
        { "at", new AttentionTermOptions(), 0.011469650890880619, 0, 0.0649675363756678, 0 },
        { "skd", new SkdTermOptions(), 0.38819422879836574, 0, 0.592541384345776, 0 },
        { "ifvd", new IfvdTermOptions(), 0.3760857463113701, 0, 1.8691450578969095, 0 },
        { "psd", new PsdTermOptions(), 0.08071891646332664, 0.11697930853037883, 0.11268846722126813, 0.214087839374739 },
        { "csd", new CsdTermOptions(), 4.353668019170476e-05, 0, 0, 1.424103716655865e-05 },
        { "crossImage", new CrossImageTermOptions(), 8.802333921299196, 0, 5.171416390001834, 0 },
        { "cwd", new CwdTermOptions { Maps = ComparedMaps.Logits }, 1.2017320908943743, 0, 0, 1.3181747659168745 },
        { "dist", new DistTermOptions(), 2.0428376863747277, 0, 0, 2.740169077215832 },
        { "ofa", new OfaTermOptions { Eps = 1.5, Tau = 2 }, 1.067555156641303, 0, 0, 0.18437929504243294 },
    };

    [Theory]
    [MemberData(nameof(Published))]
    public void Loss_and_gradients_are_those_of_the_published_code(
        string name, TermOptions options, double loss, double stageGradient, double headGradient, double logitsGradient)
    {
        using TinyBatch batch = new();
        Site site = new(batch.Device, new Generator(5), name, DType.Float64);
        using DistillationTerm term = TermTable.Find(name).Create(options, new TermSetup(batch.Teacher, batch.Student, 1, site, TinyBatch.IgnoreIndex, null));
        using StepScope scope = batch.Device.BeginStep();
        Tensor[] student = [Wave(batch.Device, 2, 0.4, 1.5), Wave(batch.Device, 3, 0.9, 0.1), Wave(batch.Device, TinyBatch.Classes, 0.7, 0.3)];
        Tensor[] teacher = [Wave(batch.Device, 4, 0.5, 0.7), Wave(batch.Device, 7, 1.1, 0.2), Wave(batch.Device, TinyBatch.Classes, 1.3, 0.8, 2)];
        Array.ForEach(student, map => map.RequiresGrad = true);
        Tensor labels = Tensor.From(batch.Device, new Shape(Images, Height, Width), [.. Enumerable.Range(0, Images * Height * Width).Select(LabelAt)]);
        List<LossTerm> values = [];
        Tensor result = term.Loss(new TermInputs(Output(teacher), Output(student), labels, Pass.Train(1)), values);
        result.Backward();
        AssertNear(loss, result.Item());
        Assert.Equal(term.ValueNames, values.Select(v => v.Name));
        AssertNear(stageGradient, AbsoluteSum(student[0]));
        AssertNear(headGradient, AbsoluteSum(student[1]));
        AssertNear(logitsGradient, AbsoluteSum(student[2]));
    }

    /// <summary>The published regressor is a 1x1 convolution; here against plain loops on real maps, which the teacher's is resized to.</summary>
    [Theory]
    [InlineData("tiny-mit-student", "tiny-cnn-student")]
    [InlineData("tiny-cnn-teacher", "tiny-mit-student")]
    public void Fitnet_is_that_of_plain_loops(string teacherName, string studentName)
    {
        using TinyBatch batch = new(teacherName, studentName);
        using DistillationObjective objective = batch.Objective(new WeightedTerm("fitnet", new FitNetTermOptions(), 10));
        using StepScope scope = batch.Device.BeginStep();
        double loss = objective.Loss(batch.Student, batch.Images, batch.Labels, Pass.Train(1)).Terms[^1].Read();
        Tensor student = batch.Student.Forward(batch.Images, Pass.Train(1)).HeadFeature;
        Tensor teacher = Functional.ResizeTo(batch.Teacher.Forward(batch.Images, Pass.Evaluation).HeadFeature, student);
        double[] weight = objective.Auxiliary!.Parameters().Single().ToDoubles(); // [teacher's channels, student's channels]
        (double[] s, double[] t) = (student.ToDoubles(), teacher.ToDoubles());
        (int from, int to, int pixels) = (student.Shape[1], teacher.Shape[1], student.Shape[2] * student.Shape[3]);
        double total = 0;
        for (int i = 0; i < t.Length; i++)
        {
            (int image, int channel, int pixel) = (i / (to * pixels), i / pixels % to, i % pixels);
            double sum = 0;
            for (int c = 0; c < from; c++)
            {
                sum += weight[(channel * from) + c] * s[(((image * from) + c) * pixels) + pixel];
            }

            total += (sum - t[i]) * (sum - t[i]);
        }

        Assert.Equal(total / t.Length, loss, 1e-4 * loss);
    }

    /// <summary>Pairs of CNN and Transformer whose maps differ in width and size.</summary>
    [Theory]
    [InlineData("tiny-cnn-teacher", "tiny-mit-student")]
    [InlineData("tiny-mit-teacher", "tiny-cnn-student")]
    public void Every_term_takes_pairs_of_unlike_networks(string teacher, string student)
    {
        foreach (string name in TermSet.Names)
        {
            using TinyBatch batch = new(teacher, student, TinyBatch.SideFor(name));
            using DistillationObjective objective = batch.Objective(new WeightedTerm(name, TinyBatch.Options(name), 1));
            using StepScope scope = batch.Device.BeginStep();
            ObjectiveResult result = objective.Loss(batch.Student, batch.Images, batch.Labels, Pass.Train(1));
            result.Total.Backward();
            Assert.True(double.IsFinite(result.Total.Item()), name);
            Assert.Contains(batch.Student.Parameters(), p => p.Grad!.ToFloats().Any(v => v != 0));
        }
    }

    private static void AssertNear(double expected, double actual) => Assert.Equal(expected, actual, Tolerance * Math.Max(expected, 1e-6));

    private static double AbsoluteSum(Tensor map) => map.Grad?.ToDoubles().Sum(Math.Abs) ?? 0;

    private static int LabelAt(int pixel) => pixel * 7 % 6 is var label && label == TinyBatch.Classes ? TinyBatch.IgnoreIndex : label;

    // a · sin(f·i + p) over the elements i of [2, channels, 4, 6].
    private static Tensor Wave(Device device, int channels, double frequency, double phase, double amplitude = 1)
    {
        Shape shape = new(Images, channels, Height, Width);
        Tensor map = Tensor.Empty(device, shape, DType.Float64);
        map.CopyFrom([.. Enumerable.Range(0, shape.Count).Select(i => amplitude * Math.Sin((frequency * i) + phase))]);
        return map;
    }

    private static SegmentationOutput Output(Tensor[] maps) => new(maps[2], null, default(FeatureMaps).With(maps[0]), maps[1]);
}
