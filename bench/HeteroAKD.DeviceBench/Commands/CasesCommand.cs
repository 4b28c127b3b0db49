using System.CommandLine;
using System.Diagnostics;
using HeteroAKD.Cli;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Checks;

namespace HeteroAKD.DeviceBench.Commands;

/// <summary><c>cases</c>: every case of the table on a device, results and gradients against the host's float64, and twice for the same bits.</summary>
internal sealed class CasesCommand : Command
{
    // The simulator needs microseconds an element and a thread of the system for each thread of a block.
    private const int SimulatorElements = 256;

    private readonly Option<string> _filter = new("--filter")
    {
        Description = "Only operations whose name contains this",
        HelpName = "text",
        DefaultValueFactory = _ => "",
    };
    private readonly Option<bool> _once = new("--once") { Description = "Without the second run for the same bits" };
    private readonly Option<string?> _json = new("--json") { Description = "Write the outcome to this file", HelpName = "file" };

    /// <summary>Declares the command.</summary>
    public CasesCommand(CommonOptions options, Terminal terminal)
        : base("cases", "Run every case of every operation on a device against the host's float64, and again for the same bits")
    {
        Add(_filter);
        Add(_once);
        Add(_json);
        SetAction(result =>
        {
            using Device device = Device.Open(result.GetValue(options.Device) ?? "auto");
            CasesOutcome outcome = Run(device, result.GetValue(_filter)!, twice: !result.GetValue(_once));
            foreach (string failure in outcome.Failures)
            {
                terminal.Out.WriteLine($"FAILED {failure}");
            }

            terminal.Out.WriteLine($"{outcome.Passed} cases passed, {outcome.Failed} failed");
            JsonFile.Write(result.GetValue(_json), outcome);
            return outcome is { Failed: 0, Passed: > 0 } ? ExitCode.Success : ExitCode.Failure;
        });
    }

    private static CasesOutcome Run(Device device, string filter, bool twice)
    {
        long start = Stopwatch.GetTimestamp();
        using Device cpu = Device.Open("cpu");
        List<string> failures = [];
        int passed = 0;
        int different = 0;
        foreach (OpCase opCase in CaseTable.All.Where(c => c.Row.Name.Contains(filter, StringComparison.OrdinalIgnoreCase) && Fits(c, device)))
        {
            string? wrong = Failure(opCase, () => CaseChecks.Float32(device, cpu, opCase));
            string? changed = wrong is null && twice ? Failure(opCase, () => CaseChecks.Repeats(device, opCase)) : null;
            passed += wrong is null && changed is null ? 1 : 0;
            different += changed is null ? 0 : 1;
            failures.AddRange(new[] { wrong, changed }.OfType<string>());
        }

        return new CasesOutcome(
            device.Name, device.Description, passed, failures.Count, twice ? different : null, failures, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private static bool Fits(OpCase opCase, Device device) => device.Name != "ilgpu-cpu" || opCase.Inputs.Sum(i => i.Shape.Count) <= SimulatorElements;

    // A kernel that does not compile or a launch that fails is a failure of its case alone.
    private static string? Failure(OpCase opCase, Action check)
    {
        try
        {
            check();
            return null;
        }
        catch (CaseFailure e)
        {
            return e.Message;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return $"{opCase.Name}: {e.GetType().Name}: {e.Message.Split('\n')[0].Trim()}";
        }
    }

    /// <summary>What came out.</summary>
    /// <param name="Device">The device's name.</param>
    /// <param name="Description">The hardware in words.</param>
    /// <param name="Passed">Cases without a failure.</param>
    /// <param name="Failed">Cases with one.</param>
    /// <param name="DifferentBits">Cases of which two runs differ; null where none was run twice.</param>
    /// <param name="Failures">A sentence each.</param>
    /// <param name="Seconds">How long it took.</param>
    private sealed record CasesOutcome(
        string Device, string Description, int Passed, int Failed, int? DifferentBits, IReadOnlyList<string> Failures, double Seconds);
}
