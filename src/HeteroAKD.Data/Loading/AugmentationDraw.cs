using System.Numerics;

namespace HeteroAKD.Data;

/// <summary>What chance decided for one image: where its window lies and how its colours change. Image and labels both follow this one draw.</summary>
/// <param name="ScaledHeight">Rows of the whole image after scaling.</param>
/// <param name="ScaledWidth">Columns of the whole image after scaling.</param>
/// <param name="Top">First row of the window in the scaled image; negative where the window begins outside.</param>
/// <param name="Left">First column, likewise.</param>
/// <param name="Flip">The window is mirrored.</param>
/// <param name="Saturation">s of out = (s·v + (1 - s)·grey(v))·Gain + Offset, v in 0 .. 255.</param>
/// <param name="Gain">Per channel, with brightness, contrast, 1/255 and 1/std in it.</param>
/// <param name="Offset">Per channel, with brightness, contrast and mean/std in it.</param>
internal readonly record struct AugmentationDraw(
    int ScaledHeight, int ScaledWidth, int Top, int Left, bool Flip, float Saturation, Vector3 Gain, Vector3 Offset)
{
    /// <summary>Takes eight numbers from <paramref name="random"/>, whatever the options, so that changing one option leaves the other draws alone.</summary>
    public static AugmentationDraw Make(Augmentation options, ref CounterRandom random, int height, int width, int windowHeight, int windowWidth)
    {
        float scale = random.Uniform(options.ScaleMin, options.ScaleMax);
        int scaledHeight = Math.Max(1, (int)MathF.Round(height * scale));
        int scaledWidth = Math.Max(1, (int)MathF.Round(width * scale));
        bool flip = random.Chance(options.FlipProbability);
        int top = Place(scaledHeight - windowHeight, random.NextFloat(), options.RandomCrop);
        int left = Place(scaledWidth - windowWidth, random.NextFloat(), options.RandomCrop);
        float gain = MathF.Exp(random.Uniform(-options.BrightnessGain, options.BrightnessGain));
        float offset = random.Uniform(-options.BrightnessOffset, options.BrightnessOffset);
        float contrast = MathF.Exp(random.Uniform(-options.Contrast, options.Contrast));
        float saturation = MathF.Exp(random.Uniform(-options.Saturation, options.Saturation));
        float shift = contrast * (offset - 0.5f) + 0.5f;
        return new AugmentationDraw(
            scaledHeight, scaledWidth, top, left, flip, saturation,
            new Vector3(contrast * gain / 255f) / options.Std,
            (new Vector3(shift) - options.Mean) / options.Std);
    }

    /// <param name="room">Scaled side minus window side: how far the window can move inside the image, or, negative, the image inside the window.</param>
    /// <param name="chance">In [0, 1).</param>
    /// <param name="random">Uses the chance, else centre or top left.</param>
    private static int Place(int room, float chance, bool random) =>
        room >= 0
            ? random ? (int)(chance * (room + 1)) : room / 2
            : random ? -(int)(chance * (1 - room)) : 0;
}
