using System.Text;
using HeteroAKD.Platform;
using Microsoft.Win32.SafeHandles;

namespace HeteroAKD.Cli;

/// <summary>
/// How many files the process may have open at once (<c>ulimit -n</c>). The runtime holds two descriptors of every library that it has loaded, so that a
/// process without any left cannot even say so: what is here uses nothing outside the runtime's core.
/// </summary>
internal static class DescriptorLimit
{
    /// <summary>A number of descriptors that is enough for every command.</summary>
    public const int Needed = 160;

    private const int TooManyHere = 24;       // EMFILE
    private const int TooManyOnMachine = 23;  // ENFILE
    private const int StandardError = 2;

    /// <summary>Says so on the standard error if there are too few to work with.</summary>
    public static bool IsTooLow()
    {
        long limit = Limit();
        if (limit >= Needed)
        {
            return false;
        }

        Say(
            "error: this process may have " + limit + " files open at once (ulimit -n), and heteroakd needs " + Needed + "; raise the limit, for example "
                + "with 'ulimit -n 1024'\n");
        return true;
    }

    /// <summary>Whether an error comes of a lack of descriptors: the system says so, or the runtime fails to load what it needs while none is left.</summary>
    public static bool Explains(Exception e)
    {
        for (Exception? cause = e; cause is not null; cause = cause.InnerException)
        {
            if (cause is IOException { HResult: TooManyHere or TooManyOnMachine } || cause.Message.Contains("Too many open files", StringComparison.Ordinal))
            {
                return true;
            }

            if (cause is FileNotFoundException or FileLoadException or TypeInitializationException or TypeLoadException or OutOfMemoryException && IsReached())
            {
                return true;
            }
        }

        return false;
    }

    // Hardly more than the next library takes is left: two descriptors, and one to look for it. The files of what failed may have been closed since.
    private static bool IsReached()
    {
        if (OperatingSystem.IsWindows())
        {
            return false; // it has no such limit
        }

        SafeFileHandle?[] probes = new SafeFileHandle?[16];
        try
        {
            for (int i = 0; i < probes.Length; i++)
            {
                probes[i] = File.OpenHandle("/dev/null");
            }

            return false;
        }
        catch (IOException e)
        {
            return e.HResult is TooManyHere or TooManyOnMachine;
        }
        finally
        {
            foreach (SafeFileHandle? probe in probes)
            {
                probe?.Dispose();
            }
        }
    }

    // Where it is not told, nobody is refused.
    private static long Limit() => OperatingSystem.IsLinux() ? LinuxProcess.DescriptorLimit ?? long.MaxValue : long.MaxValue;

    private static void Say(string line)
    {
        try
        {
            using FileStream error = new(new SafeFileHandle(StandardError, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            error.Write(Encoding.UTF8.GetBytes(line));
        }
        catch (IOException)
        {
            // The exit code is left.
        }
    }
}
