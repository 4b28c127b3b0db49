using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Checks;
using HeteroAKD.Tensors.Devices;
using HeteroAKD.Tensors.Devices.Cuda;
using HeteroAKD.Tensors.Ops;
using ILGPU;

namespace HeteroAKD.Cuda.Tests.Runtime;

/// <summary>Kernels from ILGPU and from the cache, and what a launch may ask for.</summary>
public sealed class CudaKernelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public CudaKernelTests(EmulatedCard card) => card.Require();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("relu")]
    [InlineData("softmax")]
    [InlineData("linear")]
    [InlineData("conv2d")]
    [InlineData("layer_norm")]
    [InlineData("cross_entropy")]
    public void Operations_compute_what_the_host_computes(string op)
    {
        using Device cuda = Device.Open("cuda");
        using Device cpu = Device.Open("cpu", 1);
        OpCase opCase = CaseTable.Of(OpTable.Find(op)).First();
        CaseChecks.Float32(cuda, cpu, opCase);
    }

    [Fact]
    public void A_device_loads_kernels_after_another_was_closed_on_the_same_thread()
    {
        using Device first = Device.Open("cuda");
        using (Device other = Device.Open("cuda"))
        {
            using Tensor tensor = Tensor.Full(other, new Shape(4), 1);
            Assert.Equal([1, 1, 1, 1], tensor.ToFloats());
        }

        using Tensor later = Tensor.Full(first, new Shape(4), 2);
        Assert.Equal([2, 2, 2, 2], later.ToFloats());
    }

    [Fact]
    public void A_second_process_compiles_nothing_and_gets_the_same_numbers()
    {
        float[] first = Run(out int compiled);
        Assert.True(compiled > 0);
        float[] second = Run(out int again);
        Assert.Equal(0, again);
        Assert.Equal(first, second);
    }

    [Fact]
    public void A_kernel_that_is_not_whole_on_the_disk_is_compiled_again()
    {
        float[] first = Run(out _);
        string[] files = Directory.GetFiles(_folder.Path, "*.ptx");
        File.WriteAllText(files[0], "half of a kern");
        float[] second = Run(out int compiled);
        Assert.Equal(1, compiled);
        Assert.Equal(first, second);
        Assert.Equal(files.Order(), Directory.GetFiles(_folder.Path, "*.ptx").Order());
    }

    [Fact]
    public void Kernels_can_be_loaded_ahead_on_other_threads()
    {
        float[] first = Run(out _);
        float[] second = Run(out int compiled, preload: true);
        Assert.Equal(0, compiled);
        Assert.Equal(first, second);
    }

    [Fact]
    public void A_cache_that_cannot_be_written_costs_nothing_but_time()
    {
        KernelCache cache = new(_folder.File("a file", "") + "/below it");
        using CudaDevice device = CudaDevice.Open(cache);
        using Tensor x = Tensor.From(device, new Shape(2), [-1f, 1f]);
        using (device.BeginStep())
        {
            Assert.Equal([0f, 1f], Functional.Relu(x).ToFloats());
        }

        Assert.Contains("none kept:", device.KernelSummary);
    }

    [Fact]
    public void A_block_gets_more_shared_memory_than_48_KiB_but_not_more_than_the_card_has()
    {
        const int Bytes = 96 << 10;
        using Device device = Device.Open("cuda");
        using Tensor y = Tensor.Zeros(device, new Shape(2));
        device.Block(new FarKernel(y.Mem, (Bytes / sizeof(float)) - 1), 2, 32, Bytes);
        Assert.Equal([1f, 2f], y.ToFloats());
        string error = Assert.Throws<CudaDriverException>(() => device.Block(new FarKernel(y.Mem, 0), 2, 32, 1 << 20)).Message;
        Assert.Contains("cuFuncSetAttribute(FarKernel, 1048576 bytes of dynamic shared memory; the card allows a block ", error);
        Assert.Contains(
            "of 512 threads; it is compiled for at most 256",
            Assert.Throws<NotSupportedException>(() => device.Block(new FarKernel(y.Mem, 0), 2, 512)).Message);
    }

    [Fact]
    public void A_kernel_is_compiled_for_the_blocks_that_it_names()
    {
        string ptx = PtxDevice.Compile(PtxDevice.EntryOf(typeof(SmallBlockKernel)), 80);
        Assert.Contains(".maxntid 64, 1, 1", ptx);
        Assert.Contains(".minnctapersm 3", ptx);
        using Device device = Device.Open("cuda");
        using Tensor y = Tensor.Zeros(device, new Shape(64));
        device.Block(new SmallBlockKernel(y.Mem), 1, 64);
        Assert.Equal(63, y.ToFloats()[63]);
        Assert.Contains(
            "of 96 threads; it is compiled for at most 64",
            Assert.Throws<NotSupportedException>(() => device.Block(new SmallBlockKernel(y.Mem), 1, 96)).Message);
    }

    private float[] Run(out int compiled, bool preload = false)
    {
        using CudaDevice device = CudaDevice.Open(new KernelCache(_folder.Path));
        if (preload)
        {
            device.PreloadKernels();
        }

        using Tensor x = Tensor.From(device, new Shape(2, 3), [1f, -2f, 3f, 0.5f, 4f, -1f]);
        using (device.BeginStep())
        {
            float[] result = Softmax.Row.Apply(new SoftmaxAttributes(1), Functional.Relu(x)).ToFloats();
            compiled = device.CompiledNow;
            return result;
        }
    }

    /// <summary>y[block] = block + 1, by way of the last float of the block's shared memory.</summary>
    private readonly struct FarKernel(Mem y, int at) : IDeviceKernel
    {
        private readonly Mem _y = y;
        private readonly int _at = at;

        /// <inheritdoc/>
        public void Run()
        {
            ArrayView<float> shared = SharedMemory.GetDynamic<float>();
            if (Group.IdxX == 0)
            {
                shared[_at] = Grid.IdxX + 1;
            }

            Group.Barrier();
            if (Group.IdxX == 1)
            {
                _y.View[Grid.IdxX] = shared[_at];
            }
        }
    }

    /// <summary>y[thread] = thread.</summary>
    [LaunchBounds(64, blocks: 3)]
    private readonly struct SmallBlockKernel(Mem y) : IDeviceKernel
    {
        private readonly Mem _y = y;

        /// <inheritdoc/>
        public void Run() => _y.View[Group.IdxX] = Group.IdxX;
    }
}
