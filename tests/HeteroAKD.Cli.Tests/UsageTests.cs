using System.CommandLine;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Plans;

namespace HeteroAKD.Cli.Tests;

/// <summary>Every option of every command with a value that it cannot have.</summary>
public sealed class UsageTests
{
    private static readonly string[] s_nonsense = ["nonsense", "-1", "NaN", "1e99", "99999999999999999999", "0x", "", "\0", "é"];

    // What a command cannot do without, so that the option under test is the only error.
    private static readonly Dictionary<string, string[]> s_needed = new()
    {
        ["quickstart"] = [],
        ["train"] = ["none.yaml", "--network", "distilled"],
        ["distill"] = ["none.yaml"],
        ["experiment"] = ["none.yaml"],
        ["eval"] = ["a.safetensors", "--out", "results"],
        ["predict"] = ["a.safetensors", "a.png"],
        ["import"] = ["a.pth", "--model", "segformer-b0", "--out", "b.safetensors"],
        ["export"] = ["a.safetensors", "--out", "b.onnx"],
        ["data check"] = ["folder"],
        ["analyze cka"] = ["a.safetensors", "b.safetensors"],
        ["info"] = ["segformer-b0"],
        ["gradcheck"] = [],
        ["op"] = ["gelu", "--in", "a.safetensors", "--out", "b.safetensors"],
    };

    public static TheoryData<string> Commands => [.. s_needed.Keys];

    [Fact]
    public void Every_command_is_here() =>
        Assert.Equal(
            s_needed.Keys.Order(),
            Root().Subcommands.SelectMany(c => c.Subcommands.Count > 0 ? c.Subcommands.Select(s => $"{c.Name} {s.Name}") : [c.Name]).Order());

    [Theory]
    [MemberData(nameof(Commands))]
    public void A_value_that_an_option_cannot_have_is_a_usage_error_that_names_it(string command)
    {
        foreach (Option option in OptionsOf(command))
        {
            foreach (string value in s_nonsense.Where(value => !IsPath(option) || value is "" or "\0"))
            {
                (int code, string error) = Run([.. Line(command, option.Name), option.Name, value]);
                Assert.True(code == 2, $"{command} {option.Name} '{value}': exit code {code}, {error}");
                Assert.Contains(option.Name, error.Split('\n')[0], StringComparison.Ordinal);
                Assert.Contains($"'heteroakd {command} --help' shows what there is", error, StringComparison.Ordinal);
                Assert.DoesNotContain("defect", error, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void An_option_without_its_value_is_a_usage_error(string command)
    {
        foreach (Option option in OptionsOf(command))
        {
            (int code, string error) = Run([.. Line(command, option.Name), option.Name]);
            Assert.True(code == 2, $"{command} {option.Name}: exit code {code}, {error}");
        }
    }

    [Theory]
    [InlineData("did you mean pth?", "export", "a", "--out", "b", "--format", "pt")]
    [InlineData("did you mean distilled?", "train", "a.yaml", "--network", "distiled")]
    [InlineData("did you mean segformer-b0?", "import", "a", "--out", "b", "--model", "segformer-bo")]
    [InlineData("did you mean mmseg?", "import", "a", "--out", "b", "--model", "segformer-b0", "--from", "mmsg")]
    [InlineData("did you mean cuda?", "info", "--device", "coda")]
    [InlineData("did you mean bf16?", "info", "--precision", "fb16")]
    [InlineData("did you mean cityscapes?", "data", "check", "a", "--kind", "cityscape")]
    [InlineData("did you mean test?", "eval", "a", "--split", "tset")]
    [InlineData("did you mean overlay?", "eval", "a", "--out", "o", "--save", "color,overlays")]
    [InlineData("--seeds takes 1 to 100, not 'x'", "quickstart", "--seeds", "x")]
    [InlineData("--classes takes a whole number, at least 1, not 'x'", "import", "a", "--out", "b", "--model", "segformer-b0", "--classes", "x")]
    [InlineData("--set takes key=value, such as optimizer.lr=1e-3, not 'optimizer.lr'", "quickstart", "--set", "optimizer.lr")]
    public void The_error_says_what_the_option_takes(string expected, params string[] arguments)
    {
        (int code, string error) = Run(arguments);
        Assert.Equal(2, code);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("optimizer.lrr=1", "optimizer.lr")]
    [InlineData("optimizer.lr=fast", "optimizer.lr")]
    [InlineData("training.steps=-1", "training.steps")]
    [InlineData("data.kind=scene", "scenes")]
    public void What_set_cannot_set_is_a_usage_error(string text, string named)
    {
        (int code, string error) = Run(["quickstart", "--set", text]);
        Assert.Equal(2, code);
        Assert.StartsWith($"error: --set {text}: ", error, StringComparison.Ordinal);
        Assert.Contains(named, error[$"error: --set {text}: ".Length..], StringComparison.Ordinal);
    }

    // What the option under test needs beside it, and not itself.
    private static string[] Line(string command, string option)
    {
        string[] needed = s_needed[command];
        int at = Array.IndexOf(needed, option);
        return [.. command.Split(' '), .. at < 0 ? needed : [.. needed[..at], .. needed[(at + 2)..]]];
    }

    private static bool IsPath(Option option) => option.HelpName is "path" or "file";

    private static List<Option> OptionsOf(string command)
    {
        RootCommand root = Root();
        Command at = command.Split(' ').Aggregate((Command)root, (parent, name) => parent.Subcommands.Single(c => c.Name == name));
        return [.. at.Options.Concat(root.Options.Where(o => o.Recursive)).Where(o => o is { Hidden: false, Arity.MinimumNumberOfValues: > 0 })];
    }

    private static RootCommand Root() =>
        new CommandLineApplication(Services(), new Terminal(TextWriter.Null, TextWriter.Null, Interactive: false)).CreateRoot(CancellationToken.None);

    // All commands; those that do not run on the fakes would fail at the missing files, with another exit code.
    private static CommandServices Services() => new FakeServices().All with
    {
        DataCheck = new DataCheckService(),
        Experiment = new ExperimentService(new ChildProcessStarter(), new DryRunService(), TimeProvider.System),
    };

    private static (int Code, string Error) Run(string[] arguments)
    {
        using StringWriter error = new() { NewLine = "\n" };
        int code = new CommandLineApplication(Services(), new Terminal(TextWriter.Null, error, Interactive: false)).Run(arguments);
        return (code, error.ToString());
    }
}
