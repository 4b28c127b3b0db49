using System.CommandLine;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using HeteroAKD.Training.Commands;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Cli.Commands;

/// <summary><c>heteroakd info</c>.</summary>
internal sealed class InfoCommand : Command
{
    private const double BytesPerGibibyte = 1L << 30;

    public InfoCommand(IInfoCommand service, Terminal terminal)
        : base("info", "Show the devices of this machine, their lanes and memory")
    {
        SetAction(_ =>
        {
            string version = typeof(InfoCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
            double memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / BytesPerGibibyte;
            terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"heteroakd {version.Split('+')[0]}, {RuntimeInformation.FrameworkDescription} on {RuntimeInformation.RuntimeIdentifier}, {Environment.ProcessorCount} cores, {memory:F1} GiB\n"));
            var table = new TextTable("device", "memory GiB", "usable", "what") { Words = [0, 2, 3] };
            foreach (DeviceInfo device in service.Devices())
            {
                string size = device.MemoryBytes > 0 ? (device.MemoryBytes / BytesPerGibibyte).ToString("F1", CultureInfo.InvariantCulture) : "-";
                table.Row(device.Name, size, device.Available ? "yes" : "no", string.Join("; ", new[] { device.Description, device.Note }.Where(t => t.Length > 0)));
            }

            terminal.Out.Write(table);
            return ExitCode.Success;
        });
    }
}
