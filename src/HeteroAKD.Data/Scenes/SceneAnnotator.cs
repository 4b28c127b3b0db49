using System.Buffers;

namespace HeteroAKD.Data;

/// <summary>The person who labels a scene. Has a random sequence of its own, so that the same picture can be had with labels of any quality.</summary>
internal struct SceneAnnotator(CounterRandom random, float noise)
{
    private CounterRandom _random = random;

    /// <summary>The class written down for a region of class <paramref name="truth"/>.</summary>
    public SceneClass Name(SceneClass truth)
    {
        if (!_random.Chance(0.35f * noise))
        {
            return truth;
        }
        return truth switch
        {
            SceneClass.Road => SceneClass.Pavement,
            SceneClass.Pavement or SceneClass.ClosedLane => SceneClass.Road,
            SceneClass.Grass => SceneClass.Tree,
            SceneClass.Tree => SceneClass.Grass,
            SceneClass.Water => SceneClass.Sky,
            _ => truth,
        };
    }

    /// <summary>The class written down for a small thing, or null where it was overlooked.</summary>
    public SceneClass? NameSmall(SceneClass truth) => _random.Chance(0.35f * noise) ? null : truth;

    /// <summary>Lets the outlines wander: every label comes from up to three pixels (of 96 rows) away, smoothly over the picture.</summary>
    public void BlurOutlines(SceneCanvas canvas)
    {
        if (noise <= 0)
        {
            return;
        }
        uint salt = _random.NextUInt();
        float unit = canvas.Height / 96f;
        float reach = 6 * noise * unit;
        int count = canvas.Width * canvas.Height;
        byte[] truth = ArrayPool<byte>.Shared.Rent(count); // [H, W]
        canvas.Labels.CopyTo(truth);
        for (int y = 0; y < canvas.Height; y++)
        {
            for (int x = 0; x < canvas.Width; x++)
            {
                (float u, float v) = (x / (8 * unit), y / (8 * unit));
                int fromX = Math.Clamp(x + (int)MathF.Round(reach * (SceneNoise.Value(u, v, salt) - 0.5f)), 0, canvas.Width - 1);
                int fromY = Math.Clamp(y + (int)MathF.Round(reach * (SceneNoise.Value(u, v, salt + 1) - 0.5f)), 0, canvas.Height - 1);
                canvas.Labels[y * canvas.Width + x] = truth[fromY * canvas.Width + fromX];
            }
        }
        ArrayPool<byte>.Shared.Return(truth);
    }
}
