using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Tensors.Devices;
using ILGPU;

namespace HeteroAKD.Tensors.Tests.Devices;

/// <summary>Block kernels whose shared memory is sized by the launch.</summary>
public sealed class DynamicSharedMemoryTests(TestDevices devices)
{
    private const int Blocks = 3;
    private const int Threads = 8;

    [Fact]
    public void The_simulator_gives_a_block_what_the_launch_asks_for() => Check(devices.Simulator);

    [Fact]
    public void OpenCL_gives_a_block_what_the_launch_asks_for() => Check(devices.OpenCL);

    [Fact]
    public void The_text_leaves_the_size_to_the_launch() =>
        Assert.Contains(".extern .shared", PtxDevice.Compile(PtxDevice.EntryOf(typeof(ReverseKernel)), 80));

    [Fact]
    public void The_host_has_no_blocks()
    {
        Assert.Contains("own algorithm", Assert.Throws<NotSupportedException>(() => devices.Cpu.Block(new ReverseKernel(default, default), 1, 1, 16)).Message);
    }

    private static void Check(Device device)
    {
        float[] values = [.. Enumerable.Range(0, Blocks * Threads).Select(i => (float)i)];
        using Tensor x = Tensor.From(device, new Shape(values.Length), values);
        using Tensor y = Tensor.Zeros(device, x.Shape);
        device.Block(new ReverseKernel(x.Mem, y.Mem), Blocks, Threads, Threads * sizeof(float));
        Assert.Equal(values.Chunk(Threads).SelectMany(block => block.Reverse()), y.ToFloats());
    }

    /// <summary>Turns every block of x around.</summary>
    public readonly struct ReverseKernel(Mem x, Mem y) : IDeviceKernel
    {
        private readonly Mem _x = x;
        private readonly Mem _y = y;

        /// <inheritdoc/>
        public void Run()
        {
            ArrayView<float> shared = SharedMemory.GetDynamic<float>();
            int at = (Grid.IdxX * Group.DimX) + Group.IdxX;
            shared[Group.IdxX] = _x.View[at];
            Group.Barrier();
            _y.View[at] = shared[Group.DimX - 1 - Group.IdxX];
        }
    }
}
