using HeteroAKD.Data;
using HeteroAKD.Nn;

namespace HeteroAKD.Cli.Tests;

/// <summary>Everything a user can get wrong: exit code not 0, one sentence with the place and the remedy, no stack trace.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("", "seeed: 1\n", "seeed", "did you mean seed")]
    [InlineData("", "training: {steps: many}\n", "training.steps", "many")]
    [InlineData("", "training: {steps: }\n", "training.steps", "")]
    [InlineData("", "training: [\n", "tiny.yaml", "not valid YAML")]
    [InlineData("", "student: {model: tiny-cnn-studnet}\n", "student.model", "did you mean tiny-cnn-student?")]
    [InlineData("", "distillation: {reduction: image}\n", "distillation.reduction", "pixel")]
    [InlineData("", "data: {kind: list}\n", "data.root", "must name the data set's folder")]
    [InlineData("", "data: {size: {width: 50, height: 32}}\n", "50x32", "multiples of 32")]
    [InlineData("", "training: {batchSize: 100}\n", "3 images do not fill one batch of 100", "Set training.batchSize")]
    [InlineData("--device cuda", "", "device 'cuda' is not available", "--device cpu")]
    [InlineData("--set device=gpu", "", "device must be one of", "cuda")]
    [InlineData("--set optimiser.lr=1", "", "optimiser", "did you mean optimizer")]
    [InlineData("--resume", "", "holds no run to resume", "--resume")]
    public void Wrong_configuration(string options, string yaml, string problem, string remedy)
    {
        if (options.Contains("cuda", StringComparison.Ordinal) && Tensors.AcceleratorDevice.HasCuda)
        {
            Assert.Skip("this machine has the device that is asked for");
        }

        // A key that stands twice is wrong YAML: what the case sets goes from the common part.
        string section = yaml.Split(':')[0];
        IEnumerable<string> common = TinyRun.Scenes.Split('\n').Where(line => section.Length == 0 || !line.StartsWith(section + ":", StringComparison.Ordinal));
        string config = _folder.File("tiny.yaml", section == "data" ? yaml : string.Join('\n', common) + "\n" + yaml);
        AssertRefused(["train", config, "--out", _folder.File("run"), .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)], problem, remedy);
        Assert.False(File.Exists(Path.Combine(_folder.Path, "run", "student-last.safetensors")));
    }

    [Fact]
    public void Missing_files()
    {
        AssertRefused(["train", _folder.File("none.yaml")], "none.yaml", "no such configuration file");
        AssertRefused(["eval", _folder.File("none.safetensors")], "none.safetensors", "Give the path");
        AssertRefused(["export", _folder.File("none.safetensors"), "--out", _folder.File("x.onnx")], "none.safetensors", "Give the path");
        string config = _folder.File("tiny.yaml", TinyRun.Lists(_folder.File("nowhere")));
        AssertRefused(["train", config, "--out", _folder.File("run")], "nowhere", "set data.root");
    }

    [Theory]
    [InlineData("id", "label id 77 at column 1, row 0", "add the class")]
    [InlineData("size", "the labels are 32x64, their image", "Make both the same size")]
    [InlineData("cut", "cut short", "")]
    [InlineData("empty file", "neither", "PNG")]
    [InlineData("gone", "does not exist", "")]
    [InlineData("pair", "line 2 is \"i0.png\"", "image label")]
    [InlineData("empty list", "the list is empty", "pair a line")]
    public void Wrong_data(string defect, string problem, string remedy)
    {
        string root = MakeData();
        Spoil(root, defect);
        string config = _folder.File("tiny.yaml", TinyRun.Lists(root));
        AssertRefused(["train", config, "--out", _folder.File("run")], root, problem, remedy);
    }

    [Fact]
    public void Wrong_checkpoints()
    {
        string config = _folder.File("tiny.yaml", TinyRun.Scenes);
        string run = _folder.File("run");
        Assert.Equal(0, Run(["train", config, "--out", run]).Code);
        string whole = Path.Combine(run, "student-last.safetensors");
        string cut = _folder.File("cut.safetensors");
        File.WriteAllBytes(cut, File.ReadAllBytes(whole)[..^100]);
        AssertRefused(["eval", cut], cut, "cut short", "-best.safetensors");
        AssertRefused(["predict", cut, "x.png"], cut, "cut short");
        AssertRefused(["eval", config], config, "is a text file, such as a configuration, not a checkpoint", "Give the path of a .safetensors file");
        AssertRefused(["predict", whole, _folder.File("none.png")], "none.png", "does not exist");

        // A teacher of another architecture than the configuration names, and a damaged one of this run.
        AssertRefused(
            ["distill", config, "--out", _folder.File("other"), "--set", $"teacher.checkpoint={whole}"],
            whole,
            "another model (tiny-cnn-student)",
            "Name the model");
        File.Copy(cut, whole, overwrite: true);
        AssertRefused(["train", config, "--out", run, "--resume"], whole, "cut short", "-best.safetensors");
    }

    [Theory]
    [InlineData("deeplabv3-resnet81", "there is no model 'deeplabv3-resnet81'", "Did you mean 'deeplabv3-resnet18'", "pspnet-mit-b5")]
    [InlineData("segformer-b0 --size 8x8", "an image of 8x8 does not go through segformer-b0", "take another size")]
    [InlineData("deeplabv3-resnet18 --size 70000x70000", "[1, 3, 70000, 70000]", "2147483647 elements")]
    [InlineData("deeplabv3-resnet18 --classes 0", "--classes takes a whole number, at least 1", "not '0'")]
    public void Wrong_models(string arguments, params string[] texts) => AssertRefused(["info", .. arguments.Split(' ')], texts);

    [Fact]
    public void Full_disk()
    {
        if (!File.Exists("/dev/full"))
        {
            Assert.Skip("there is no /dev/full here, the device that is always full");
        }

        string config = _folder.File("tiny.yaml", TinyRun.Scenes);
        string run = _folder.File("run");
        Assert.Equal(0, Run(["train", config, "--out", run]).Code);
        string student = Path.Combine(run, "student-last.safetensors");
        byte[] before = File.ReadAllBytes(student);
        string teacher = Path.Combine(run, "teacher.safetensors");
        File.CreateSymbolicLink(teacher, "/dev/full");
        AssertRefused(["train", config, "--network", "teacher", "--out", run, "--resume"], teacher, "the disk is full; free some space");
        Assert.Equal(before, File.ReadAllBytes(student));
        File.Delete(teacher);
        Assert.Equal(0, Run(["train", config, "--network", "teacher", "--out", run, "--resume"]).Code);
    }

    // Two good pairs of 32x32 in three classes.
    private string MakeData()
    {
        string root = _folder.File("data");
        _folder.File("data/classes.txt", "0 a 0 0 0\n1 b 9 9 9\n255 Unlabelled 0 0 0\n");
        _folder.File("data/train.txt", "i0.png l0.png\ni1.png l1.png\n");
        for (int i = 0; i < 2; i++)
        {
            SkiaImageCodec.Instance.WritePng(Path.Combine(root, $"i{i}.png"), new RgbImage(32, 32));
            LabelPng.Write(Path.Combine(root, $"l{i}.png"), new byte[32 * 32], 32, 32);
        }

        return root;
    }

    private static void Spoil(string root, string defect)
    {
        string image = Path.Combine(root, "i0.png");
        string label = Path.Combine(root, "l0.png");
        byte[] ids = new byte[32 * 64];
        ids[1] = 77;
        Action spoil = defect switch
        {
            "id" => () => LabelPng.Write(label, ids.AsSpan(0, 32 * 32), 32, 32),
            "size" => () => LabelPng.Write(label, new byte[32 * 64], 32, 64),
            "cut" => () => File.WriteAllBytes(image, File.ReadAllBytes(image)[..^20]),
            "empty file" => () => File.WriteAllBytes(image, []),
            "gone" => () => File.Delete(image),
            "pair" => () => File.WriteAllText(Path.Combine(root, "train.txt"), "i1.png l1.png\ni0.png\n"),
            _ => () => File.WriteAllText(Path.Combine(root, "train.txt"), "\n"),
        };
        spoil();
    }

    private static void AssertRefused(string[] args, params string[] parts)
    {
        (int code, string error) = Run(args);
        Assert.NotEqual(0, code);
        string[] lines = [.. error.Split('\n').Where(line => line.Contains("error", StringComparison.Ordinal))];
        string message = Assert.Single(lines);
        Assert.StartsWith("error: ", message, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.All(parts, part => Assert.Contains(part, error, StringComparison.Ordinal));
    }

    private static (int Code, string Error) Run(string[] args)
    {
        using StringWriter output = new();
        using StringWriter error = new() { NewLine = "\n" };
        int code = new CommandLineApplication(CommandServices.Create(), new Terminal(output, error, Interactive: false)).Run(args);
        return (code, error.ToString());
    }
}
