using HeteroAKD.Cuda.Tests.Runtime;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Devices.Cuda;
using ILGPU;

namespace HeteroAKD.Cuda.Tests.Cases;

/// <summary>Kernels in C# that are wrong: the whole way from the launch to the words that say why.</summary>
public sealed class WrongKernelTests : IDisposable
{
    private readonly EmulatedCard _card;
    private readonly Device? _device;

    public WrongKernelTests(EmulatedCard card)
    {
        card.Require();
        _card = card;
        _device = Device.Open("cuda");
    }

    public void Dispose() => _device?.Dispose();

    [Fact]
    public void A_missing_barrier_is_named()
    {
        using Tensor y = Tensor.Zeros(_device!, new Shape(64));
        Assert.Throws<CudaDriverException>(() => _device!.Block(new NeighbourKernel(y.Mem, barrier: 0), 1, 64));
        Assert.Matches("^kernel .*, PTX line [0-9]+, block \\(0, 0, 0\\), thread \\([0-9]+, 0, 0\\): .* shared memory at offset", _card.LastError);
        _device!.Block(new NeighbourKernel(y.Mem, barrier: 1), 1, 64);
        Assert.Equal(Enumerable.Range(0, 64).Select(i => 63f - i), y.ToFloats());
    }

    [Fact]
    public void An_index_beyond_the_memory_is_named()
    {
        using Tensor y = Tensor.Zeros(_device!, new Shape(64));
        Assert.Throws<CudaDriverException>(() => _device!.Block(new FarKernel(y.Mem), 1, 64));
        Assert.Contains("a write of 4 bytes at global address", _card.LastError);
        Assert.Contains("thread (7, 0, 0)", _card.LastError);
    }

    /// <summary>y[i] = what the thread on the other side wrote into shared memory.</summary>
    private readonly struct NeighbourKernel(Mem y, int barrier) : IDeviceKernel
    {
        private readonly Mem _y = y;
        private readonly int _barrier = barrier;

        /// <inheritdoc/>
        public void Run()
        {
            ArrayView<float> shared = SharedMemory.Allocate<float>(64);
            shared[Group.IdxX] = Group.IdxX;
            if (_barrier != 0)
            {
                Group.Barrier();
            }

            _y.View[Group.IdxX] = shared[63 - Group.IdxX];
        }
    }

    /// <summary>One thread writes half a gibibyte too far.</summary>
    private readonly struct FarKernel(Mem y) : IDeviceKernel
    {
        private readonly Mem _y = y;

        /// <inheritdoc/>
        public void Run()
        {
            if (Group.IdxX == 7)
            {
                _y.View[Group.IdxX + (1 << 27)] = 1;
            }
        }
    }
}
