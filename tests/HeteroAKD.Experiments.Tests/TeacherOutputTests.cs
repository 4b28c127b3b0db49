using HeteroAKD.Distillation.Terms;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Experiments.TeacherCache;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Tests;

public sealed class TeacherOutputTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Kept => _folder.File("kept");

    public void Dispose() => _folder.Dispose();

    /// <summary>Another arm of the same seed sees the same batches, so it computes none of them.</summary>
    [Fact]
    public void Trainings_with_kept_outputs_end_with_the_same_bits()
    {
        ExperimentConfig asking = Config("asking");
        Train(asking, "");
        ExperimentConfig writing = Config("writing");
        Train(writing with { Distillation = writing.Distillation with { Lambda1 = 7 } }, Kept);
        ExperimentConfig reading = Config("reading");
        Train(reading, Kept);
        Assert.Contains("outputs of 0 batches read, of 7 written", Log(writing), StringComparison.Ordinal);
        Assert.Contains("outputs of 7 batches read, of 0 written", Log(reading), StringComparison.Ordinal);
        Assert.Contains("steps are replayed", Log(reading), StringComparison.Ordinal);
        string last = NetworkTrainer.LastFile(NetworkRoles.Distilled);
        TinyExperiment.AssertSame(Path.Combine(asking.Out, last), Path.Combine(reading.Out, last));
        Assert.Equal(File.ReadAllText(Path.Combine(asking.Out, "metrics.csv")), File.ReadAllText(Path.Combine(reading.Out, "metrics.csv")));
    }

    [Fact]
    public void The_teacher_is_scored_on_the_images_of_the_student()
    {
        ExperimentConfig config = Config("run");
        RunOutcome outcome = Train(config, "");
        double? score = Assert.Single(outcome.Summary!.Networks).TeacherMeanIoU;
        Assert.InRange(score!.Value, 0, 1);
        Assert.Contains("on the student's images", Log(config), StringComparison.Ordinal);
        Assert.Contains("\"teacherMeanIoU\": ", File.ReadAllText(Path.Combine(config.Out, "summary.json")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("seed")]
    [InlineData("teacher")]
    [InlineData("normalization")]
    public void Outputs_of_something_else_are_not_found(string what)
    {
        ExperimentConfig first = Config("first");
        Train(first, Kept);
        ExperimentConfig second = Config("second");
        second = what switch
        {
            "seed" => second with { Seed = 6 },
            "teacher" => second with { Teacher = second.Teacher with { Checkpoint = Teacher("another", 9) } },
            _ => second with { Teacher = second.Teacher with { Mean = [0.1, 0.2, 0.3], Std = [1, 1, 1] } },
        };
        Train(second, Kept);
        Assert.Contains("outputs of 0 batches read, of 7 written", Log(second), StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_file_is_written_anew()
    {
        using Device device = Device.Open("cpu", 1);
        using SegmentationModel teacher = ModelZoo.Create("tiny-mit-student", 3, device, seed: 1);
        Batch batch = new();
        batch.Resize(2, 32, 32);
        using Tensor images = Tensor.From(device, new Shape(2, 3, 32, 32), batch.Images);
        float[] expected = Logits(Open(), out string[] said);
        Assert.EndsWith("of 1 written", said[^1], StringComparison.Ordinal);
        string file = Assert.Single(Directory.GetFiles(Kept));
        foreach (Action<byte[]> damage in new Action<byte[]>[] { b => b[5] ^= 1, b => b[^1] ^= 1 })
        {
            byte[] bytes = File.ReadAllBytes(file);
            damage(bytes);
            File.WriteAllBytes(file, bytes);
            Assert.Equal(expected, Logits(Open(), out said));
            Assert.EndsWith("of 0 batches read, of 1 written", said[^1], StringComparison.Ordinal);
        }

        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^4]);
        Assert.Equal(expected, Logits(Open(), out said));
        Assert.EndsWith("of 0 batches read, of 1 written", said[^1], StringComparison.Ordinal);
        Assert.Equal(expected, Logits(Open(), out said));
        Assert.EndsWith("of 1 batches read, of 0 written", said[^1], StringComparison.Ordinal);

        (TeacherOutputFolder Folder, List<string> Said) Open()
        {
            List<string> lines = [];
            return (new TeacherOutputFolder(Kept, teacher, "", lines.Add), lines);
        }

        float[] Logits((TeacherOutputFolder Folder, List<string> Said) kept, out string[] lines)
        {
            SegmentationOutput output = kept.Folder.Of(batch, images, TermReads.Logits, x =>
            {
                using NoGrad none = new();
                return teacher.Forward(x, Pass.Evaluation);
            });
            float[] values = new float[output.Logits.Shape.Count];
            output.Logits.CopyTo(values);
            kept.Folder.Dispose();
            lines = [.. kept.Said];
            return values;
        }
    }

    private static string Log(ExperimentConfig config) => File.ReadAllText(Path.Combine(config.Out, "log.txt"));

    private static RunOutcome Train(ExperimentConfig config, string kept) =>
        new TrainingService().Run(new TrainRequest(config, "tiny", RunMode.New, NetworkRole.Distilled, kept), new SilentSink(), CancellationToken.None);

    private ExperimentConfig Config(string name)
    {
        ExperimentConfig config = TinyExperiment.Config(_folder.File(name));
        return config with { Teacher = config.Teacher with { Checkpoint = Teacher("teacher", 5) } };
    }

    private string Teacher(string name, int seed)
    {
        ExperimentConfig config = TinyExperiment.Config(_folder.File(name)) with { Seed = seed };
        string file = Path.Combine(config.Out, NetworkTrainer.NetworkFile(NetworkRoles.Teacher));
        if (!File.Exists(file))
        {
            TinyExperiment.Teach(config);
        }

        return file;
    }
}
