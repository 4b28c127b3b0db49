using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace HeteroAKD.Kernels.Lanes;

/// <summary>
/// A piece of memory as a kernel sees it: an ILGPU view on an accelerator, a raw address on the host. The lane decides which of the two
/// it reads and what an element is: <see cref="DeviceF32"/> uses the view, which holds floats or bf16 numbers, the host float lanes a <c>float*</c>,
/// <see cref="F64"/> a <c>double*</c>.
/// </summary>
public readonly struct Mem
{
    /// <summary>The accelerator's view, of floats even where <see cref="Narrow"/> says that two bf16 numbers lie in each; empty on the host.</summary>
    public readonly ArrayView<float> View;

    /// <summary>
    /// The host address of element 0; on an accelerator its distance in bytes from an aligned address. A <c>long</c> because ILGPU knows no native integers.
    /// </summary>
    public readonly long Address;

    /// <summary>
    /// 1 where elements are bf16 numbers of 2 bytes, else 0. Device lanes look at it at every access, host lanes never: the host has no such memory.
    /// </summary>
    public readonly int Narrow;

    /// <summary>Memory of an accelerator.</summary>
    /// <param name="view">The memory.</param>
    /// <param name="offset">Bytes from an address that is aligned for every access to element 0.</param>
    /// <param name="narrow">1 for bf16 numbers, 0 for floats.</param>
    public Mem(ArrayView<float> view, long offset = 0, int narrow = 0)
    {
        View = view;
        Address = offset;
        Narrow = narrow;
    }

    /// <summary>Whether element 0 can begin an access to four elements at once: 16 bytes of floats, 8 of bf16 numbers.</summary>
    public bool IsAligned => (Address & (Narrow != 0 ? 7 : 15)) == 0;

    /// <summary>
    /// Whether device lanes meet bf16 numbers. Only CUDA devices have such memory; elsewhere it is a constant, since compilers for processors take minutes
    /// for the question in kernels with barriers. As a number first: ptxas gives <c>IsSupported &amp;&amp; Narrow != 0</c> up to 40 registers more.
    /// </summary>
    internal bool IsNarrow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (CudaAsm.IsSupported ? Narrow : 0) != 0;
    }

    /// <summary>Memory of the host, floats or doubles.</summary>
    /// <param name="address">Element 0.</param>
    /// <param name="narrow">1 where it stands for bf16 numbers of a device that runs nothing.</param>
    public unsafe Mem(void* address, int narrow = 0)
    {
        View = default;
        Address = (long)address;
        Narrow = narrow;
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
