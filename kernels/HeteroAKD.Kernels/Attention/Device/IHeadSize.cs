namespace HeteroAKD.Kernels.Attention.Device;

/// <summary>Columns of a head as the kernels are compiled for; a smaller head is filled up with zeros.</summary>
public interface IHeadSize
{
    /// <summary>Columns, a multiple of 32.</summary>
    static abstract int Size { get; }
}

/// <summary>Up to 32 columns: SegFormer-B0.</summary>
public readonly struct Head32 : IHeadSize
{
    /// <inheritdoc/>
    public static int Size => 32;
}

/// <summary>Up to 64 columns: SegFormer-B1 to B5.</summary>
public readonly struct Head64 : IHeadSize
{
    /// <inheritdoc/>
    public static int Size => 64;
}
