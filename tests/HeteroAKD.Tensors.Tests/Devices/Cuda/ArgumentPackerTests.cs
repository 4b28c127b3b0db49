using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Tensors.Devices.Cuda;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace HeteroAKD.Tensors.Tests.Devices.Cuda;

/// <summary>The bytes of arguments; that kernels look for them there is held against every PTX text in <see cref="PtxTests"/>.</summary>
public sealed class ArgumentPackerTests : IDisposable
{
    private readonly Context _context = Context.Create(b => b.CPU());
    private readonly Accelerator _accelerator;
    private readonly MemoryBuffer1D<float, Stride1D.Dense> _buffer;

    public ArgumentPackerTests()
    {
        _accelerator = _context.CreateCPUAccelerator(0);
        _buffer = _accelerator.Allocate1D<float>(100);
    }

    private enum Kind : short
    {
        Second = 7,
    }

    public void Dispose()
    {
        _buffer.Dispose();
        _accelerator.Dispose();
        _context.Dispose();
    }

    [Fact]
    public unsafe void Fields_lie_in_the_order_of_their_declaration_and_views_as_address_and_length()
    {
        Outer value = new(3, new Inner(5, new Mem(_buffer.View.BaseView.SubView(10, 20), narrow: 1), 1.5f), Kind.Second);
        byte* bytes = stackalloc byte[ArgumentPacker<Outer>.Layout.Bytes];
        ArgumentPacker<Outer>.Pack(value, bytes);
        Assert.Equal(64, ArgumentPacker<Outer>.Layout.Bytes);
        Assert.Equal(8, ArgumentPacker<Outer>.Layout.Alignment);
        Assert.Equal(3, bytes[0]);
        Assert.Equal(5, *(int*)(bytes + 8));
        Assert.Equal(_buffer.NativePtr + (10 * sizeof(float)), *(nint*)(bytes + 16));
        Assert.Equal(20, *(long*)(bytes + 24));
        Assert.Equal(0, *(long*)(bytes + 32));
        Assert.Equal(1, *(int*)(bytes + 40));
        Assert.Equal(1.5f, *(float*)(bytes + 48));
        Assert.Equal(0, bytes[56]);
        Assert.Equal(7, *(short*)(bytes + 58));
    }

    [Fact]
    public unsafe void A_view_of_nothing_is_zero()
    {
        byte* bytes = stackalloc byte[16];
        new Span<byte>(bytes, 16).Fill(0xFF);
        ArgumentPacker<ArrayView<int>>.Pack(default, bytes);
        Assert.Equal(-1, new Span<byte>(bytes, 16).IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void A_byte_is_named_by_its_field()
    {
        KernelParameter layout = ArgumentPacker<Outer>.Layout;
        Assert.Equal("inner.memory.View", layout.NameAt(24));
        Assert.Equal("inner.memory.Narrow", layout.NameAt(41));
        Assert.Equal("inner.rate", layout.NameAt(49));
        Assert.Equal("kind", layout.NameAt(58));
        Assert.Equal("byte 1", layout.NameAt(1));
    }

    [Theory]
    [InlineData(typeof(bool))]
    [InlineData(typeof(string))]
    [InlineData(typeof(nint))]
    public void What_a_kernel_cannot_take_is_refused(Type type) =>
        Assert.Contains(type.ToString(), Assert.Throws<NotSupportedException>(() => KernelParameter.Of(type)).Message);

    [Fact]
    public void A_text_for_other_arguments_is_refused_with_the_difference()
    {
        PtxEntry entry = PtxEntry.Parse(".visible .entry Run(\n\t.param .align 8 .b8 p[32],\n\t.param .b32 q\n)\n{ }")!;
        Assert.Equal("Run", entry.Name);
        Assert.Null(CudaFunction.Mismatch(entry, [KernelParameter.Of(typeof(Mem)), KernelParameter.Of(typeof(int))]));
        Assert.Contains("2 parameters are declared, 1 are passed", CudaFunction.Mismatch(entry, [KernelParameter.Of(typeof(Mem))]));
        string error = Assert.Throws<NotSupportedException>(
            () => new CudaFunction("K", 0, entry, [KernelParameter.Of(typeof(Mem)), KernelParameter.Of(typeof(long))])).Message;
        Assert.Contains("kernel K: parameter 1 has 4 bytes aligned to 4, the argument has 8 aligned to 8", error);
    }

    private readonly struct Nothing;

    private readonly struct Inner(int count, Mem memory, float rate)
    {
        public readonly int Count = count;
        private readonly Mem _memory = memory;
        private readonly float _rate = rate;
    }

    private readonly struct Outer(byte first, Inner inner, Kind kind)
    {
        public readonly byte First = first;
        private readonly Inner _inner = inner;
        public readonly Nothing Nothing = default;
        private readonly Kind _kind = kind;
    }
}
