using System.Numerics;

namespace HeteroAKD.Data;

/// <summary>The picture and the labels while they are painted, far things first. Colours are RGB on [0, 1].</summary>
internal readonly ref struct SceneCanvas(Span<byte> pixels, Span<byte> labels, int width, int height)
{
    /// <summary>[H, W, 3].</summary>
    public Span<byte> Pixels { get; } = pixels;

    /// <summary>[H, W].</summary>
    public Span<byte> Labels { get; } = labels;

    public int Width { get; } = width;

    public int Height { get; } = height;

    public void Paint(int x, int y, Vector3 color, SceneClass label)
    {
        Put(y * Width + x, color);
        Labels[y * Width + x] = (byte)label;
    }

    /// <summary>Covers part of a pixel; where more than half is covered the label changes too, unless the annotator overlooked the thing (null).</summary>
    public void Cover(int x, int y, Vector3 color, float coverage, SceneClass? label)
    {
        if ((uint)x >= (uint)Width || (uint)y >= (uint)Height || coverage <= 0)
        {
            return;
        }
        int at = y * Width + x;
        Put(at, Vector3.Lerp(Get(at), color, Math.Min(coverage, 1)));
        if (coverage > 0.5f && label is { } named)
        {
            Labels[at] = (byte)named;
        }
    }

    /// <summary>A rectangle with anti-aliased edges; at least <paramref name="minimum"/> pixels wide, so that thin things do not vanish.</summary>
    public void Fill(float left, float top, float right, float bottom, Vector3 color, SceneClass? label, float minimum = 0)
    {
        if (right - left < minimum)
        {
            (left, right) = ((left + right - minimum) / 2, (left + right + minimum) / 2);
        }
        for (int y = Math.Max(0, (int)top); y < Math.Min(Height, bottom); y++)
        {
            float rowCoverage = Math.Min(bottom, y + 1) - Math.Max(top, y);
            for (int x = Math.Max(0, (int)left); x < Math.Min(Width, right); x++)
            {
                Cover(x, y, color, rowCoverage * (Math.Min(right, x + 1) - Math.Max(left, x)), label);
            }
        }
    }

    /// <summary>An ellipse with an anti-aliased edge.</summary>
    public void Ellipse(float centerX, float centerY, float radiusX, float radiusY, Vector3 color, SceneClass? label)
    {
        for (int y = Math.Max(0, (int)(centerY - radiusY - 1)); y <= Math.Min(Height - 1, centerY + radiusY + 1); y++)
        {
            for (int x = Math.Max(0, (int)(centerX - radiusX - 1)); x <= Math.Min(Width - 1, centerX + radiusX + 1); x++)
            {
                (float dx, float dy) = ((x + 0.5f - centerX) / radiusX, (y + 0.5f - centerY) / radiusY);
                float outside = (MathF.Sqrt(dx * dx + dy * dy) - 1) * Math.Min(radiusX, radiusY);
                Cover(x, y, color, 0.5f - outside, label);
            }
        }
    }

    public Vector3 Get(int at) => new Vector3(Pixels[at * 3], Pixels[at * 3 + 1], Pixels[at * 3 + 2]) / 255f;

    public void Put(int at, Vector3 color)
    {
        Vector3 scaled = Vector3.Clamp(color * 255f + new Vector3(0.5f), Vector3.Zero, new Vector3(255));
        (Pixels[at * 3], Pixels[at * 3 + 1], Pixels[at * 3 + 2]) = ((byte)scaled.X, (byte)scaled.Y, (byte)scaled.Z);
    }
}
