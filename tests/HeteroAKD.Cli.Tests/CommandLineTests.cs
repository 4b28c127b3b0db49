using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Export;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Tensors;
using HeteroAKD.Weights.Onnx;

namespace HeteroAKD.Cli.Tests;

public sealed class CommandLineTests
{
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly StringWriter _error = new() { NewLine = "\n" };

    [Fact]
    public void Common_options_become_overrides_after_every_set()
    {
        FakeServices services = new();
        Assert.Equal(
            0,
            Run(services, "distill", ConfigFile(), "--set", "seed=3", "--set", "optimizer.lr=0.5", "--seed", "4", "--threads", "2", "--device", "cpu",
            "--out", "it's here", "--force"));
        DistillRequest request = (DistillRequest)services.Request!;
        Assert.Equal(
            ("camvid-128x96", RunMode.Force, 4, 0.5, 2, "cpu", "it's here"),
            (request.Name, request.Mode, request.Config.Seed, request.Config.Optimizer.Lr,
            request.Config.Threads, request.Config.Device, request.Config.Out));
    }

    [Fact]
    public void Quickstart_runs_the_shipped_scenes()
    {
        FakeServices services = new();
        Assert.Equal(0, Run(services, "quickstart", "--set", "training.steps=7", "--resume"));
        QuickstartRequest request = (QuickstartRequest)services.Request!;
        Assert.Equal((DataKind.Scenes, 7, RunMode.Resume, 1), (request.Config.Data.Kind, request.Config.Training.Steps, request.Mode, request.Seeds));
        Assert.Contains("run folder: runs/x", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Quickstart_ends_with_what_plain_kd_gains_and_what_was_added_to_it()
    {
        Assert.Equal(0, Run(new FakeServices(), "quickstart"));
        string text = _output.ToString();
        Assert.Contains("IoU %           teacher  student     kd  distilled  gain of kd  gain  over kd", text, StringComparison.Ordinal);
        Assert.Contains("mean IoU          50.00    25.00  27.50      25.00       +2.50  0.00    -2.50", text, StringComparison.Ordinal);
        Assert.Contains(
            "Mean IoU on test: plain KD differs from the student alone by +2.50 points; with plain KD (weight 0.5) and HeteroAKD the score differs from "
                + "plain KD's by -2.50. "
            + "One seed says nothing about differences of this size: 'heteroakd experiment PLAN' (docs/experiments.md) compares over "
            + "seeds.", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_without_control_claims_nothing_of_plain_kd()
    {
        Assert.Equal(0, Run(new FakeServices(), "quickstart", "--set", "distillation.control=none"));
        string text = _output.ToString();
        Assert.Contains("mean IoU          50.00    25.00      25.00  0.00", text, StringComparison.Ordinal);
        Assert.DoesNotContain("plain KD", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Distil_with_its_control_points_to_a_plan()
    {
        Assert.Equal(0, Run(new FakeServices(), "distill", ConfigFile(), "--set", "distillation.control=kd", "--set", "distillation.lambda2=0"));
        string text = _output.ToString();
        Assert.Contains("with HeteroAKD of weight 0 added the score differs from plain KD's by -2.50. One seed", text, StringComparison.Ordinal);
        Assert.Contains("'heteroakd experiment PLAN' (docs/experiments.md) compares over seeds", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Seeds_are_compared_pair_by_pair()
    {
        Assert.Equal(0, Run(new FakeServices(), "quickstart", "--seeds", "3"));
        string text = _output.ToString();
        Assert.Contains("seed 3        25.00  27.50      27.00", text, StringComparison.Ordinal);
        Assert.Contains("mean          25.00  27.50      26.00", text, StringComparison.Ordinal);

        // 0, 1, 2 points over alone: sd 1, standard error 0.577, t(0.975, 2) = 4.303.
        Assert.Contains("kd - student          +2.50  +2.50 to +2.50    3 of 3  ", text, StringComparison.Ordinal);
        Assert.Contains("distilled - student   +1.00  -1.48 to +3.48    2 of 3  0.225", text, StringComparison.Ordinal);
        Assert.Contains("distilled - kd        -1.50  -3.98 to +0.98    0 of 3  0.122", text, StringComparison.Ordinal);
        Assert.Contains("would find distilled - kd with a probability of 0.8 if it were 3.26 points", text, StringComparison.Ordinal);
        Assert.DoesNotContain("One seed", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Seeds_without_a_control_are_compared_with_the_student_alone()
    {
        Assert.Equal(0, Run(new FakeServices(), "quickstart", "--seeds", "3", "--set", "distillation.control=none"));
        string text = _output.ToString();
        Assert.Contains("distilled - student   +1.00  -1.48 to +3.48    2 of 3  0.225", text, StringComparison.Ordinal);
        Assert.Contains("would find distilled - student with", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_names_the_network()
    {
        FakeServices services = new();
        Assert.Equal(0, Run(services, "train", ConfigFile(), "--network", "teacher"));
        Assert.Equal(NetworkRole.Teacher, ((TrainRequest)services.Request!).Role);
    }

    // 40,000 steps of 90 ms and 500 images of 10 ms.
    [Theory]
    [InlineData("train", NetworkRole.Student)]
    [InlineData("distill", null)]
    public void A_dry_run_says_how_long_it_would_take(string command, NetworkRole? role)
    {
        FakeServices services = new();
        Assert.Equal(0, Run(services, command, ConfigFile(), "--dry-run"));
        Assert.Equal(role, (((ExperimentConfig, NetworkRole?))services.Request!).Item2);
        Assert.Contains(
            "student  tiny-cnn-student      89,523     367     16  2.500       90        40           41        10  40000     60 min",
            _output.ToString(),
            StringComparison.Ordinal);
        Assert.Contains("60 min to finish on cpu (some processor), peak memory 300 MiB; nothing was written", _output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new string[0], "60 min to finish on cpu (some processor), peak memory 300 MiB; nothing was written")]
    [InlineData(new[] { "--seeds", "3" }, "3.0 h to finish with 3 seeds (the teacher is trained once) on cpu (some processor)")]
    public void A_dry_run_of_the_quick_start_says_how_long_it_would_take(string[] more, string sentence)
    {
        FakeServices services = new();
        Assert.Equal(0, Run(services, ["quickstart", "--dry-run", .. more]));
        Assert.Null((((ExperimentConfig, NetworkRole?))services.Request!).Item2);
        Assert.Contains(sentence, _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Eval_puts_checkpoints_side_by_side()
    {
        FakeServices services = new();
        Assert.Equal(0, Run(services, "eval", "a.ckpt", "b.ckpt", "--split", "test", "--set", "data.root=x"));
        EvaluateRequest request = (EvaluateRequest)services.Request!;
        Assert.Equal(["a.ckpt", "b.ckpt"], request.Checkpoints);
        Assert.Equal("test", request.Split);
        Assert.Equal(["data.root=x"], request.Overrides);
        Assert.Contains("tiny-cnn-student      89,523", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Eval_takes_a_folder_and_the_pictures_it_saves()
    {
        FakeServices services = new();
        Assert.Equal(0, Run(services, "eval", "a.ckpt", "--out", "o", "--save", "color,overlay"));
        EvaluateRequest request = (EvaluateRequest)services.Request!;
        Assert.Equal(("o", SavedPictures.Color | SavedPictures.Overlay), (request.OutputFolder, request.Save));
        Assert.Equal(2, Run(services, "eval", "a.ckpt", "--save", "color"));
        Assert.Contains("--save needs a folder: give --out", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(2, Run(services, "eval", "a.ckpt", "--out", "o", "--save", "colour"));
        Assert.Contains("--save takes color, server or overlay, not 'colour'; did you mean color?", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Predict_takes_images_and_a_folder()
    {
        FakeServices services = new();
        Assert.Equal(0, Run(services, "predict", "a.ckpt", "1.png", "2.png", "--out", "o"));
        PredictRequest request = (PredictRequest)services.Request!;
        Assert.Equal(["1.png", "2.png"], request.Images);
        Assert.Equal(("a.ckpt", "o"), (request.Checkpoint, request.OutputFolder));
        Assert.Empty(request.Overrides);
        Assert.Contains("2.png -> 2.png.labels.png, 2.png.overlay.png", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Analyze_cka_takes_two_networks_and_prints_both_kernels()
    {
        FakeServices services = new();
        Assert.Equal(0, Run(services, "analyze", "cka", "a.ckpt", "b.ckpt", "--split", "test", "--out", "o"));
        Assert.Equal(new CkaRequest("a.ckpt", "b.ckpt", "test", [], "o"), (CkaRequest)services.Request! with { Overrides = [] });
        Assert.Contains("linear   stage 1\n----------------\nstage 1    0.750\nlogits         -\n", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("cka.csv and cka.png are in o\n", _output.ToString(), StringComparison.Ordinal);
        Assert.Equal(2, Run(services, "analyze", "cka", "a.ckpt"));
    }

    [Fact]
    public void Export_shows_the_differences()
    {
        FakeServices services = new();
        Assert.Equal(0, Run(services, "export", "a.ckpt", "--out", "m.onnx"));
        Assert.Equal(new ExportRequest("a.ckpt", "m.onnx", ExportFormat.Onnx, []), (ExportRequest)services.Request! with { Overrides = [] });
        Assert.Contains("logits  [1, 2, 3, 4]         2.00e-6           1.00e-6       100.000\n", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("tiny-cnn-student -> m.onnx, 1,234,567 bytes\n", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Export_takes_size_batch_and_resolution()
    {
        FakeServices services = new();
        Assert.Equal(
            0,
            Run(
                services,
                "export",
                "a.ckpt",
                "--out",
                "m.onnx",
                "--size",
                "64x96",
                "--dynamic-batch",
                "--fold-bn",
                "--logits-size",
                "network",
                "--tolerance",
                "1e-5",
            "--no-verify"));
        ExportRequest request = (ExportRequest)services.Request!;
        Assert.Equal(((64, 96), true, true, LogitsSize.Network, 1e-5, false),
            (request.Size!.Value, request.DynamicBatch, request.FoldBatchNorm, request.LogitsSize, request.Tolerance, request.Verify));
        Assert.Contains("not compared with the network", _output.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, Run(services, "export", "a.ckpt", "--out", "m.safetensors", "--format", "safetensors"));
        Assert.Equal(ExportFormat.SafeTensors, ((ExportRequest)services.Request!).Format);
        Assert.DoesNotContain("warning", _output.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, Run(services, "export", "a.ckpt", "--out", "m.pth", "--format", "pth"));
        Assert.Equal(ExportFormat.Pth, ((ExportRequest)services.Request!).Format);
        foreach ((string file, ExportFormat format)
            in new[] { ("m.pth", ExportFormat.Pth), ("m.PT", ExportFormat.Pth), ("m.safetensors", ExportFormat.SafeTensors), ("m.onnx", ExportFormat.Onnx) })
        {
            Assert.Equal(0, Run(services, "export", "a.ckpt", "--out", file));
            Assert.Equal(format, ((ExportRequest)services.Request!).Format);
        }

        Assert.Equal(0, Run(services, "export", "a.ckpt", "--out", "weights", "--format", "pth"));
        Assert.Contains("warning: a .pth cannot say it\n", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Op_takes_attributes_by_set()
    {
        FakeServices services = new();
        Assert.Equal(0, Run(services, "op", "conv2d", "--in", "x", "--out", "y", "--set", "stride=2", "--grad", "--threads", "3"));
        OpRequest request = (OpRequest)services.Request!;
        Assert.Equal(("conv2d", "x", "y", "auto", true, 3), (request.Name, request.Input, request.Output, request.Device, request.Gradients, request.Threads));
        Assert.Equal(["stride=2"], request.Attributes);
        Assert.Equal(0, Run(services, "op", "--list"));
        Assert.Contains("conv2d\n  in   input [N, C, H, W]\n", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Import_takes_everything_it_can_be_told()
    {
        FakeServices services = new();
        Assert.Equal(0, Run(services, "import", "a.pth", "--model", "segformer-b0", "--out", "b.safetensors"));
        ImportRequest request = (ImportRequest)services.Request!;
        Assert.Equal(("a.pth", "segformer-b0", 0, "", false, true, "b.safetensors"),
            (request.File, request.Model, request.Classes, request.From, request.BackboneOnly, request.Strict, request.Output));
        Assert.Equal("loaded      4\n", _output.ToString());
        Assert.Equal(
            0,
            Run(
                services,
                "import",
                "a.pth",
                "--model",
                "segformer-b1",
                "--classes",
                "3",
                "--from",
                "mit",
                "--key",
                "ema.module",
                "--backbone-only",
                "--no-strict",
                "--seed",
                "4",
                "--out",
                "b"));
        request = (ImportRequest)services.Request!;
        Assert.Equal((3, "mit", "ema.module", true, false), (request.Classes, request.From, request.Key, request.BackboneOnly, request.Strict));
        Assert.Equal(["seed=4"], request.Overrides);
    }

    [Fact]
    public void Info_says_what_can_be_used()
    {
        Assert.Equal(0, Run(new FakeServices(), "info"));
        Assert.Contains("cuda             -  no      no driver\n", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Info_takes_a_model_with_size_and_classes()
    {
        FakeServices services = new();
        Assert.Equal(0, Run(services, "info", "some-model"));
        Assert.Equal(("some-model", 19, 1024, 2048), services.Request);
        Assert.Equal(0, Run(services, "info", "some-model", "--size", "96x128", "--classes", "11"));
        Assert.Equal(("some-model", 11, 96, 128), services.Request);
        Assert.Equal(0, Run(services, "info", "--models"));
        Assert.Contains("tiny-cnn-student  cnn        0.089 M\n", _output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1e-7, 0, "1 gradients within their tolerance, 0 not")]
    [InlineData(1e-3, 1, "0 gradients within their tolerance, 1 not")]
    [InlineData(double.NaN, 1, "0 gradients within their tolerance, 1 not")]
    public void Gradcheck_fails_where_a_gradient_is_wrong(double gradientError, int code, string message)
    {
        Assert.Equal(code, Run(new FakeServices { GradientError = gradientError }, "gradcheck", "gel"));
        Assert.Contains(message, _output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "gradcheck", "gelu")]
    [InlineData(3, "gradcheck", "gelu", "--threads", "3")]
    [InlineData(1, "gradcheck", "gelu", "--seed", "5", "--threads", "1")]
    public void Gradcheck_takes_threads(int threads, params string[] args)
    {
        FakeServices services = new();
        Assert.Equal(0, Run(services, args));
        Assert.Equal(threads, services.Threads);
    }

    [Fact]
    public void Gradcheck_of_nothing_is_an_error() => Assert.Equal(2, Run(new FakeServices(), "gradcheck", "none"));

    [Theory]
    [InlineData("did you mean quickstart?", "qickstart")]
    [InlineData("did you mean --threads?", "info", "--thread", "3")]
    [InlineData("op needs NAME, --in X.safetensors and --out Y.safetensors, or --list", "op", "gelu")]
    [InlineData("export needs --out FILE", "export", "a.ckpt")]
    [InlineData("--size takes HEIGHTxWIDTH in pixels, such as 512x1024, not '64'", "export", "a.ckpt", "--out", "m.onnx", "--size", "64")]
    [InlineData("--batch takes a whole number, at least 1, not '0'", "export", "a.ckpt", "--out", "m.onnx", "--batch", "0")]
    [InlineData("--batch and --dynamic-batch exclude each other", "export", "a.ckpt", "--out", "m.onnx", "--batch", "2", "--dynamic-batch")]
    [InlineData("--fold-bn is for --format onnx", "export", "a.ckpt", "--out", "m", "--format", "safetensors", "--fold-bn")]
    [InlineData("--fold-bn is for --format onnx", "export", "a.ckpt", "--out", "m.pt", "--fold-bn")]
    [InlineData("y.pth has the ending of pth, and --format is onnx; name the file otherwise, or leave --format "
        + "out",
    "export", "a.ckpt", "--out", "y.pth", "--format", "onnx")]
    [InlineData("y.onnx has the ending of onnx, and --format is pth", "export", "a.ckpt", "--out", "y.onnx", "--format", "pth")]
    [InlineData("the ending of y.bin tells no format: name it .onnx, .safetensors or .pth, or give --format", "export", "a.ckpt", "--out", "y.bin")]
    [InlineData("import needs --out CHECKPOINT.safetensors", "import", "a.pth", "--model", "segformer-b0")]
    [InlineData("Option '--model' is required.", "import", "a.pth", "--out", "b")]
    [InlineData("--classes takes a whole number, at least 1, not '0'", "import", "a.pth", "--model", "segformer-b0", "--out", "b", "--classes", "0")]
    [InlineData("--seeds takes 1 to 100, not '0'", "quickstart", "--seeds", "0")]
    [InlineData("--resume and --force exclude each other", "quickstart", "--resume", "--force")]
    [InlineData("--accept-changes goes with --resume", "quickstart", "--accept-changes")]
    [InlineData("--size takes HEIGHTxWIDTH in pixels, such as 512x1024, not '512'", "info", "segformer-b0", "--size", "512")]
    [InlineData("--size takes HEIGHTxWIDTH in pixels, such as 512x1024, not '0x64'", "info", "segformer-b0", "--size", "0x64")]
    [InlineData("--size takes HEIGHTxWIDTH in pixels, such as 512x1024, not '1x2x3'", "info", "segformer-b0", "--size", "1x2x3")]
    [InlineData("--size needs a MODEL", "info", "--size", "512x1024")]
    [InlineData("--classes needs a MODEL or --models", "info", "--classes", "19")]
    [InlineData("info takes either MODEL or --models", "info", "segformer-b0", "--models")]
    [InlineData("--classes takes a whole number, at least 1, not 'many'", "info", "segformer-b0", "--classes", "many")]
    [InlineData("Required argument 'CONFIG' missing for command: 'train'.", "train")]
    [InlineData("--seed takes a whole number, at least 0, not 'x'", "info", "--seed", "x")]
    public void Wrong_usage_returns_two_and_says_how(string message, params string[] args)
    {
        Assert.Equal(2, Run(new FakeServices(), args));
        Assert.Contains(message, _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("--help' shows what there is", _error.ToString(), StringComparison.Ordinal);
        Assert.Empty(_output.ToString());
    }

    [Fact]
    public void Every_command_has_a_service() =>
        Assert.All(typeof(CommandServices).GetProperties().Where(p => p.PropertyType.IsInterface), p => Assert.NotNull(p.GetValue(CommandServices.Create())));

    [Fact]
    public void No_command_shows_the_commands()
    {
        Assert.Equal(2, Run(new FakeServices()));
        Assert.Contains("quickstart", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Expected_error_is_one_sentence()
    {
        Assert.Equal(1, Run(new FakeServices(), "distill", "none.yaml"));
        Assert.Equal("error: none.yaml: there is no such configuration file\n", _error.ToString());
        Assert.Equal(1, Run(new FakeServices { Failure = new StorageException("full") }, "quickstart"));
        Assert.EndsWith("error: full\n", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Trace_is_shown_on_demand_only()
    {
        Assert.Equal(1, Run(new FakeServices { Failure = new InvalidOperationException("oops") }, "quickstart"));
        Assert.DoesNotContain("   at ", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("internal error: InvalidOperationException: oops", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, Run(new FakeServices { Failure = new InvalidOperationException("oops") }, "quickstart", "--debug"));
        Assert.Contains("   at ", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Interrupted_run_says_how_to_go_on()
    {
        Assert.Equal(130, Run(new FakeServices { Interrupted = true }, "quickstart"));
        Assert.Contains("--resume --out runs/x", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Progress_goes_to_the_error_stream_as_plain_lines()
    {
        Run(new FakeServices(), "distill", ConfigFile());
        Assert.Contains("student  1/2  loss 0.5000  lr 1.00e-3  20 ms/step  ETA 0:0", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("a line\n", _error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("a line", _output.ToString(), StringComparison.Ordinal);
    }

    private int Run(FakeServices services, params string[] args) =>
        new CommandLineApplication(services.All, new Terminal(_output, _error, Interactive: false)).Run(args);

    private static string ConfigFile() => RepositoryRoot.File("configs", "camvid-128x96.yaml");
}
