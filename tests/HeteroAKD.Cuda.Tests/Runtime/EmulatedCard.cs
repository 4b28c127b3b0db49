using System.Diagnostics;
using System.Runtime.InteropServices;
using HeteroAKD.Cuda.Tests.Runtime;

[assembly: AssemblyFixture(typeof(EmulatedCard))]

namespace HeteroAKD.Cuda.Tests.Runtime;

/// <summary>
/// The emulated driver, made by the native compiler if it is older than its sources, and loaded before anybody looks for a driver. Kernels of these tests are
/// kept in a folder of their own.
/// </summary>
public sealed unsafe class EmulatedCard : IDisposable
{
    private const string Library = "libcuda.so.1";

    private static readonly string s_project = RepositoryRoot.File("tests", "HeteroAKD.CudaEmulator");
    private static readonly string s_output = Path.Combine(AppContext.BaseDirectory, "emulator");
    private readonly TemporaryFolder _cache = new();
    private readonly string? _problem;
    private readonly nint _library;

    public EmulatedCard()
    {
        Environment.SetEnvironmentVariable("XDG_CACHE_HOME", _cache.Path);

        // Trials say nothing where nothing has a speed.
        Environment.SetEnvironmentVariable("HETEROAKD_TUNE", "off");
        _problem = RuntimeInformation.RuntimeIdentifier.StartsWith("linux", StringComparison.Ordinal) ? Publish() : "the emulated driver is made for Linux";
        if (_problem is null)
        {
            _library = NativeLibrary.Load(Path.Combine(s_output, Library));
        }
    }

    /// <summary>The folder of the library, for LD_LIBRARY_PATH of a process.</summary>
    public string Folder => s_output;

    /// <summary>What the emulator said of the last error: kernel, line, block, thread and address.</summary>
    public string LastError
    {
        get
        {
            byte* text = stackalloc byte[4096];
            ((delegate* unmanaged<byte*, int, int>)NativeLibrary.GetExport(_library, "emulator_last_error"))(text, 4096);
            return Marshal.PtrToStringUTF8((nint)text)!;
        }
    }

    /// <summary>Matrix instructions that were run so far.</summary>
    public long MatrixInstructions => Counted(2);

    /// <summary>Passes over shared memory beyond the first, so far.</summary>
    public long BankConflicts => Counted(5);

    /// <summary>Skips the test where the driver cannot be made.</summary>
    public void Require() => Assert.SkipWhen(_problem is not null, _problem ?? "");

    public void Dispose() => _cache.Dispose();

    private long Counted(int number)
    {
        long* counts = stackalloc long[number + 1];
        ((delegate* unmanaged<long*, int, int>)NativeLibrary.GetExport(_library, "emulator_statistics"))(counts, number + 1);
        return counts[number];
    }

    private static bool HasLinker() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator).Any(p => File.Exists(Path.Combine(p, "clang")) || File.Exists(Path.Combine(p, "gcc")));

    private static string? Publish()
    {
        FileInfo library = new(Path.Combine(s_output, Library));
        if (library.Exists
            && Directory.EnumerateFiles(s_project, "*.cs", SearchOption.AllDirectories).All(p => File.GetLastWriteTimeUtc(p) <= library.LastWriteTimeUtc))
        {
            return null;
        }

        if (!HasLinker())
        {
            return "the emulated driver needs a C linker to be made (on Debian: apt-get install gcc libc6-dev)";
        }

        ProcessStartInfo start = new(
            "dotnet", ["publish", s_project, "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "-o", s_output, "--nologo", "-v", "q"])
        {
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start)!;
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? null : throw new InvalidOperationException($"the emulated driver could not be made: {said.Trim()}");
    }
}
