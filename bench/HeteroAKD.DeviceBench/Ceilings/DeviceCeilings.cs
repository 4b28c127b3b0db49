using System.Diagnostics;
using HeteroAKD.DeviceBench.Timing;
using HeteroAKD.Tensors;
using Device = HeteroAKD.Tensors.Device;

namespace HeteroAKD.DeviceBench.Ceilings;

/// <summary>What a device could do at most, measured.</summary>
/// <param name="Device">The device's name.</param>
/// <param name="Description">The hardware in words.</param>
/// <param name="CopyKernelBytesPerSecond">A copy by a kernel of ours, bytes read plus bytes written.</param>
/// <param name="MemcpyBytesPerSecond">The driver's copy from device to device, bytes read plus bytes written; null where there is none.</param>
/// <param name="FmaFlopsPerSecond">Independent float32 multiply-adds in registers, each as 2.</param>
/// <param name="LaunchSeconds">The host's time for a launch of an empty kernel, the driver's part included.</param>
/// <param name="Launches">Launches that were timed.</param>
internal sealed record DeviceCeilings(
    string Device, string Description, double CopyKernelBytesPerSecond, double? MemcpyBytesPerSecond, double FmaFlopsPerSecond, double LaunchSeconds,
    int Launches)
{
    private const int Repetitions = 10;

    // A burst fits into the driver's queue, so that the host never waits for the device within one.
    private const int Burst = 250;

    /// <summary>The larger of both copies.</summary>
    public double CopyBytesPerSecond => Math.Max(CopyKernelBytesPerSecond, MemcpyBytesPerSecond ?? 0);

    /// <summary>Measures all of them.</summary>
    /// <param name="device">The device.</param>
    /// <param name="copied">Elements that are copied; far more than the caches hold.</param>
    /// <param name="threads">Work items of the multiply-adds.</param>
    /// <param name="iterations">Iterations of each.</param>
    /// <param name="launches">Empty launches.</param>
    public static DeviceCeilings Measure(Device device, int copied, int threads, int iterations, int launches)
    {
        using DeviceClock clock = DeviceClock.Of(device);
        using Tensor source = Tensor.Persistent(device, new Shape(copied));
        using Tensor target = Tensor.Persistent(device, new Shape(copied));
        HeteroAKD.Tensors.Ops.Fill.Run(source, 1);
        double bytes = 2.0 * sizeof(float) * copied;
        int columns = copied / CopyKernel.Rows;
        double kernel = Best(device, clock, () => device.Pixel(new CopyKernel(source.Mem, target.Mem, columns), 1, columns, 1, DType.Float32));
        double? memcpy = device is HeteroAKD.Tensors.CudaDevice cuda ? Best(device, clock, () => cuda.Copy(source, target)) : null;
        double fma = Best(
            device, clock, () => device.Pixel(new FmaKernel(target.Mem, iterations), 1, threads, FmaKernel.FmasPerIteration * iterations, DType.Float32));
        double flops = 2.0 * FmaKernel.FmasPerIteration * iterations * threads;
        return new DeviceCeilings(
            device.Name, device.Description, bytes / kernel, memcpy is null ? null
                : bytes / memcpy, flops / fma, LaunchTime(device, source, target, launches), launches);
    }

    // The best of several, since a ceiling is what is possible; the first compiles.
    private static double Best(Device device, DeviceClock clock, Action work)
    {
        work();
        device.Synchronize();
        double best = double.PositiveInfinity;
        for (int i = 0; i < Repetitions; i++)
        {
            clock.Reset();
            clock.Mark();
            work();
            clock.Mark();
            best = Math.Min(best, clock.Between(0, 1));
        }

        return best;
    }

    private static double LaunchTime(Device device, Tensor source, Tensor target, int launches)
    {
        EmptyKernel kernel = new(source.Mem, target.Mem, 1);
        device.Pixel(kernel, 1, 1, 1, DType.Float32);
        long ticks = 0;
        for (int done = 0; done < launches; done += Burst)
        {
            device.Synchronize();
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < Burst; i++)
            {
                device.Pixel(kernel, 1, 1, 1, DType.Float32);
            }

            ticks += Stopwatch.GetTimestamp() - start;
        }

        device.Synchronize();
        return (double)ticks / Stopwatch.Frequency / launches;
    }
}
