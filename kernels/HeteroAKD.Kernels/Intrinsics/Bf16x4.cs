namespace HeteroAKD.Kernels.Intrinsics;

/// <summary>Four bf16 numbers in a row: a memory access of 8 bytes, or four steps along K of a line as tensor cores take them.</summary>
public struct Bf16x4
{
    /// <summary>First (low half) and second.</summary>
    public uint Low;

    /// <summary>Third (low half) and fourth.</summary>
    public uint High;
}
