namespace HeteroAKD.Nn;

/// <summary>
/// A batch on the host. The arrays belong to its source and are reused: they are valid until the next <see cref="IBatchSource.Next"/>, and may be longer than
/// the batch in them, whose extent is <see cref="Count"/>, <see cref="Height"/> and <see cref="Width"/>.
/// </summary>
public sealed class Batch
{
    /// <summary>
    /// Label of the pixels of an image that has no labels. No class and no ignored id: a loss that reads labels leaves such a pixel out, one that does not
    /// learns from it.
    /// </summary>
    public const int Unlabelled = -2;

    /// <summary>N, the number of images; the last batch of an epoch may hold fewer.</summary>
    public int Count { get; private set; }

    /// <summary>H.</summary>
    public int Height { get; private set; }

    /// <summary>W.</summary>
    public int Width { get; private set; }

    /// <summary>[N, 3, H, W], normalised.</summary>
    public float[] Images { get; private set; } = [];

    /// <summary>[N, H, W], class ids, the ignored id or <see cref="Unlabelled"/>.</summary>
    public int[] Labels { get; private set; } = [];

    /// <summary>[N], the index of each image in its data set.</summary>
    public int[] Indices { get; private set; } = [];

    /// <summary>[N], where each image's window lies in its whole image.</summary>
    public ImageView[] Views { get; private set; } = [];

    /// <summary>Sets the extent and makes sure the arrays hold it; what they held before may be lost.</summary>
    public void Resize(int count, int height, int width)
    {
        (Count, Height, Width) = (count, height, width);
        int pixels = checked(count * height * width);
        if (Labels.Length < pixels)
        {
            Labels = new int[pixels];
            Images = new float[checked(pixels * 3)];
        }

        if (Indices.Length < count)
        {
            Indices = new int[count];
            Views = new ImageView[count];
        }
    }

    /// <summary>[3, H, W], image <paramref name="n"/>.</summary>
    public Span<float> ImageAt(int n) => Images.AsSpan(n * 3 * Height * Width, 3 * Height * Width);

    /// <summary>[H, W], labels of image <paramref name="n"/>.</summary>
    public Span<int> LabelsAt(int n) => Labels.AsSpan(n * Height * Width, Height * Width);
}
