using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;
using HeteroAKD.Cli;
using HeteroAKD.Tensors;

namespace HeteroAKD.DeviceBench.Commands;

/// <summary><c>report</c>: everything that <c>bench/device.sh</c> does, with the scripts that this file carries.</summary>
internal sealed class ReportCommand : Command
{
    private const string Script = "device.sh";

    private readonly Argument<string[]> _arguments = new("ARGUMENTS")
    {
        Description = "Of device.sh, after --: report -- --help",
        Arity = ArgumentArity.ZeroOrMore,
    };
    private readonly Option<string?> _unpack = new("--unpack") { Description = "Only write the scripts into this folder", HelpName = "folder" };

    /// <summary>Declares the command.</summary>
    public ReportCommand(CommonOptions options, Terminal terminal)
        : base("report", "Check and measure everything, ours and PyTorch's, and write one JSON file and one table")
    {
        Add(_arguments);
        Add(_unpack);
        SetAction(result =>
        {
            if (result.GetValue(_unpack) is { } folder)
            {
                Unpack(folder);
                terminal.Out.WriteLine($"{Path.Combine(folder, Script)} --file {Environment.ProcessPath}");
                return ExitCode.Success;
            }

            List<string> passed = [.. result.GetValue(_arguments)!];
            Pass(passed, "--device", result.GetValue(options.Device));
            Pass(passed, "--out", result.GetValue(options.Out));
            return Run(passed);
        });
    }

    private static void Pass(List<string> arguments, string name, string? value)
    {
        if (value is not null)
        {
            arguments.AddRange([name, value]);
        }
    }

    private static int Run(IReadOnlyList<string> arguments)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("heteroakd-");
        try
        {
            Unpack(folder.FullName);
            string program = Environment.ProcessPath
                ?? throw new HeteroAkdException("report: the path of this program is not known; run bench/device.sh --file PATH instead.");
            using Process process = Process.Start("bash", [Path.Combine(folder.FullName, Script), "--file", program, .. arguments]);
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (Win32Exception e)
        {
            throw new HeteroAkdException(
                $"report: bash, which runs the measurement, could not be started ({e.Message}); install it, or add its folder to PATH.", e);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Writes the scripts and configurations that this file carries.</summary>
    private static void Unpack(string folder)
    {
        Assembly assembly = Assembly.GetExecutingAssembly();
        foreach (string name in assembly.GetManifestResourceNames())
        {
            string path = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using Stream content = assembly.GetManifestResourceStream(name)!;
            using FileStream file = File.Create(path);
            content.CopyTo(file);
        }
    }
}
