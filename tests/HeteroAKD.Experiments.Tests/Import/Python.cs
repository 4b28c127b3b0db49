using System.Diagnostics;

namespace HeteroAKD.Experiments.Tests.Import;

/// <summary>A Python that has PyTorch and torchvision, to hold things against. Debian: <c>apt-get install python3-torch python3-torchvision</c>.</summary>
internal static class Python
{
    private static readonly Lazy<string?> s_missing = new(
        () =>
            Run("-c", "import torch, torchvision") is (0, _) ? null
                : "no Python with PyTorch and torchvision here (Debian: apt-get install python3-torch python3-torchvision)");

    /// <summary>Skips the test where there is none.</summary>
    public static void Require() => Assert.SkipWhen(s_missing.Value is not null, s_missing.Value ?? "");

    /// <summary>Runs a script of <c>tests/python</c>, which must end well.</summary>
    public static void Script(string name, params string[] arguments)
    {
        (int code, string error) = Run(["-W", "ignore", RepositoryRoot.File("tests", "python", name), .. arguments]);
        Assert.True(code == 0, error);
    }

    private static (int Code, string Error) Run(params string[] arguments)
    {
        // Debian's own Python has Debian's PyTorch, whatever else comes first on the path.
        string python = File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(python, arguments) { RedirectStandardError = true })!;
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, error);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return (-1, e.Message);
        }
    }
}
