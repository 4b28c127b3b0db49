using System.Numerics;

namespace HeteroAKD.Data;

/// <summary>What the camera makes of a painted scene: exposure, white balance, a gradient of light, a soft lens, sensor noise.</summary>
internal static class SceneLight
{
    public static void Apply(SceneCanvas canvas, ref CounterRandom random)
    {
        float exposure = MathF.Exp(random.Uniform(-0.45f, 0.35f));
        Vector3 balance = ScenePalette.Vary(Vector3.One, ref random, 0.14f) * exposure;
        Vector2 slope = new(random.Uniform(-0.25f, 0.25f), random.Uniform(-0.15f, 0.15f));
        float softness = random.Chance(0.6f) ? random.Uniform(0, 0.28f) : 0;
        float noise = random.Uniform(2, 13) * 2; // levels; the sum of two uniforms below has a deviation of 0.41
        uint salt = random.NextUInt();
        if (softness > 0)
        {
            Soften(canvas, softness);
        }
        for (int y = 0; y < canvas.Height; y++)
        {
            for (int x = 0; x < canvas.Width; x++)
            {
                float light = 1 + slope.X * ((float)x / canvas.Width - 0.5f) + slope.Y * ((float)y / canvas.Height - 0.5f);
                Expose(canvas.Pixels.Slice((y * canvas.Width + x) * 3, 3), balance * light, noise, SceneNoise.Hash(x, y, salt));
            }
        }
    }

    private static void Expose(Span<byte> pixel, Vector3 gain, float noise, uint hash)
    {
        float shared = (hash & 255) * (1f / 256) - 0.5f; // luminance noise; each channel adds its own
        float r = pixel[0] * gain.X + noise * (shared + ((hash >> 8) & 255) * (1f / 256) - 0.5f);
        float g = pixel[1] * gain.Y + noise * (shared + ((hash >> 16) & 255) * (1f / 256) - 0.5f);
        float b = pixel[2] * gain.Z + noise * (shared + (hash >> 24) * (1f / 256) - 0.5f);
        pixel[0] = (byte)Math.Clamp(r + 0.5f, 0, 255);
        pixel[1] = (byte)Math.Clamp(g + 0.5f, 0, 255);
        pixel[2] = (byte)Math.Clamp(b + 0.5f, 0, 255);
    }

    /// <summary>The kernel [s, 1 - 2s, s] along the rows, then along the columns, in place.</summary>
    private static void Soften(SceneCanvas canvas, float s)
    {
        for (int y = 0; y < canvas.Height; y++)
        {
            SoftenLine(canvas.Pixels[(y * canvas.Width * 3)..], canvas.Width, 3, s);
        }
        for (int x = 0; x < canvas.Width; x++)
        {
            SoftenLine(canvas.Pixels[(x * 3)..], canvas.Height, canvas.Width * 3, s);
        }
    }

    private static void SoftenLine(Span<byte> line, int count, int stride, float s)
    {
        for (int channel = 0; channel < 3; channel++)
        {
            byte before = line[channel];
            for (int i = 0; i < count; i++)
            {
                int at = i * stride + channel;
                byte here = line[at];
                byte after = i + 1 < count ? line[at + stride] : here;
                line[at] = (byte)(s * (before + after) + (1 - 2 * s) * here + 0.5f);
                before = here;
            }
        }
    }
}
