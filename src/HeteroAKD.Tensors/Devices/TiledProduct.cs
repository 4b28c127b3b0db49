namespace HeteroAKD.Tensors.Devices;

/// <summary>What the time of a tiled product depends on.</summary>
/// <param name="Left">Type of the left side.</param>
/// <param name="Right">Type of the right side.</param>
/// <param name="Precision">How factors are rounded.</param>
/// <param name="Rows">Rows of C.</param>
/// <param name="Columns">Columns of C.</param>
/// <param name="Depth">Length of the sums.</param>
/// <param name="Items">Products of a batch, or pieces.</param>
internal readonly record struct TiledProduct(Type Left, Type Right, MatrixPrecision Precision, int Rows, int Columns, int Depth, int Items)
{
    /// <summary>Multiply-adds.</summary>
    public long Work => (long)Rows * Columns * Depth * Items;
}
