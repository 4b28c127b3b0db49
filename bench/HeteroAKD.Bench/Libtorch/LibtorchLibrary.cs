using System.Runtime.InteropServices;
using TorchSharp;

namespace HeteroAKD.Bench.Libtorch;

/// <summary>The peer's native library. It does not load on every system, and the comparison goes on without it.</summary>
internal static class LibtorchLibrary
{
    // In the order in which TorchSharp needs them.
    private static readonly string[] s_parts = ["torch_cpu", "LibTorchSharp"];

    /// <summary>Loads the library.</summary>
    /// <param name="description">Its versions, or a sentence that says why it does not load.</param>
    /// <returns>Whether there is a peer.</returns>
    public static bool TryLoad(out string description)
    {
        try
        {
            // Before TorchSharp is touched: where it fails it copies half a gigabyte about and prints a page.
            foreach (string part in s_parts)
            {
                NativeLibrary.Load(part, typeof(torch).Assembly, null);
            }
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            description = $"none, since libtorch does not load here ({Reason(e)}); our own figures follow";
            return false;
        }

        torch.set_num_interop_threads(1); // one operation at a time
        description = $"libtorch {torch.__version__} through TorchSharp {typeof(torch).Assembly.GetName().Version?.ToString(3)}";
        return true;
    }

    // The loader lists every place it tried; the line that matters names what is missing, such as a version of libstdc++.
    private static string Reason(Exception e)
    {
        string[] lines = [.. e.Message.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0)];
        string line = lines.FirstOrDefault(l => l.Contains("version `", StringComparison.Ordinal)) ?? lines[0];
        int requirer = line.IndexOf(" (required by", StringComparison.Ordinal);
        return requirer < 0 ? line : line[..requirer];
    }
}
