namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>Extents of a grid or a block, or a position in one.</summary>
internal readonly record struct Dim3(int X, int Y, int Z)
{
    /// <summary>How many positions there are.</summary>
    public long Count => (long)X * Y * Z;

    /// <summary>The position of an index that counts along X first.</summary>
    public Dim3 At(long index) => new((int)(index % X), (int)(index / X % Y), (int)(index / X / Y));

    /// <inheritdoc/>
    public override string ToString() => $"({X}, {Y}, {Z})";
}
