using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using HeteroAKD.Tensors;

namespace HeteroAKD.Cli.Tests;

/// <summary>
/// <c>bench/device.sh</c> from end to end on this machine: what a GPU machine runs, on small sizes, with the program as it is built beside the tests.
/// </summary>
public sealed class DeviceScriptTests
{
    private const int MostFiles = 8;

    private static readonly string s_program = Path.Combine(AppContext.BaseDirectory, "heteroakd-device.dll");

    [Fact]
    public void Small_run_on_the_host_reports_every_row()
    {
        RequireTools();
        using TemporaryFolder folder = new();
        string result = Path.Combine(folder.Path, "result");

        (int code, string output) = Run("--file", s_program, "--device", "cpu", "--small", "--out", result);

        Assert.True(code == 0, output);
        JsonElement report = Json(Path.Combine(result, "result.json"));
        Assert.Equal("done", report.GetProperty("status").GetString());
        Assert.All(report.GetProperty("steps").EnumerateArray(), step => Assert.NotEqual("failed", step.GetProperty("status").GetString()));
        Assert.Equal(0, report.GetProperty("cases").GetProperty("failed").GetInt32());
        Assert.Equal(0, report.GetProperty("cases").GetProperty("differentBits").GetInt32());
        Dictionary<string, JsonElement> rows = report.GetProperty("rows").EnumerateArray().ToDictionary(r => r.GetProperty("id").GetString()!);
        string table = File.ReadAllText(Path.Combine(result, "result.md"));
        foreach (JsonElement expected in Json(RepositoryRoot.File("bench", "reference", "rows.json")).EnumerateArray())
        {
            JsonElement row = rows[expected.GetProperty("id").GetString()!];
            JsonElement ours = row.GetProperty("ours");
            bool timed = ours.TryGetProperty("full", out JsonElement full) && full.GetProperty("median").GetDouble() > 0;
            Assert.True(timed || (ours.GetProperty("status").GetString() == "unavailable" && row.GetProperty("why").GetArrayLength() > 0), row.ToString());
            Assert.Contains($"| {expected.GetProperty("title").GetString()} ", table, StringComparison.Ordinal);
        }

        Assert.InRange(Directory.GetFiles(result, "*", SearchOption.AllDirectories).Length, 2, MostFiles);
    }

    [Fact]
    public void Without_a_GPU_it_says_so_and_writes_the_report()
    {
        RequireTools();
        Assert.SkipWhen(AcceleratorDevice.HasCuda, "this machine has a CUDA device");
        using TemporaryFolder folder = new();
        string result = Path.Combine(folder.Path, "result");

        (int code, string output) = Run("--file", s_program, "--device", "cuda", "--out", result);

        Assert.Equal(3, code);
        string reason = Assert.Throws<DeviceNotAvailableException>(() => Device.Open("cuda")).Reason;
        Assert.Contains($"no GPU: {reason}", output, StringComparison.Ordinal);
        Assert.StartsWith("no GPU: ", Json(Path.Combine(result, "result.json")).GetProperty("status").GetString(), StringComparison.Ordinal);
        Assert.Contains("**no GPU: ", File.ReadAllText(Path.Combine(result, "result.md")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("takes no '--devise'", "--devise", "cpu")]
    [InlineData("not 'tpu'", "--device", "tpu")]
    [InlineData("--budget takes whole seconds", "--budget", "soon")]
    [InlineData("no-such-file is missing", "--file", "no-such-file")]
    public void Wrong_usage_is_named(string message, params string[] arguments)
    {
        RequireTools();
        (int code, string output) = Run(arguments);
        Assert.Equal(2, code);
        Assert.Contains(message, output, StringComparison.Ordinal);
    }

    [Fact]
    public void Verdicts_follow_the_bars()
    {
        RequireTools();
        (int code, string output) = Start("python3", RepositoryRoot.File("bench", "reference", "summary.py"), "--self-test");
        Assert.True(code == 0, output);
    }

    private static (int Code, string Output) Run(params string[] arguments) => Start("bash", [RepositoryRoot.File("bench", "device.sh"), .. arguments]);

    private static (int Code, string Output) Start(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output.Result + error);
    }

    private static JsonElement Json(string path) => JsonDocument.Parse(File.ReadAllText(path)).RootElement;

    private static void RequireTools()
    {
        foreach (string tool in new[] { "bash", "python3" })
        {
            Assert.SkipUnless(Exists(tool), $"{tool} is not installed");
        }
    }

    private static bool Exists(string tool)
    {
        try
        {
            return Start(tool, "--version").Code == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
