using System.Reflection;
using HeteroAKD.Kernels.Launch;
using ILGPU.Runtime;

namespace HeteroAKD.Tensors.Devices;

/// <summary>What blocks a kernel is compiled for: those that it names, or any up to the usual size.</summary>
internal static class BlockBounds
{
    // Entry points that DevicePlan never gives larger blocks.
    private static readonly string[] s_small =
    [
        nameof(DeviceEntry.Pixel), nameof(DeviceEntry.WidePixel), nameof(DeviceEntry.PixelSums), nameof(DeviceEntry.SharedPixelSums),
        nameof(DeviceEntry.WarpRows),
        nameof(DeviceEntry.WideWarpRows),
    ];

    /// <summary>By the entry point.</summary>
    public static KernelSpecialization Of(MethodInfo entry)
    {
        if (!entry.IsGenericMethod)
        {
            return new KernelSpecialization(DeviceGroup.MaxSize, null);
        }

        Type kernel = entry.GetGenericArguments()[0];
        return s_small.Contains(entry.Name)
            ? new KernelSpecialization(DevicePlan.PixelBlock, null)
            : new KernelSpecialization(ThreadsOf(kernel), kernel.GetCustomAttribute<LaunchBoundsAttribute>()?.Blocks);
    }

    private static int ThreadsOf(Type kernel) => typeof(ISizedKernel).IsAssignableFrom(kernel)
        ? (int)typeof(BlockBounds)
            .GetMethod(nameof(ThreadsOfSized), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(kernel).Invoke(null, null)!
        : kernel.GetCustomAttribute<LaunchBoundsAttribute>()?.Threads ?? DeviceGroup.MaxSize;

    private static int ThreadsOfSized<TKernel>()
        where TKernel : ISizedKernel => TKernel.Threads;

    /// <summary>The same for launches, looked up once.</summary>
    public static class For<TKernel>
    {
        /// <summary>The most threads.</summary>
        public static readonly int Threads = ThreadsOf(typeof(TKernel));
    }
}
