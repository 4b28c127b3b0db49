using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace HeteroAKD.Tensors.Tests.Devices.Gates;

/// <summary>What the assembler made of a kernel.</summary>
/// <param name="Registers">Of a thread.</param>
/// <param name="SpilledBytes">Bytes that are written to or read from local memory because registers do not suffice, and of the stack.</param>
/// <param name="SharedBytes">Static shared memory of a block.</param>
internal readonly record struct AssembledKernel(int Registers, int SpilledBytes, int SharedBytes);

/// <summary>
/// NVIDIA's assembler, which turns PTX into the code of a card without one: named by the environment variable HETEROAKD_PTXAS, else in PATH. It comes with the
/// CUDA toolkit; on Debian with the package nvidia-cuda-toolkit.
/// </summary>
internal sealed partial class Ptxas
{
    private const string Variable = "HETEROAKD_PTXAS";
    private const int MostSeconds = 120;

    // The first release that knows sm_90.
    private static readonly Version s_oldest = new(11, 8);

    private readonly string _path;
    private readonly Version _isa;

    private Ptxas(string path, Version release)
    {
        _path = path;
        Release = release;

        // CUDA 11.8 reads PTX 7.8, 12.0 reads 8.0, and so on.
        _isa = new(release.Major - 4, release.Minor);
    }

    /// <summary>Release of the CUDA toolkit.</summary>
    public Version Release { get; }

    /// <summary>The assembler of this machine; null, with the reason, where there is none.</summary>
    public static (Ptxas? Tool, string Problem) Find()
    {
        string? named = Environment.GetEnvironmentVariable(Variable);
        string? path = named
            ?? Environment.GetEnvironmentVariable("PATH")?.Split(Path.PathSeparator)
                .Select(folder => Path.Combine(folder, "ptxas")).FirstOrDefault(File.Exists);
        if (path is null || !File.Exists(path))
        {
            return (null, named is null
                ? $"no ptxas in PATH, and {Variable} is not set: kernels are not assembled (.ci/run fetches one; decision 32 in docs/decisions.md)"
                : $"{Variable} names {named}, which is no file: kernels are not assembled");
        }

        (int code, string said) = Run(path, "--version");
        Match release = ReleaseLine().Match(said);
        if (code != 0 || !release.Success)
        {
            return (null, $"{path} --version returned {code} and no release: kernels are not assembled");
        }

        Version version = Version.Parse(release.Groups[1].Value);
        return version < s_oldest ? (null, $"{path} is of CUDA {version}; sm_90 needs {s_oldest}: kernels are not assembled") : (new Ptxas(path, version), "");
    }

    /// <summary>Assembles a kernel, in a folder of its own.</summary>
    /// <exception cref="InvalidOperationException">The assembler refused; the message holds what it said.</exception>
    public AssembledKernel Assemble(string ptx, int capability)
    {
        using TemporaryFolder folder = new();
        string source = folder.File("kernel.ptx", Lowered(ptx));
        (int code, string said) = Run(_path, $"-arch=sm_{capability}", "-v", source, "-o", folder.File("kernel.cubin"));
        Match used = Used().Match(said);
        return code == 0 && used.Success
            ? new(Sum(Used(), said), Sum(Spilled(), said), Sum(Shared(), said))
            : throw new InvalidOperationException($"ptxas {Release} for sm_{capability} returned {code}: {string.Join(' ', said.Split('\n').Take(4))}");
    }

    // An older assembler refuses a text of a newer version, though ILGPU uses none of its instructions.
    private string Lowered(string ptx)
    {
        Match version = VersionLine().Match(ptx);
        return Version.Parse(version.Groups[1].Value) > _isa ? ptx.Replace(version.Value, $".version {_isa}", StringComparison.Ordinal) : ptx;
    }

    private static int Sum(Regex pattern, string said) =>
        pattern.Matches(said).SelectMany(m => m.Groups.Values.Skip(1)).Sum(g => int.Parse(g.ValueSpan, CultureInfo.InvariantCulture));

    private static (int Code, string Said) Run(string path, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(path, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromSeconds(MostSeconds)))
        {
            process.Kill();
            return (-1, $"no end after {MostSeconds} s");
        }

        return (process.ExitCode, output.Result + errors.Result);
    }

    [GeneratedRegex(@"release (\d+\.\d+)")]
    private static partial Regex ReleaseLine();

    [GeneratedRegex(@"^\.version (\d+\.\d+)", RegexOptions.Multiline)]
    private static partial Regex VersionLine();

    [GeneratedRegex(@"Used (\d+) registers")]
    private static partial Regex Used();

    [GeneratedRegex(@"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")]
    private static partial Regex Spilled();

    [GeneratedRegex(@"(\d+) bytes smem")]
    private static partial Regex Shared();
}
