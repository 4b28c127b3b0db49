using System.Numerics;
using HeteroAKD.Nn;

namespace HeteroAKD.Data.Tests;

public class AugmentationTests
{
    private const int Ignore = 255;

    /// <summary>Keeps pixel values as they are: value / 255 · 255.</summary>
    private static readonly Augmentation s_raw = Augmentation.None with { Mean = Vector3.Zero, Std = new Vector3(1 / 255f) };

    private static (float[] Image, int[] Labels) Apply(Augmentation options, Sample sample, uint epoch = 0, int height = 0, int width = 0)
    {
        (height, width) = (height > 0 ? height : sample.Image.Height, width > 0 ? width : sample.Image.Width);
        (float[]? image, int[]? labels) = (new float[3 * height * width], new int[height * width]);
        new Augmenter(options).Apply(sample, new CounterRandom(5, RandomPurpose.Augment, epoch, 0), Ignore, height, width, image, labels);
        return (image, labels);
    }

    private static Sample Coordinates(int width, int height) => MemoryDataset.OfCoordinates(1, width, height).Load(0);

    [Fact]
    public void None_OnlyNormalises()
    {
        Sample sample = Coordinates(13, 7);
        (float[]? image, int[]? labels) = Apply(Augmentation.None, sample);
        Augmentation none = Augmentation.None;
        for (int i = 0; i < 13 * 7; i++)
        {
            for (int c = 0; c < 3; c++)
            {
                Assert.Equal((sample.Image.Pixels[i * 3 + c] / 255f - none.Mean[c]) / none.Std[c], image[c * 91 + i], 1e-5f);
            }
            Assert.Equal(sample.Labels[i], labels[i]);
        }
    }

    [Fact]
    public void Flip_MirrorsImageAndLabels()
    {
        (float[]? image, int[]? labels) = Apply(s_raw with { FlipProbability = 1 }, Coordinates(13, 7));
        for (int i = 0; i < 13 * 7; i++)
        {
            (int x, int y) = (12 - i % 13, i / 13);
            Assert.Equal((x, y), ((int)MathF.Round(image[i]), (int)MathF.Round(image[91 + i])));
            Assert.Equal(x + y, labels[i]);
        }
    }

    /// <summary>Whatever the draw: where a label is not ignored, it is the label of the place that the image shows there.</summary>
    [Theory]
    [InlineData(1f, 1f, 20, 24)]
    [InlineData(0.5f, 2f, 32, 40)]
    [InlineData(0.75f, 1.5f, 32, 40)]
    [InlineData(0.3f, 0.6f, 50, 60)]
    public void GeometricDraw_MovesImageAndLabelsTogether(float scaleMin, float scaleMax, int height, int width)
    {
        Sample sample = Coordinates(40, 32);
        Augmentation options = s_raw with { ScaleMin = scaleMin, ScaleMax = scaleMax, FlipProbability = 0.5f, RandomCrop = true };
        int plane = height * width;
        for (uint epoch = 0u; epoch < 60; epoch++)
        {
            (float[]? image, int[]? labels) = Apply(options, sample, epoch, height, width);
            int inside = 0;
            for (int i = 0; i < plane; i++)
            {
                if (labels[i] != Ignore)
                {
                    // The nearest pixel is at most half a pixel from the bilinear position on each axis; 0.001 is rounding.
                    Assert.InRange(labels[i] - (image[i] + image[plane + i]), -1.001f, 1.001f);
                    inside++;
                }
            }
            Assert.True(inside > 0);
        }
    }

    [Fact]
    public void Draws_ReachEveryWindowAndBothMirrorImages()
    {
        Sample sample = Coordinates(12, 9);
        Augmentation options = s_raw with { FlipProbability = 0.5f, RandomCrop = true };
        HashSet<(int, int, bool)> seen = new HashSet<(int, int, bool)>();
        for (uint epoch = 0u; epoch < 400; epoch++)
        {
            (float[]? image, int[] _) = Apply(options, sample, epoch, height: 8, width: 10);
            bool flipped = image[0] > image[1];
            seen.Add(((int)(flipped ? image[9] : image[0]), (int)image[80], flipped));
        }
        Assert.Equal(3 * 2 * 2, seen.Count); // three columns, two rows, two mirror images
    }

    [Fact]
    public void SmallerImage_IsPaddedWithEdgeAndIgnored()
    {
        (float[]? image, int[]? labels) = Apply(s_raw, Coordinates(4, 3), height: 5, width: 6);
        for (int i = 0; i < 30; i++)
        {
            (int x, int y) = (i % 6, i / 6);
            Assert.Equal((Math.Min(x, 3), Math.Min(y, 2)), ((int)MathF.Round(image[i]), (int)MathF.Round(image[30 + i])));
            Assert.Equal(x < 4 && y < 3 ? x + y : Ignore, labels[i]);
        }
    }

    [Fact]
    public void SmallerImage_IsPaddedWithMeanWhereAsked()
    {
        (float[]? image, int[]? labels) = Apply(Augmentation.None with { Pad = PadMode.Mean }, Coordinates(4, 3), height: 5, width: 6);
        for (int i = 0; i < 90; i++)
        {
            Assert.Equal(labels[i % 30] == Ignore, image[i] == 0);
        }
    }

    [Fact]
    public void RandomPlacement_MovesASmallerImageAround()
    {
        HashSet<int> corners = new();
        for (uint epoch = 0u; epoch < 200; epoch++)
        {
            (float[] _, int[]? labels) = Apply(s_raw with { RandomCrop = true }, Coordinates(4, 3), epoch, height: 5, width: 6);
            corners.Add(Array.FindIndex(labels, label => label != Ignore));
        }
        Assert.Equal([0, 1, 2, 6, 7, 8, 12, 13, 14], corners.Order());
    }

    [Fact]
    public void LargerImage_WithoutRandomCrop_IsCutAtItsCentre()
    {
        (float[]? image, int[] _) = Apply(s_raw, Coordinates(10, 9), height: 5, width: 4);
        Assert.Equal((3f, 2f), (image[0], image[20]));
    }

    /// <summary>align_corners=False: doubling [0, 1, 2, 3] gives 0, .25, .75, 1.25, ... 2.75, 3.</summary>
    [Fact]
    public void Scaling_IsTorchsBilinearAndNearest()
    {
        (float[]? image, int[]? labels) = Apply(s_raw with { ScaleMin = 2, ScaleMax = 2 }, Coordinates(4, 4), height: 8, width: 8);
        Assert.Equal([0, 0.25f, 0.75f, 1.25f, 1.75f, 2.25f, 2.75f, 3], image[..8]);
        Assert.Equal([0, 0, 1, 1, 2, 2, 3, 3], labels[..8]);
    }

    [Fact]
    public void Jitter_IsOneAffineMapOfEachPixelWithinItsRanges()
    {
        Sample sample = Coordinates(40, 2);
        Augmentation options = s_raw with { BrightnessGain = 0.4f, BrightnessOffset = 0.12f, RandomCrop = true };
        (List<float>? gains, List<float>? offsets) = (new List<float>(), new List<float>());
        for (uint epoch = 0u; epoch < 300; epoch++)
        {
            (float[]? image, int[]? labels) = Apply(options, sample, epoch);
            gains.Add(image[1] - image[0]); // red is the column, so one column more is one gain more
            offsets.Add(image[0] / 255);
            Assert.Equal(image[0] + 30 * (image[1] - image[0]), image[30], 0.01f);
            Assert.Equal(sample.Labels.Select(label => (int)label), labels);
        }
        Assert.InRange(gains.Min(), MathF.Exp(-0.4f) - 1e-3f, 0.69f);
        Assert.InRange(gains.Max(), 1.45f, MathF.Exp(0.4f) + 1e-3f);
        Assert.InRange(offsets.Min(), -0.1201f, -0.11f);
        Assert.InRange(offsets.Max(), 0.11f, 0.1201f);
    }

    [Fact]
    public void Contrast_KeepsMidGrey_And_Saturation_KeepsGrey()
    {
        byte[] pixels = [128, 127, 128, 60, 60, 60];
        Sample sample = new("grey", new RgbImage(2, 1, pixels), new byte[2]);
        for (uint epoch = 0u; epoch < 20; epoch++)
        {
            (float[]? contrast, int[] _) = Apply(s_raw with { Contrast = 0.5f }, sample, epoch);
            Assert.Equal(127.5f, contrast[0], 0.9f);
            (float[]? saturation, int[] _) = Apply(s_raw with { Saturation = 1 }, sample, epoch);
            Assert.Equal(60, saturation[1], 0.01f);
            Assert.Equal(60, saturation[5], 0.01f);
        }
    }

    [Fact]
    public void Options_OutOfRangeAreNamed()
    {
        Assert.Contains("scale 2 to 1", Assert.Throws<DatasetException>(() => (s_raw with { ScaleMin = 2 }).Validate()).Message, StringComparison.Ordinal);
        Assert.Throws<DatasetException>(() => (s_raw with { ScaleMin = float.NaN }).Validate());
        Assert.Throws<DatasetException>(() => (s_raw with { FlipProbability = 1.5f }).Validate());
        Assert.Throws<DatasetException>(() => (s_raw with { Height = 32 }).Validate());
        Assert.Throws<DatasetException>(() => (s_raw with { Std = new Vector3(1, 0, 1) }).Validate());
        Assert.Throws<DatasetException>(() => (s_raw with { Contrast = -1 }).Validate());
    }
}
