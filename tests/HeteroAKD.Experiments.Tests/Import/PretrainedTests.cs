using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Nn.Encoders;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Optimization;
using HeteroAKD.Weights.Import;

namespace HeteroAKD.Experiments.Tests.Import;

public sealed class PretrainedTests : IDisposable
{
    private static readonly LayerNormEps s_eps = new(1e-5f, 1e-4f);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_encoder_starts_from_a_file_and_the_head_from_the_seed()
    {
        ExperimentConfig config = Config("tiny-mit-student");
        Checkpoint source = Checkpoint.Load(config.Student.Pretrained);
        TinyExperiment.Train(config);
        Checkpoint trained = Checkpoint.Load(Path.Combine(config.Out, "student-last.safetensors"));
        Assert.True(Distance(source, trained, "model.encoder.stages.1.blocks.0.attn.kv.weight") < 1e-6);
        Assert.True(Distance(source, trained, "model.head.linear.1.weight") > 1e-2);
        Assert.Equal(s_eps, trained.Info.LayerNormEps);
        Assert.Contains("student: 74 entries of the encoder of tiny-mit-student from", File.ReadAllText(Path.Combine(config.Out, "log.txt")));
    }

    [Fact]
    public void A_file_of_another_network_is_refused() => Assert.Contains(
        "does not fit the encoder of tiny-cnn-student (this program)", Assert.Throws<WeightImportException>(
            () => TinyExperiment.Train(Config("tiny-cnn-student"))).Message);

    [Fact]
    public void A_checkpoint_and_a_backbone_exclude_each_other() => Assert.Contains(
        "student.checkpoint has every weight already",
        Assert.Throws<ConfigurationException>(() => ConfigurationReader.ReadText("student: {checkpoint: a, pretrained: b}", "x")).Message);

    private ExperimentConfig Config(string model)
    {
        string path = _folder.File("pretrained.safetensors");
        using Device cpu = Device.Open("cpu", 1);
        using SegmentationModel pretrained = ModelZoo.Create("tiny-mit-student", 3, cpu, seed: 99);
        CheckpointInfo info = new()
        {
            Model = "tiny-mit-student",
            Role = "student",
            Classes = 3,
            Step = 1,
            DataPosition = 0,
            BestMetric = 0,
            Config = "",
            LayerNormEps = s_eps,
        };
        Checkpoint.Save(path, info, Checkpoint.Entries(Checkpoint.ModelPrefix, pretrained));
        ExperimentConfig config = TinyExperiment.Config(_folder.File("run"));
        return config with
        {
            Student = new StudentConfig { Model = model, Pretrained = path },
            Optimizer = new OptimizerOptions { Lr = 1e-9 },
            Training = config.Training with { Steps = 1, EvalEvery = 0 },
        };
    }

    private static float Distance(Checkpoint a, Checkpoint b, string name) =>
        a[name].Floats.ToArray().Zip(b[name].Floats.ToArray(), (x, y) => MathF.Abs(x - y)).Max();
}
