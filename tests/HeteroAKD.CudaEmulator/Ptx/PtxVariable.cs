namespace HeteroAKD.CudaEmulator.Ptx;

/// <summary>A parameter or an array in shared or local memory.</summary>
/// <param name="Name">As declared.</param>
/// <param name="Space">Where it lives.</param>
/// <param name="Bytes">Its size; 0 where the launch decides (<c>.extern .shared</c>).</param>
/// <param name="Alignment">In bytes.</param>
internal sealed record PtxVariable(string Name, MemorySpace Space, int Bytes, int Alignment)
{
    /// <summary>Byte offset in its space, given once the function is known.</summary>
    public int Offset { get; set; }
}
