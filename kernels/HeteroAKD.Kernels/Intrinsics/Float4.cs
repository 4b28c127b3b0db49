namespace HeteroAKD.Kernels.Intrinsics;

/// <summary>Four floats in a row: a memory access of 16 bytes, or the accumulators of a thread in a warp's matrix product.</summary>
public struct Float4
{
    /// <summary>First.</summary>
    public float X;

    /// <summary>Second.</summary>
    public float Y;

    /// <summary>Third.</summary>
    public float Z;

    /// <summary>Fourth.</summary>
    public float W;
}
