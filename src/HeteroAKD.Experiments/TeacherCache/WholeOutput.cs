using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.TeacherCache;

/// <summary>What a teacher says of a whole image, with 16 bits a number.</summary>
/// <param name="Image">Rows and columns of the image.</param>
/// <param name="Padded">The same after padding.</param>
/// <param name="Maps">The maps that are read.</param>
internal sealed record WholeOutput((int Height, int Width) Image, (int Height, int Width) Padded, IReadOnlyList<HalfMap> Maps)
{
    /// <summary>Bytes of the maps.</summary>
    public long Bytes => Maps.Sum(m => 2L * m.Values.Length);

    /// <summary>A map to be kept.</summary>
    /// <param name="map">[1, C, h, w].</param>
    internal static HalfMap Kept(Tensor map)
    {
        return new HalfMap(map.Shape[1], map.Shape[2], map.Shape[3], Array.ConvertAll(map.ToFloats(), v => (Half)v));
    }

    /// <summary>A map as numbers of 32 bits.</summary>
    /// <param name="number">Its place in <see cref="Maps"/>.</param>
    /// <param name="scratch">Receives them; grows where it must.</param>
    internal WholeMap Map(int number, ref float[] scratch)
    {
        HalfMap map = Maps[number];
        Array.Resize(ref scratch, Math.Max(scratch.Length, map.Values.Length));
        for (int i = 0; i < map.Values.Length; i++)
        {
            scratch[i] = (float)map.Values[i];
        }

        return new WholeMap(map.Channels, new MapAxis(map.Height, Image.Height, Padded.Height), new MapAxis(map.Width, Image.Width, Padded.Width), scratch);
    }
}

/// <summary>A map with 16 bits a number.</summary>
/// <param name="Channels">C.</param>
/// <param name="Height">h.</param>
/// <param name="Width">w.</param>
/// <param name="Values">[C, h, w].</param>
internal sealed record HalfMap(int Channels, int Height, int Width, Half[] Values);
