using System.Runtime.CompilerServices;
using ILGPU;

namespace HeteroAKD.Kernels.Lanes;

/// <summary>
/// A piece of memory as a kernel sees it: an ILGPU view on an accelerator, a raw address on the host. The lane decides which of the two
/// it reads and what an element is: <see cref="DeviceF32"/> uses the view, the host float lanes a <c>float*</c>, <see cref="F64"/> a <c>double*</c>.
/// </summary>
public readonly struct Mem
{
    /// <summary>The accelerator's view; empty on the host.</summary>
    public readonly ArrayView<float> View;

    /// <summary>The host address of element 0; on an accelerator its distance in bytes from an aligned address. A <c>long</c> because ILGPU knows no native integers.</summary>
    public readonly long Address;

    /// <summary>Memory of an accelerator.</summary>
    /// <param name="view">The memory.</param>
    /// <param name="offset">Bytes from an address that is aligned for every access to element 0.</param>
    public Mem(ArrayView<float> view, long offset = 0)
    {
        View = view;
        Address = offset;
    }

    /// <summary>Whether element 0 can begin an access of 16 bytes.</summary>
    public bool IsAligned => (Address & 15) == 0;

    /// <summary>Memory of the host, floats or doubles.</summary>
    public unsafe Mem(void* address)
    {
        View = default;
        Address = (long)address;
    }

    /// <summary>The memory as <c>float*</c>; host only.</summary>
    public unsafe float* Floats
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (float*)Address;
    }

    /// <summary>The memory as <c>double*</c>; host only.</summary>
    public unsafe double* Doubles
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (double*)Address;
    }
}

/// <summary>A piece of memory that holds 32-bit integers: labels, or bits of a generator's state. See <see cref="Mem"/>.</summary>
public readonly struct IndexMem
{
    /// <summary>The accelerator's view; empty on the host.</summary>
    public readonly ArrayView<int> View;

    /// <summary>The host address of element 0; 0 on an accelerator.</summary>
    public readonly long Address;

    /// <summary>Memory of an accelerator.</summary>
    public IndexMem(ArrayView<int> view)
    {
        View = view;
        Address = 0;
    }

    /// <summary>Memory of the host.</summary>
    public unsafe IndexMem(int* address)
    {
        View = default;
        Address = (long)address;
    }

    /// <summary>The memory as <c>int*</c>; host only.</summary>
    public unsafe int* Ints
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (int*)Address;
    }
}
