using HeteroAKD.Nn;

namespace HeteroAKD.Data;

/// <summary>Samples images and labels into the windows of a batch. Keeps its tables between calls, so each thread has its own.</summary>
internal sealed class Augmenter(Augmentation options)
{
    private const float GreyR = 0.299f, GreyG = 0.587f, GreyB = 0.114f; // BT.601, as torchvision

    private readonly Axis _columns = new();
    private readonly Axis _rows = new();

    /// <summary>Fills one image of a batch.</summary>
    /// <param name="sample">Source.</param>
    /// <param name="random">The image's own sequence.</param>
    /// <param name="ignoreIndex">Label outside the image.</param>
    /// <param name="height">Rows of the window.</param>
    /// <param name="width">Columns of the window.</param>
    /// <param name="image">[3, height, width], normalised.</param>
    /// <param name="labels">[height, width].</param>
    /// <returns>Where the window lies.</returns>
    public ImageView Apply(Sample sample, CounterRandom random, int ignoreIndex, int height, int width, Span<float> image, Span<int> labels)
    {
        RgbImage source = sample.Image;
        AugmentationDraw draw = AugmentationDraw.Make(options, ref random, source.Height, source.Width, height, width);
        _rows.Fill(height, source.Height, draw.ScaledHeight, draw.Top, mirrored: false);
        _columns.Fill(width, source.Width, draw.ScaledWidth, draw.Left, draw.Flip);
        int plane = height * width;
        for (int y = 0; y < height; y++)
        {
            Tap row = _rows.Taps[y];
            int start = y * width;
            SampleLabels(sample, row, ignoreIndex, labels.Slice(start, width));
            SampleRow(source, row, draw, image.Slice(start, width), image.Slice(plane + start, width), image.Slice(2 * plane + start, width));
        }
        return new ImageView(Source: 0, draw.ScaledHeight, draw.ScaledWidth, draw.Top, draw.Left, draw.Flip);
    }

    private void SampleLabels(Sample sample, Tap row, int ignoreIndex, Span<int> labels)
    {
        if (!sample.IsLabelled)
        {
            MarkUnlabelled(row, ignoreIndex, labels);
            return;
        }
        Span<byte> source = sample.Labels.AsSpan(row.Nearest * sample.Image.Width, sample.Image.Width);
        Span<Tap> taps = _columns.Taps.AsSpan(0, labels.Length);
        for (int x = 0; x < labels.Length; x++)
        {
            labels[x] = row.Inside && taps[x].Inside ? source[taps[x].Nearest] : ignoreIndex;
        }
    }

    // What lies beside the image stays apart from it: no threshold makes it a class.
    private void MarkUnlabelled(Tap row, int ignoreIndex, Span<int> labels)
    {
        Span<Tap> taps = _columns.Taps.AsSpan(0, labels.Length);
        for (int x = 0; x < labels.Length; x++)
        {
            labels[x] = row.Inside && taps[x].Inside ? Batch.Unlabelled : ignoreIndex;
        }
    }

    private void SampleRow(RgbImage source, Tap row, in AugmentationDraw draw, Span<float> red, Span<float> green, Span<float> blue)
    {
        int stride = source.Width * 3;
        Span<byte> upper = source.Pixels.AsSpan(row.First * stride, stride);
        Span<byte> lower = source.Pixels.AsSpan(row.Second * stride, stride);
        (System.Numerics.Vector3 gain, System.Numerics.Vector3 offset, float saturation) = (draw.Gain, draw.Offset, draw.Saturation);
        bool padWithMean = options.Pad == PadMode.Mean;
        Span<Tap> taps = _columns.Taps.AsSpan(0, red.Length);
        for (int x = 0; x < red.Length; x++)
        {
            ref readonly Tap tap = ref taps[x];
            if (padWithMean && !(row.Inside && tap.Inside))
            {
                (red[x], green[x], blue[x]) = (0, 0, 0);
                continue;
            }
            (int i, int j) = (tap.First * 3, tap.Second * 3);
            float r = Bilinear(upper[i], upper[j], lower[i], lower[j], tap.Weight, row.Weight);
            float g = Bilinear(upper[i + 1], upper[j + 1], lower[i + 1], lower[j + 1], tap.Weight, row.Weight);
            float b = Bilinear(upper[i + 2], upper[j + 2], lower[i + 2], lower[j + 2], tap.Weight, row.Weight);
            float grey = (1 - saturation) * (GreyR * r + GreyG * g + GreyB * b);
            red[x] = (saturation * r + grey) * gain.X + offset.X;
            green[x] = (saturation * g + grey) * gain.Y + offset.Y;
            blue[x] = (saturation * b + grey) * gain.Z + offset.Z;
        }
    }

    private static float Bilinear(float upperLeft, float upperRight, float lowerLeft, float lowerRight, float weightX, float weightY)
    {
        float upper = upperLeft + (upperRight - upperLeft) * weightX;
        float lower = lowerLeft + (lowerRight - lowerLeft) * weightX;
        return upper + (lower - upper) * weightY;
    }

    /// <summary>Where one row or column of the window comes from.</summary>
    /// <param name="First">Source index of the first bilinear tap.</param>
    /// <param name="Second">Source index of the second.</param>
    /// <param name="Weight">Weight of the second.</param>
    /// <param name="Nearest">Source index for labels.</param>
    /// <param name="Inside">False where the window is outside the image; the indices are then the edge's.</param>
    private readonly record struct Tap(int First, int Second, float Weight, int Nearest, bool Inside);

    /// <summary>The taps of all rows, or of all columns, of a window.</summary>
    private sealed class Axis
    {
        public Tap[] Taps { get; private set; } = [];

        public void Fill(int window, int size, int scaled, int start, bool mirrored)
        {
            if (Taps.Length < window)
            {
                Taps = new Tap[window];
            }
            float step = (float)size / scaled;
            for (int i = 0; i < window; i++)
            {
                int at = start + (mirrored ? window - 1 - i : i);
                int clamped = Math.Clamp(at, 0, scaled - 1);
                float position = Math.Clamp((clamped + 0.5f) * step - 0.5f, 0, size - 1);
                int first = (int)position;
                int nearest = Math.Min((int)((clamped + 0.5f) * step), size - 1);
                Taps[i] = new Tap(first, Math.Min(first + 1, size - 1), position - first, nearest, at == clamped);
            }
        }
    }
}
