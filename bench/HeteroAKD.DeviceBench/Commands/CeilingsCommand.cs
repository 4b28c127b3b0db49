using System.CommandLine;
using HeteroAKD.Cli;
using HeteroAKD.DeviceBench.Ceilings;
using HeteroAKD.Tensors;

namespace HeteroAKD.DeviceBench.Commands;

/// <summary><c>ceilings</c>: what the device could do at most, and what a launch costs the host.</summary>
internal sealed class CeilingsCommand : Command
{
    private const int FullCopied = 128 << 20; // elements: 512 MiB each way
    private const int FullThreads = 1 << 20;
    private const int FullIterations = 1 << 6;
    private const int FullLaunches = 100_000;
    private const int SmallCopied = 1 << 20;
    private const int SmallThreads = 1 << 12;
    private const int SmallIterations = 1 << 4;
    private const int SmallLaunches = 1_000;
    private const double Giga = 1e9;
    private const double Microseconds = 1e6;

    private readonly Option<bool> _small = new("--small") { Description = "Small sizes: to see that everything runs" };
    private readonly Option<string?> _json = new("--json") { Description = "Write the figures to this file", HelpName = "file" };

    /// <summary>Declares the command.</summary>
    public CeilingsCommand(CommonOptions options, Terminal terminal)
        : base("ceilings", "Measure copy bandwidth, multiply-adds and the cost of an empty launch")
    {
        Add(_small);
        Add(_json);
        SetAction(result =>
        {
            using Device device = Device.Open(result.GetValue(options.Device) ?? "auto");
            DeviceCeilings ceilings = result.GetValue(_small)
                ? DeviceCeilings.Measure(device, SmallCopied, SmallThreads, SmallIterations, SmallLaunches)
                : DeviceCeilings.Measure(device, FullCopied, FullThreads, FullIterations, FullLaunches);
            terminal.Out.WriteLine(ceilings.Description);
            terminal.Out.WriteLine(FormattableString.Invariant($"copy by a kernel      {ceilings.CopyKernelBytesPerSecond / Giga:F1} GB/s (read + written)"));
            if (ceilings.MemcpyBytesPerSecond is { } memcpy)
            {
                terminal.Out.WriteLine(FormattableString.Invariant($"copy by the driver    {memcpy / Giga:F1} GB/s (read + written)"));
            }

            terminal.Out.WriteLine(FormattableString.Invariant($"float32 multiply-add  {ceilings.FmaFlopsPerSecond / Giga:F1} GFLOP/s"));
            terminal.Out.WriteLine(
                FormattableString.Invariant($"empty launch          {ceilings.LaunchSeconds * Microseconds:F2} µs of the host ({ceilings.Launches} launches)"));
            JsonFile.Write(result.GetValue(_json), ceilings);
            return ExitCode.Success;
        });
    }
}
