using System.Diagnostics;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Plans;

namespace HeteroAKD.Experiments.Tests.Configuration;

/// <summary>Texts that say nothing, say it wrongly, or would cost more than their length.</summary>
public sealed class HostileYamlTests
{
    [Theory]
    [InlineData("out: null\n")]
    [InlineData("out: ~\n")]
    [InlineData("out: NULL\n")]
    [InlineData("out:\n")]
    [InlineData("data: null\n")]
    [InlineData("data: {root: Null}\n")]
    public void Null_is_no_value(string yaml) =>
        Assert.Equal(ConfigurationWriter.Write(new ExperimentConfig()), ConfigurationWriter.Write(ConfigurationReader.ReadText(yaml, "text")));

    [Theory]
    [InlineData("seed: null\n", "text:1: seed has no value; it must be a whole number")]
    [InlineData("data: {cache: ~}\n", "text:1: data.cache has no value; it must be one of off, ram, disk")]
    [InlineData("augmentation:\n  mean: null\n", "text:2: augmentation.mean must be a list like [1, 2], not nothing")]
    [InlineData("augmentation:\n  mean: [0, null, 0]\n", "text:2: augmentation.mean[1] has no value; it must be a number")]
    [InlineData("distillation: {terms: {kd: {weight: null}}}\n", "text:1: distillation.terms.kd.weight has no value; it must be a number or auto")]
    [InlineData("device: null\n", "text: device must be one of auto, cpu, cuda, opencl, ilgpu-cpu, not ''")]
    public void Null_is_an_error_where_a_value_is_needed(string yaml, string message) =>
        Assert.Equal(message, Assert.Throws<ConfigurationException>(() => ConfigurationReader.ReadText(yaml, "text")).Message);

    [Theory]
    [InlineData("null")]
    [InlineData("Null")]
    [InlineData("~")]
    [InlineData("a\nb\t\u0001c")]
    [InlineData(" 'a' \"b\" ")]
    public void A_written_text_reads_back(string text)
    {
        string written = ConfigurationWriter.Write(new ExperimentConfig { Out = text });
        Assert.Equal(text, ConfigurationReader.ReadText(written, "written").Out);
    }

    [Theory]
    [InlineData("data.root=/x/run #2", "/x/run #2")]
    [InlineData("data.root= a: [b, {c", " a: [b, {c")]
    [InlineData("data.root='q'", "'q'")]
    [InlineData("data.root=a=b", "a=b")]
    [InlineData("data.root=null", "null")]
    [InlineData("data.root=&x *y !z |", "&x *y !z |")]
    [InlineData("data.root=", "")]
    public void An_override_of_a_text_takes_all_that_follows(string text, string root) =>
        Assert.Equal(root, ConfigurationReader.ReadText("", "text", [text]).Data.Root);

    [Theory]
    [InlineData("seed=3 #4", "--set seed=3 #4: column 8: '#' begins a comment, and '4' would be dropped; remove it, or quote the text")]
    [InlineData("augmentation.mean=[0, 0, 0] # three", "--set augmentation.mean=[0, 0, 0] # three: column ")]
    [InlineData("seed=#4", "--set seed=#4: column 6: '#' begins a comment")]
    [InlineData("seed=[1", "--set seed=[1: column ")]
    [InlineData("seed=3\n--- 4", "--set seed=3\n--- 4: column ")]
    [InlineData("data={root: *a}", "--set data={root: *a}: column 13: the alias *a has no anchor &a before it")]
    public void An_override_drops_nothing(string text, string message) =>
        Assert.StartsWith(
            message, Assert.Throws<ConfigurationException>(() => ConfigurationReader.ReadText("", "text", [text])).Message, StringComparison.Ordinal);

    [Fact]
    public void Settings_of_a_plan_are_texts_as_they_stand()
    {
        PlanSection plan = PlanSection.Parse(
            "set: {data.root: '/x/run #2', student: {model: 'm ''n', checkpoint: null}, optimizer.betas: [0.5, 0.6], distillation: {method: 'kd'}}\n", "plan");
        Assert.Equal(
            ["data.root=/x/run #2", "student.model=m 'n", "student.checkpoint=", "optimizer.betas=[0.5, 0.6]", "distillation.method=kd"],
            SettingsText.Flatten(plan.Find("set")!).Select(s => s.Override));
    }

    [Theory]
    [InlineData("a: [[b", "text:2:1: this is not valid YAML: While parsing a flow sequence, did not find expected ',' or ']'.")]
    [InlineData("seed: 1\ndata:\n  : 3\n", "text:3:")]
    [InlineData("? \n: 3\n", "text:1:")]
    [InlineData("seed: 1\n'': 3\n", "text:2:1: a key is empty; write 'key: value'")]
    [InlineData("{&a [*a]: 1}", "text:1:2: a key must be a word")]
    [InlineData("seed: 1\n? {a: 1}\n: 2\n", "text:2:3: a key must be a word")]
    [InlineData("a: &a {b: 1}\n*a : 2\n", "text:2:1: a key must be a word")]
    [InlineData("a: &a [*a]\n", "text:1:8: the alias *a stands for a section that it is a part of")]
    [InlineData("a: *b\n", "text:1:4: the alias *b has no anchor &b before it")]
    [InlineData("data: {root: \"a\\0b\"}\n", "text:1:14: a text holds a NUL character, which no name or path can have")]
    [InlineData("seed: 'x\n", "text:1:7: this is not valid YAML")]
    [InlineData("%YAML 9.9\n---\nseed: 1\n", "text:1:1: this is not valid YAML")]
    public void Errors_name_line_and_column(string yaml, string message)
    {
        Assert.StartsWith(message, Assert.Throws<ConfigurationException>(() => ConfigurationReader.ReadText(yaml, "text")).Message, StringComparison.Ordinal);
        Assert.StartsWith(
            message.Replace("text:", "text (the configuration in it):", StringComparison.Ordinal),
            Assert.Throws<ConfigurationException>(() => ConfigurationReader.ReadKept(yaml, "text")).Message,
            StringComparison.Ordinal);
        Assert.StartsWith(message, Assert.Throws<ConfigurationException>(() => PlanReader.ReadText(yaml, "text")).Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Costly => new()
    {
        { new string('[', 45_000), "more than 32 levels deep" },
        { string.Concat(Enumerable.Repeat("{a: ", 45_000)), "more than 32 levels deep" },
        { string.Concat(Enumerable.Repeat("- ", 45_000)), "more than 32 levels deep" },
        { "a: [" + string.Concat(Enumerable.Repeat("1,", 30_000)) + "]", "more than 20000 values" },
        { "a0: &a0 [1, 1]\n" + string.Concat(Enumerable.Range(1, 30).Select(i => $"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n")), "more than 20000 values" },
        { "a0: &a0 [1]\n" + string.Concat(Enumerable.Range(1, 40).Select(i => $"a{i}: &a{i} [*a{i - 1}]\n")), "more than 32 levels deep" },
        { "a: &a {k: 1}\nb: &b {? *a : 1, ? [*a] : 2}\n", "a key must be a word" },
        { "a: " + new string('x', 1_100_000), "up to 1048576 are read" },
    };

    [Theory]
    [MemberData(nameof(Costly))]
    public void A_text_that_costs_more_than_its_length_is_refused(string yaml, string problem) =>
        Assert.Contains(problem, Assert.Throws<ConfigurationException>(() => ConfigurationReader.ReadText(yaml, "text")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("/dev/zero", "it is a device, not a file")]
    [InlineData("pipe", "it is a named pipe, not a file")]
    [InlineData("sparse", "bytes, and at most 1048576 are read")]
    public void Only_regular_files_of_their_size_are_read(string kind, string problem)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("only Linux is asked what a path leads to");
        }

        using TemporaryFolder folder = new();
        string path = kind.StartsWith('/') ? kind : folder.File(kind);
        if (kind == "pipe")
        {
            using Process make = Process.Start("mkfifo", [path]);
            make.WaitForExit();
        }
        else if (kind == "sparse")
        {
            using FileStream file = File.Create(path);
            file.SetLength(1900L << 20);
        }

        string child = folder.File("child.yaml", $"extends: {path}\n");
        foreach (Action read
            in new Action[] { () => ConfigurationReader.ReadFile(path), () => ConfigurationReader.ReadFile(child), () => PlanReader.ReadFile(path) })
        {
            string message = Assert.Throws<ConfigurationException>(read).Message;
            Assert.StartsWith(path, message, StringComparison.Ordinal);
            Assert.Contains(problem, message, StringComparison.Ordinal);
        }
    }
}
