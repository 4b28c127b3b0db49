using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Launch;

/// <summary>
/// Work on independent pixels. The fields of the implementing struct are its buffers and constants; <see cref="Run"/> does the work of one lane:
/// the elements (row, column) … (row, column + Width - 1). A lane never crosses a row, so addresses inside it are consecutive.
/// </summary>
public interface IPixelKernel
{
    /// <summary>Computes one lane.</summary>
    void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>;
}

/// <summary>Work on independent pixels that also adds up to eight sums over all of them, with private scratch for the values of one pixel.</summary>
public interface IPixelSumKernel
{
    /// <summary>Lanes of scratch that <see cref="Run"/> needs; 0 for none.</summary>
    int ScratchLength { get; }

    /// <summary>
    /// Brings to scratch what <see cref="Run"/> needs of <paramref name="lanes"/> neighbouring lanes, all of them from one plane before the next: planes
    /// are often a power of two apart, and such memory comes quickly only in pieces longer than a lane. Empty where <see cref="Run"/> reads as it goes.
    /// </summary>
    void Load<TLane, TScratch>(int row, int column, int lanes, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>;

    /// <summary>Computes one lane and returns what it adds to the sums.</summary>
    Sums<TLane> Run<TLane, TScratch>(int row, int column, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>;

    /// <summary>Writes what <see cref="Run"/> left in the scratch of <paramref name="lanes"/> neighbouring lanes, plane by plane.</summary>
    void Store<TLane, TScratch>(int row, int column, int lanes, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>;
}

/// <summary>
/// Work on rows, each by a group: one thread block on a device, one thread with vector lanes on the host. The row loop is
/// <c>for (j = group.Start; j &lt; length; j += group.Stride)</c> with <c>LoadPart</c>/<c>StorePart</c> for the end of the row.
/// </summary>
public interface IRowKernel
{
    /// <summary>Computes one row. Every thread of the group must reach every Sum and Max.</summary>
    void Run<TLane, TGroup>(TGroup group, int row)
        where TLane : unmanaged, ILane<TLane>
        where TGroup : struct, IGroup<TLane>;
}

/// <summary>
/// Work of one thread block that uses the block's shape and shared memory itself (tiles of a matrix product). Devices only: the host has its own
/// algorithm for the same operation, and both are held against the same plain loop.
/// </summary>
public interface IDeviceKernel
{
    /// <summary>The work of one thread.</summary>
    void Run();
}

/// <summary>
/// A pixel or row kernel that moves whole rows of its memories: where a row is a multiple of four elements, every lane of four begins at a multiple of four.
/// Devices then take four elements a thread.
/// </summary>
public interface IWideKernel
{
    /// <summary>Whether every memory that is read or written by whole lanes begins where a lane of four elements can (<see cref="Mem.IsAligned"/>).</summary>
    bool IsAligned { get; }
}

/// <summary>A kernel whose blocks have as many threads as its type parameters say. The compiler then need not spare registers for larger ones.</summary>
public interface ISizedKernel
{
    /// <summary>Threads of every block.</summary>
    static abstract int Threads { get; }
}

/// <summary>
/// A kernel whose loops over a constant number of steps (at most 32) are to be unrolled before it is compiled, so that its local arrays become registers.
/// Such loops must not contain <c>continue</c> or <c>break</c>, which ILGPU 1.5.3 unrolls wrongly.
/// </summary>
public interface IUnrolledKernel;

/// <summary>Private memory of one work item, in lanes.</summary>
public interface IScratch<TLane>
    where TLane : unmanaged, ILane<TLane>
{
    /// <summary>Reads lane <paramref name="index"/>.</summary>
    TLane Get(int index);

    /// <summary>Writes lane <paramref name="index"/>.</summary>
    void Set(int index, TLane value);

    /// <summary>Reads lane <paramref name="index"/> of the item <paramref name="lane"/> lanes further; 0 is this one, and the only one on a device.</summary>
    TLane Get(int lane, int index);

    /// <summary>Writes lane <paramref name="index"/> of the item <paramref name="lane"/> lanes further.</summary>
    void Set(int lane, int index, TLane value);
}

/// <summary>The threads or vector elements that share one row.</summary>
public interface IGroup<TLane>
    where TLane : unmanaged, ILane<TLane>
{
    /// <summary>First element of this member of the group.</summary>
    int Start { get; }

    /// <summary>Step to this member's next element.</summary>
    int Stride { get; }

    /// <summary>The sum over the group, in every element of the lane. Fixed order.</summary>
    TLane Sum(TLane value);

    /// <summary>The maximum over the group, in every element of the lane.</summary>
    TLane Max(TLane value);

    /// <summary>Writes one number that the group agreed on (element 0 of the lane), once.</summary>
    void StoreOne(Mem memory, int index, TLane value);
}

/// <summary>Eight sums that a pixel kernel adds up; unused ones stay zero and cost nothing once inlined.</summary>
public struct Sums<TLane>
    where TLane : unmanaged, ILane<TLane>
{
    /// <summary>How many there are.</summary>
    public const int Count = 8;

    /// <summary>First sum.</summary>
    public TLane S0;

    /// <summary>Second sum.</summary>
    public TLane S1;

    /// <summary>Third sum.</summary>
    public TLane S2;

    /// <summary>Fourth sum.</summary>
    public TLane S3;

    /// <summary>Fifth sum.</summary>
    public TLane S4;

    /// <summary>Sixth sum.</summary>
    public TLane S5;

    /// <summary>Seventh sum.</summary>
    public TLane S6;

    /// <summary>Eighth sum.</summary>
    public TLane S7;

    /// <summary>Adds another lane's sums.</summary>
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveInlining)]
    public static Sums<TLane> Add(Sums<TLane> a, Sums<TLane> b) => new()
    {
        S0 = a.S0 + b.S0,
        S1 = a.S1 + b.S1,
        S2 = a.S2 + b.S2,
        S3 = a.S3 + b.S3,
        S4 = a.S4 + b.S4,
        S5 = a.S5 + b.S5,
        S6 = a.S6 + b.S6,
        S7 = a.S7 + b.S7,
    };
}

/// <summary>
/// The block size of an <see cref="IDeviceKernel"/>. Without it ptxas assumes the largest block and may spill registers to fit one more.
/// </summary>
/// <param name="threads">The most threads in a block, a multiple of 32.</param>
/// <param name="blocks">Blocks that must be resident on a multiprocessor: it bounds the registers of a thread.</param>
[AttributeUsage(AttributeTargets.Struct)]
public sealed class LaunchBoundsAttribute(int threads, int blocks) : Attribute
{
    /// <summary>Threads.</summary>
    public int Threads => threads;

    /// <summary>Blocks.</summary>
    public int Blocks => blocks;
}
