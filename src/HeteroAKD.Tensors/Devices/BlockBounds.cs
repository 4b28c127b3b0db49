using System.Reflection;
using HeteroAKD.Kernels.Launch;
using ILGPU.Runtime;

namespace HeteroAKD.Tensors.Devices;

/// <summary>What blocks a kernel is compiled for: those that it names, or any up to the usual size.</summary>
internal static class BlockBounds
{
    /// <summary>By the entry point.</summary>
    public static KernelSpecialization Of(MethodInfo entry)
    {
        LaunchBoundsAttribute? bounds = entry.IsGenericMethod ? Of(entry.GetGenericArguments()[0]) : null;
        return new KernelSpecialization(bounds?.Threads ?? DeviceGroup.MaxSize, bounds?.Blocks);
    }

    private static LaunchBoundsAttribute? Of(Type kernel) => kernel.GetCustomAttribute<LaunchBoundsAttribute>();

    /// <summary>The same for launches, looked up once.</summary>
    public static class For<TKernel>
    {
        /// <summary>The most threads.</summary>
        public static readonly int Threads = Of(typeof(TKernel))?.Threads ?? DeviceGroup.MaxSize;
    }
}
