using System.Security.Cryptography;
using System.Text;
using HeteroAKD.Kernels.Launch;
using ILGPU;
using ILGPU.Algorithms;

namespace HeteroAKD.Tensors.Devices.Cuda;

/// <summary>
/// Names kernels in the cache. A name begins with a hash of what all kernels of a build have in common (code, compiler, card, options) and goes on with one of
/// the kernel's own type: all that is there for this build and card can be listed.
/// </summary>
internal sealed class KernelKey
{
    // To be raised when the way of compiling changes in a manner that the assemblies below do not show.
    private const int Format = 1;

    /// <summary>Names for one target.</summary>
    /// <param name="target">Architecture, instruction set and options, in any unambiguous form.</param>
    public KernelKey(string target)
    {
        // Kernels may call into .NET's own code, and ILGPU into its intrinsics: all of it is compiled from IL.
        Type[] code = [typeof(DeviceEntry), typeof(KernelKey), typeof(Context), typeof(XMath), typeof(object)];
        string modules = string.Join(' ', code.Select(t => $"{t.Assembly.GetName().Version} {t.Module.ModuleVersionId:N}"));
        Prefix = Hash($"{Format}; {modules}; {target}");
    }

    /// <summary>What all names begin with.</summary>
    public string Prefix { get; }

    /// <summary>The name of a kernel.</summary>
    /// <param name="kernel">Its type, or the type that stands for an entry point without one.</param>
    /// <param name="entry">Its entry point in <see cref="DeviceEntry"/>, or what else is kept about it.</param>
    /// <param name="kind">What the name begins with, for what is no kernel.</param>
    public string NameOf(Type kernel, string entry, string kind = "") =>
        $"{kind}{Prefix}-{Hash($"{entry} {kernel.AssemblyQualifiedName} {string.Join(' ', Modules(kernel).Distinct())}")}";

    private static IEnumerable<string> Modules(Type type) =>
        type.GenericTypeArguments.SelectMany(Modules).Prepend(type.Module.ModuleVersionId.ToString("N"));

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..24];
}
