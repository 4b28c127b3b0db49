using System.Diagnostics;
using System.Reflection;
using HeteroAKD.Kernels.Launch;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.Cuda;

namespace HeteroAKD.Tensors.Devices.Cuda;

/// <summary>
/// The kernels of a device by type: from this run, from the cache on the disk, or compiled now by ILGPU to PTX. Their launches do not go through ILGPU, so one
/// from the cache never meets its compiler.
/// </summary>
internal sealed class CudaKernels : IDisposable
{
    private readonly CudaAccelerator _accelerator;
    private readonly KernelCache _cache;
    private readonly CudaModules _modules;
    private readonly Dictionary<(Type Kernel, string Entry), CudaFunction> _functions = [];
    private long _compileTicks;

    /// <summary>The kernels of an accelerator.</summary>
    public CudaKernels(CudaAccelerator accelerator, KernelCache cache)
    {
        _accelerator = accelerator;
        _cache = cache;
        Key = new KernelKey($"{accelerator.Architecture} {accelerator.Capabilities.TargetArchitecture} {accelerator.InstructionSet} {DeviceGroup.MaxSize}");
        _modules = new CudaModules(accelerator, cache, Key);
    }

    /// <summary>How kernels are named in the cache.</summary>
    public KernelKey Key { get; }

    /// <summary>Kernels that were asked for.</summary>
    public int Count => _functions.Count;

    /// <summary>Those of them that ILGPU compiled.</summary>
    public int Compiled { get; private set; }

    /// <summary>Where they come from and what that took, in words; before the first, what the cache holds.</summary>
    public string Summary => (Count == 0 ? CacheSummary : UseSummary) + (_cache.Problem is { } problem ? $" (none kept: {problem})" : "");

    private string CacheSummary =>
        _cache.Folder is { } folder ? $"{_cache.Names(Key.Prefix).Count} kernels of earlier runs in {folder}" : "no kernels of earlier runs";

    private string UseSummary => FormattableString.Invariant(
        $"{Count} kernels: {Compiled} compiled in {Stopwatch.GetElapsedTime(0, _compileTicks).TotalSeconds:F1} s, {Count - Compiled} from the cache; ")
        + FormattableString.Invariant($"loaded by the driver in {_modules.LoadSeconds:F1} s");

    /// <summary>Starts to load what the cache holds, on threads of its own.</summary>
    public void Preload() => _modules.Preload();

    /// <summary>A kernel, ready to be launched.</summary>
    /// <param name="kernel">Its type; <see cref="DeviceEntry"/> itself for entry points without a kernel.</param>
    /// <param name="entry">The method of <see cref="DeviceEntry"/>.</param>
    public CudaFunction Get(Type kernel, string entry)
    {
        if (!_functions.TryGetValue((kernel, entry), out CudaFunction? function))
        {
            function = Make(kernel, entry);
            _functions.Add((kernel, entry), function);
        }

        return function;
    }

    /// <summary>Unloads all kernels.</summary>
    public void Dispose()
    {
        _functions.Clear();
        _modules.Dispose();
    }

    private CudaFunction Make(Type kernel, string entry)
    {
        // Another device may have been used by this thread since.
        _accelerator.Bind();
        MethodInfo method = typeof(DeviceEntry).GetMethod(entry)!;
        method = method.IsGenericMethodDefinition ? method.MakeGenericMethod(kernel) : method;
        string label = method.IsGenericMethod ? LabelOf(kernel) : entry;
        string name = Key.NameOf(kernel, entry);
        CudaModule? module = _modules.Cached(name);
        if (module is null)
        {
            long start = Stopwatch.GetTimestamp();
            string ptx = Compile(method);
            _compileTicks += Stopwatch.GetTimestamp() - start;
            Compiled++;
            module = _modules.Load(ptx, label);
            _cache.Write(name, ptx);
        }

        return new CudaFunction(label, module.Function, module.Entry, ParametersOf(method));
    }

    /// <summary>Layouts of an entry point's parameters.</summary>
    internal static IReadOnlyList<KernelParameter> ParametersOf(MethodInfo method) =>
        [.. method.GetParameters().Select(p => KernelParameter.Of(p.ParameterType))];

    private string Compile(MethodInfo method)
    {
        CompiledKernel kernel = _accelerator.Backend.Compile(
            EntryPointDescription.FromExplicitlyGroupedKernel(method), BlockBounds.Of(method), AddressSpaceHook.For(method));
        return ((PTXCompiledKernel)kernel).PTXAssembly;
    }

    private static string LabelOf(Type type)
    {
        string name = type.Name.Split('`')[0];
        return type.IsGenericType ? $"{name}<{string.Join(", ", type.GetGenericArguments().Select(LabelOf))}>" : name;
    }
}
