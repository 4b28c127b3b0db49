using HeteroAKD.Distillation.Terms;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Tensors.Ops;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Experiments.Tests.Configuration;

public sealed class ConfigurationReaderTests
{
    [Fact]
    public void Empty_text_gives_the_defaults()
    {
        ExperimentConfig config = ConfigurationReader.ReadText("# nothing\n", "text");
        Assert.Equal(ConfigurationWriter.Write(new ExperimentConfig()), ConfigurationWriter.Write(config));
    }

    [Fact]
    public void File_replaces_only_what_it_names()
    {
        ExperimentConfig config = ConfigurationReader.ReadText("optimizer:\n  kind: SGD\n  betas: [0.8, 0.99]\nseed: 7\n", "text");
        Assert.Equal((OptimizerKind.Sgd, 7), (config.Optimizer.Kind, config.Seed));
        Assert.Equal([0.8, 0.99], config.Optimizer.Betas);
        Assert.Equal(new OptimizerOptions().Lr, config.Optimizer.Lr);
    }

    [Theory]
    [InlineData("optimiser:\n  lr: 1\n", "text:1: there is no option optimiser; did you mean optimizer?")]
    [InlineData("seed: 1\noptimizer:\n  weightdekay: 0\n", "text:3: there is no option optimizer.weightdekay; did you mean optimizer.weightDecay?")]
    [InlineData("optimizer.lr: 1\n", "text:1: optimizer.lr is written with dots on a command line and in plans; in a configuration its sections are nested: "
        + "optimizer: {lr: ...}")]
    [InlineData("data: {size.width: 1}\n", "text:1: data.size.width is written with dots on a command line and in plans; in a configuration its sections "
        + "are nested: size: {width: ...}")]
    [InlineData("lr: 1\n", "text:1: there is no option lr; did you mean teacher.lr?")]
    [InlineData("data:\n  size:\n    heigth: 96\n", "text:3: there is no option data.size.heigth; did you mean data.size.height?")]
    [InlineData("loss:\n  zzzzzzzzzzzzz: 1\n", "text:2: there is no option loss.zzzzzzzzzzzzz; loss has classWeights, classWeightList, labelSmoothing, "
        + "auxWeight")]
    [InlineData("optimizer:\n  lr: fast\n", "text:2: optimizer.lr must be a number, not 'fast'")]
    [InlineData("optimizer:\n  lr: .inf\n", "text:2: optimizer.lr must be a number, not '.inf'")]
    [InlineData("optimizer:\n  lr:\n", "text:2: optimizer.lr has no value; it must be a number")]
    [InlineData("training:\n  steps: 1.5\n", "text:2: training.steps must be a whole number, not '1.5'")]
    [InlineData("training:\n  steps: 99999999999\n", "text:2: training.steps must be a whole number, not '99999999999'")]
    [InlineData("training:\n  replay: yes\n", "text:2: training.replay must be true or false, not 'yes'")]
    [InlineData("data:\n  cache: yes\n", "text:2: data.cache must be one of off, ram, disk, not 'yes'")]
    [InlineData("data:\n  cache: disk\n", "text: data.cache disk keeps decoded files, and scenes have none; write ram or off")]
    [InlineData("data:\n  kind: voc\n", "text: data.root must name the data set's folder when data.kind is voc")]
    [InlineData("data:\n  kind: voc\n  root: x\n  storedLabels: ade20k\n", "text: data.storedLabels belongs to data.kind list and folder; voc knows its own")]
    [InlineData("data:\n  valFraction: 1\n", "text:2: data.valFraction must lie in (0, 1), not 1")]
    [InlineData("data:\n  kind: lists\n", "text:2: data.kind must be one of scenes, list, cityscapes, voc, ade20k, camvid, cocostuff, folder, not 'lists'; "
        + "did you mean list?")]
    [InlineData("optimizer:\n  lr: -1\n", "text:2: optimizer.lr must lie in (0, 100], not -1")]
    [InlineData("optimizer:\n  betas: [0.9, 1]\n", "text:2: optimizer.betas[1] must lie in [0, 1), not 1")]
    [InlineData("optimizer:\n  betas: 0.9\n", "text:2: optimizer.betas must be a list like [1, 2], not '0.9'")]
    [InlineData("optimizer: adamw\n", "text:1: optimizer must be a section of 'key: value' lines, not 'adamw'")]
    [InlineData("seed: [1]\n", "text:1: seed must be a whole number, not a list")]
    [InlineData("- 1\n", "text:1: a configuration is made of 'key: value' lines")]
    [InlineData("seed: 1\n---\nseed: 2\n", "text:3:1: one file holds one configuration; remove the second document")]
    public void Errors_name_line_key_and_remedy(string yaml, string message) =>
        Assert.Equal(message, Assert.Throws<ConfigurationException>(() => ConfigurationReader.ReadText(yaml, "text")).Message);

    [Theory]
    [InlineData("seed: 1\nseed: 2\n", "2:1")]
    [InlineData("seed: [1\n", "2:1")]
    public void Broken_yaml_names_the_place(string yaml, string place)
    {
        ConfigurationException e = Assert.Throws<ConfigurationException>(() => ConfigurationReader.ReadText(yaml, "text"));
        Assert.StartsWith($"text:{place}: this is not valid YAML", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("evaluation: {crop: {width: 320}}", "evaluation.stride (341 x 341) is larger than evaluation.crop (320 x 512): pixels between windows would "
        + "be seen by none")]
    [InlineData("evaluation: {scales: []}", "evaluation.scales needs at least one scale, for example [1]")]
    [InlineData("augmentation: {scaleMin: 2}", "augmentation.scaleMin (2) is above augmentation.scaleMax (1.5)")]
    [InlineData("augmentation: {mean: [0.5]}", "augmentation.mean needs 3 values, red green blue, not 1")]
    [InlineData("student: {model: tiny-cnn-studnet}", "did you mean tiny-cnn-student?")]
    [InlineData("device: gpu", "device must be one of auto, cpu, cuda, opencl, ilgpu-cpu, not 'gpu'")]
    [InlineData("data: {kind: voc, root: x, unlabelled: scenes}", "data.unlabelled scenes belongs to data.kind scenes; for voc name a folder or a list of "
        + "images")]
    [InlineData("data: {unlabelledThreshold: 0.9}", "data.unlabelledThreshold is given, but data.unlabelled names no images")]
    [InlineData("data: {unlabelled: scenes, unlabelledThreshold: 1}", "data.unlabelledThreshold must lie in [0, 1), not 1")]
    [InlineData("data: {kind: list}", "data.root must name the data set's folder when data.kind is list")]
    [InlineData("loss: {classWeights: list}", "loss.classWeightList must give one weight a class when loss.classWeights is list")]
    [InlineData("loss: {classWeightList: [1, 2]}", "loss.classWeightList is given, but loss.classWeights is not list")]
    [InlineData("schedule: {minLr: 1}", "schedule.minLr (1) is above optimizer.lr (0.002)")]
    public void Options_that_contradict_each_other_are_errors(string yaml, string part) =>
        Assert.Contains(part, Assert.Throws<ConfigurationException>(() => ConfigurationReader.ReadText(yaml, "text")).Message, StringComparison.Ordinal);

    [Fact]
    public void Overrides_come_last_and_in_order()
    {
        ExperimentConfig config = ConfigurationReader.ReadText("seed: 5\n", "text",
            ["seed=6", "seed=7", "data.size.width=64", "optimizer.betas=[0.5, 0.6]", "student.model=tiny-mit-student", "out="]);
        Assert.Equal((7, 64, "tiny-mit-student", ""), (config.Seed, config.Data.Size.Width, config.Student.Model, config.Out));
        Assert.Equal([0.5, 0.6], config.Optimizer.Betas);
    }

    [Theory]
    [InlineData("optimizer.lrr=1", "--set optimizer.lrr=1: there is no option optimizer.lrr; did you mean optimizer.lr?")]
    [InlineData("optimizer.lr=x", "--set optimizer.lr=x: optimizer.lr must be a number, not 'x'")]
    [InlineData("optimizer.lr", "--set optimizer.lr: an override has the form section.key=value")]
    [InlineData("optimizer=3", "--set optimizer=3: optimizer must be a section of 'key: value' lines, not '3'")]
    [InlineData("seed.x=3", "--set seed.x=3: seed must be a whole number, not a section")]
    public void Override_errors_quote_the_override(string text, string message) =>
        Assert.Equal(message, Assert.Throws<ConfigurationException>(() => ConfigurationReader.ReadText("", "text", [text])).Message);

    [Fact]
    public void Extends_puts_the_file_over_its_parent()
    {
        using TemporaryFolder folder = new();
        folder.File("base.yaml", "seed: 5\ntraining: {steps: 10, batchSize: 2}\n");
        string child = folder.File("sub/child.yaml", "extends: ../base.yaml\ntraining: {steps: 20}\n");
        ExperimentConfig config = ConfigurationReader.ReadFile(child);
        Assert.Equal((5, 20, 2), (config.Seed, config.Training.Steps, config.Training.BatchSize));
    }

    [Fact]
    public void Extends_in_a_circle_is_an_error()
    {
        using TemporaryFolder folder = new();
        folder.File("a.yaml", "extends: b.yaml\n");
        string b = folder.File("b.yaml", "extends: a.yaml\n");
        Assert.Contains(
            "b.yaml -> a.yaml -> b.yaml", Assert.Throws<ConfigurationException>(() => ConfigurationReader.ReadFile(b)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_file_is_named()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("none.yaml");
        Assert.Equal($"{path}: there is no such configuration file", Assert.Throws<ConfigurationException>(() => ConfigurationReader.ReadFile(path)).Message);
    }

    [Fact]
    public void Preset_sets_the_options_beside_it_unless_they_are_written()
    {
        HeteroAkdTermOptions paper = HeteroAkd("distillation: {detach: true, preset: paper}");
        Assert.Equal((true, WorkingGrid.Label, true), (paper.ProjectorRelu, paper.Grid, paper.Detach));

        // A preset in a later layer starts anew, even over keys written out earlier.
        HeteroAkdTermOptions again = HeteroAkd("distillation: {grid: label}", "distillation.preset=practical");
        Assert.Equal(WorkingGrid.Student, again.Grid);
    }

    [Fact]
    public void Tuned_is_practical_with_every_stage_projected()
    {
        HeteroAkdTermOptions tuned = HeteroAkd("distillation: {preset: tuned}");
        Assert.Equal(new HeteroAkdTermOptions { Preset = DistillationPreset.Tuned, Features = ProjectedFeatures.All }, tuned);
        Assert.Equal(ProjectedFeatures.Classifier, HeteroAkd("distillation: {preset: tuned, features: classifier}").Features);
        Assert.Equal(ProjectedFeatures.Encoder, HeteroAkd("distillation: {preset: tuned}", "distillation.preset=practical").Features);
    }

    /// <summary>Short keys are the options of the terms, whichever comes first in the file; defaults of one reading never leak into the next.</summary>
    [Theory]
    [InlineData("distillation: {tau: 4, terms: {heteroakd: {preset: paper}}}")]
    [InlineData("distillation: {terms: {heteroakd: {tau: 4, preset: paper}}}")]
    [InlineData("distillation: {preset: paper, terms: {heteroakd: {tau: 4}}}")]
    public void Short_keys_mean_the_options_of_the_terms(string yaml)
    {
        HeteroAkdTermOptions options = HeteroAkd(yaml);
        Assert.Equal((DistillationPreset.Paper, 4.0, WorkingGrid.Label), (options.Preset, options.Tau, options.Grid));
        Assert.Equal(DistillationPreset.Practical, HeteroAkd("{}").Preset);
        Assert.Equal(2, ConfigurationReader.ReadText("distillation: {kdTau: 2}", "text").Distillation.Terms.Of<KdTermOptions>().Tau);
    }

    [Theory]
    [InlineData("distillation: {method: heteroakd}", "kd 0.1, heteroakd 1")]
    [InlineData("distillation: {method: heteroakd, terms: {kd: {weight: auto}, heteroakd: {weight: 5}}}", "kd 0.1, heteroakd 5")]
    [InlineData("distillation: {method: none, terms: {kd: {weight: 3}}}", "kd 3")]
    [InlineData("distillation: {method: none}", "")]
    public void Weights_of_terms_follow_the_method_unless_given(string yaml, string expected) =>
        Assert.Equal(
            expected,
            string.Join(
                ", ",
                ConfigurationReader.ReadText(yaml, "text").Distillation.WeightedTerms().Select(t => FormattableString.Invariant($"{t.Name} {t.Weight}"))));

    [Theory]
    [InlineData("distillation: {terms: {kt: {weight: 1}}}", "there is no option distillation.terms.kt; did you mean distillation.terms.kd?")]
    [InlineData("distillation: {terms: {kd: {weight: much}}}", "distillation.terms.kd.weight must be a number or auto, not 'much'")]
    [InlineData("distillation: {tau: 2, terms: {heteroakd: {tau: 4}}}", "distillation.tau is the short form of distillation.terms.heteroakd.tau, and both "
        + "are given; leave one out")]
    [InlineData("distillation: {preset: paper, terms: {heteroakd: {preset: practical}}}", "distillation.preset is the short form of "
        + "distillation.terms.heteroakd.preset")]
    [InlineData("distillation: {terms: {kd: {classWeights: true}}}", "set loss.classWeights")]
    [InlineData("distillation: {source: logits, projectorWarmup: 10}", "source logits has no projectors")]
    [InlineData("distillation: {source: logits, projectorInit: discriminant}", "source logits has no projectors")]
    [InlineData("distillation: {method: heteroakt}", "distillation.method must be one of none, kd, heteroakd, fitnet, at, skd, ifvd, cwd, dsd, cirkd, "
        + "cirkdv2, afdcd, dist, ofa, not 'heteroakt'; did you mean heteroakd?")]
    public void Unknown_terms_and_methods_name_the_nearest(string yaml, string expected) =>
        Assert.Contains(expected, Assert.Throws<ConfigurationException>(() => ConfigurationReader.ReadText(yaml, "text")).Message, StringComparison.Ordinal);

    [Fact]
    public void Methods_ignore_case() => Assert.Equal("kd", ConfigurationReader.ReadText("distillation: {method: KD}", "text").Distillation.Method);

    private static HeteroAkdTermOptions HeteroAkd(string yaml, params string[] overrides) =>
        ConfigurationReader.ReadText(yaml, "text", overrides).Distillation.Terms.Of<HeteroAkdTermOptions>();

    [Fact]
    public void Written_configuration_reads_back_to_itself()
    {
        const string Yaml = "seed: 3\nout: 'a: b''s #1'\ndata: {root: ' 12'}\noptimizer: {lr: 0.1234567890123, eps: 1e-12}\n"
            + "loss: {classWeights: list, classWeightList: [1, 2.5]}\ndistillation: {preset: paper, tau: 4, method: kd}\n";
        string written = ConfigurationWriter.Write(ConfigurationReader.ReadText(Yaml, "text"));
        ExperimentConfig back = ConfigurationReader.ReadText(written, "written");
        Assert.Equal(written, ConfigurationWriter.Write(back));
        Assert.Equal(
            ("a: b's #1", " 12", 4.0, 0.1234567890123), (back.Out, back.Data.Root, back.Distillation.Terms.Of<HeteroAkdTermOptions>().Tau, back.Optimizer.Lr));
    }

    [Theory]
    [InlineData("true", CacheKind.Ram)]
    [InlineData("false", CacheKind.Off)]
    [InlineData("off", CacheKind.Off)]
    [InlineData("disk", CacheKind.Disk)]
    public void Cache_takes_the_words_of_earlier_versions(string word, CacheKind expected) =>
        Assert.Equal(expected, ConfigurationReader.ReadText($"data: {{kind: list, root: x, cache: {word}}}", "text", []).Data.Cache);
}
