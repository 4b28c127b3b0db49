using System.Reflection;
using System.Runtime.InteropServices;
using ILGPU;

namespace HeteroAKD.Tensors.Devices;

/// <summary>
/// Finds the drivers' libraries. .NET looks for libcuda.so and libOpenCL.so, which only development packages install; drivers and loaders bring the versioned
/// names. ILGPU's calls and ours get the same library.
/// </summary>
internal static class DriverLibraries
{
    /// <summary>The name that ILGPU's imports and ours give the CUDA driver on Linux.</summary>
    public const string Cuda = "cuda";

    private static readonly Lock s_gate = new();
    private static readonly Dictionary<string, nint> s_handles = [];
    private static int s_registered;

    /// <summary>Sets the resolvers of both assemblies; to be called before the first call of a driver.</summary>
    public static void Register()
    {
        if (Interlocked.Exchange(ref s_registered, 1) == 0)
        {
            NativeLibrary.SetDllImportResolver(typeof(DriverLibraries).Assembly, Resolve);
            if (OperatingSystem.IsLinux())
            {
                NativeLibrary.SetDllImportResolver(typeof(Context).Assembly, Resolve);
            }
        }
    }

    /// <summary>Whether the CUDA driver's library can be loaded.</summary>
    public static bool HasCuda() => Resolve(Cuda, typeof(DriverLibraries).Assembly, null) != 0;

    private static nint Resolve(string library, Assembly assembly, DllImportSearchPath? path)
    {
        if (library is not (Cuda or "OpenCL"))
        {
            return 0;
        }

        lock (s_gate)
        {
            if (!s_handles.TryGetValue(library, out nint handle))
            {
                string[] names = !OperatingSystem.IsLinux() ? [library == Cuda ? "nvcuda" : library] : [$"lib{library}.so.1", $"lib{library}.so"];
                _ = names.Any(name => NativeLibrary.TryLoad(name, assembly, path, out handle));
                s_handles.Add(library, handle);
            }

            return handle;
        }
    }
}
