using System.Numerics;

namespace HeteroAKD.Data;

/// <summary>Paints the ground: strips that meet in the vanishing point, told apart by their place rather than by their surface.</summary>
internal static class SceneGround
{
    public static void Paint(SceneCanvas canvas, in SceneView view, in ScenePalette palette, in SceneLayout layout)
    {
        int first = (int)MathF.Ceiling(view.Horizon);
        for (int y = first; y < view.Height; y++)
        {
            float nearness = view.Nearness(y + 0.5f);
            float distance = view.Distance(nearness);
            for (int x = 0; x < view.Width; x++)
            {
                float lateral = view.Lateral(x + 0.5f, nearness);

                // The outer borders are ragged: the colour and the label fray by two independent noises, so that nobody can know the label there.
                (float seen, float named) = (lateral, lateral);
                if (layout.IsNearOuterBorder(lateral))
                {
                    seen += layout.Fray * (SceneNoise.Value(lateral * 5, distance * 3, palette.Salt + 30) - 0.5f);
                    named += layout.Fray * (SceneNoise.Value(lateral * 5, distance * 3, palette.Salt + 31) - 0.5f);
                }
                ref readonly GroundStrip strip = ref layout.StripAt(seen);
                Vector3 color = strip.Class == SceneClass.Water
                    ? Mirror(canvas, view, layout, x, y)
                    : palette.Through(Surface(strip, palette, layout, lateral, distance, nearness), nearness);
                canvas.Paint(x, y, color * Shadow(layout, lateral, distance), layout.StripAt(named).Annotated);
            }
        }
    }

    private static Vector3 Surface(in GroundStrip strip, in ScenePalette palette, in SceneLayout layout, float lateral, float distance, float nearness)
    {
        float detail = Math.Min(1, nearness * 4); // what is far shows no texture
        if (strip.Class == SceneClass.Grass)
        {
            return palette.Leaf * (1 + detail * 0.7f * (SceneNoise.Value(lateral * 4, distance * 4, palette.Salt + 32) - 0.4f));
        }
        float speckle = SceneNoise.Value(lateral * 6, distance * 6, palette.Salt + 33) + SceneNoise.Value(
            lateral * 0.7f, distance * 0.4f, palette.Salt + 34) - 1;
        Vector3 color = palette.Stone * strip.Shade * (1 + detail * 0.18f * speckle);
        if (strip.IsLane)
        {
            return IsMarked(strip, layout, lateral, distance) ? Vector3.Lerp(color, new Vector3(0.93f), 0.85f) : color;
        }
        float toKerb = Math.Min(Math.Abs(lateral - layout.RoadLeft), Math.Abs(lateral - layout.RoadRight));
        if (toKerb < 0.14f)
        {
            return color * layout.Kerb;
        }
        bool joint = layout.HasJoints && (Fraction(distance / 1.2f) < 0.08f || Fraction(lateral / 1.2f) < 0.08f);
        return joint ? color * (1 - 0.2f * detail) : color;
    }

    private static bool IsMarked(in GroundStrip strip, in SceneLayout layout, float lateral, float distance)
    {
        float toEdge = Math.Min(lateral - strip.Left, strip.Right - lateral);
        bool atRoadEdge = Math.Min(lateral - layout.RoadLeft, layout.RoadRight - lateral) < 0.3f;
        return toEdge < 0.09f && layout.HasMarkings && !atRoadEdge && Fraction(distance / 6) < 0.5f;
    }

    /// <summary>What already stands above the horizon, upside down and moved by ripples.</summary>
    private static Vector3 Mirror(SceneCanvas canvas, in SceneView view, in SceneLayout layout, int x, int y)
    {
        float depth = y - view.Horizon;
        float ripple = layout.Ripple * depth * 0.25f * (SceneNoise.Value(x / (9 * view.Unit), y / (1.3f * view.Unit), layout.Salt + 35) - 0.5f);
        int row = Math.Clamp((int)(view.Horizon - depth - 1 + ripple), 0, (int)view.Horizon - 1);
        int column = Math.Clamp(x + (int)ripple, 0, view.Width - 1);
        return canvas.Get(row * view.Width + column) * layout.WaterShade;
    }

    /// <summary>One shadow across everything, of something outside the picture.</summary>
    private static float Shadow(in SceneLayout layout, float lateral, float distance)
    {
        float along = distance + layout.ShadowSlant * lateral;
        float inside = SceneNoise.Step(
            layout.ShadowStart, layout.ShadowStart + 0.6f, along) * SceneNoise.Step(layout.ShadowEnd + 0.6f, layout.ShadowEnd, along);
        return 1 - inside * layout.ShadowDepth;
    }

    private static float Fraction(float value) => value - MathF.Floor(value);
}
