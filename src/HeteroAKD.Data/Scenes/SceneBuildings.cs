using System.Numerics;

namespace HeteroAKD.Data;

/// <summary>Rows of houses along a side of the road, seen in perspective.</summary>
internal static class SceneBuildings
{
    private enum Facade
    {
        Brick,
        Concrete,
        Plaster,
        Glass,
    }

    /// <param name="canvas">Sky and ground are on it.</param>
    /// <param name="view">Camera.</param>
    /// <param name="palette">Colours.</param>
    /// <param name="wall">Lateral position of the row, metres; it stands on the side of its sign.</param>
    /// <param name="random">The scene's sequence.</param>
    public static void PaintRow(SceneCanvas canvas, in SceneView view, in ScenePalette palette, float wall, ref CounterRandom random)
    {
        uint salt = random.NextUInt();
        float houseLength = random.Uniform(7, 16);
        float phase = random.Uniform(0, 16);
        float light = random.Uniform(0.7f, 1.1f);
        for (int x = 0; x < view.Width; x++)
        {
            float nearness = (x + 0.5f - view.VanishX) / (wall * view.PixelsPerMetre);
            if (nearness < 0.05f)
            {
                continue;
            }
            float along = view.Distance(nearness) + phase;
            int house = (int)(along / houseLength);
            if (SceneNoise.White(house, 0, salt) < 0.15f)
            {
                continue; // a gap
            }
            float height = 4 + 10 * SceneNoise.White(house, 1, salt);
            Facade facade = (Facade)(int)(4 * SceneNoise.White(house, 2, salt));
            Vector3 paint = PaintOf(facade, palette, SceneNoise.Hash(house, 3, salt)) * light;
            int top = Math.Max(0, (int)view.Row(nearness, height));
            float bottom = Math.Min(view.Height, view.Row(nearness, 0));
            for (int y = top; y < bottom; y++)
            {
                float above = (view.Row(nearness, 0) - y) / view.Scale(nearness); // metres
                Vector3 color = facade == Facade.Glass ? Glass(view, palette, x, y, along, above) : Wall(facade, paint, along, above, nearness, salt);
                canvas.Paint(x, y, palette.Through(color, nearness), SceneClass.Building);
            }
        }
    }

    private static Vector3 PaintOf(Facade facade, in ScenePalette palette, uint hash)
    {
        Vector3 tone = new Vector3(hash & 255, (hash >> 8) & 255, (hash >> 16) & 255) / 255f;
        return facade switch
        {
            Facade.Brick => new Vector3(0.5f, 0.26f, 0.2f) * (0.7f + 0.6f * tone.X),
            Facade.Concrete => palette.Stone,
            _ => new Vector3(0.3f) + 0.6f * tone,
        };
    }

    private static Vector3 Wall(Facade facade, Vector3 paint, float along, float above, float nearness, uint salt)
    {
        float detail = Math.Min(1, nearness * 4);
        (float u, float v) = (Fraction(along / 2.4f), Fraction(above / 2.8f));
        if (u is > 0.3f and < 0.7f && v is > 0.35f and < 0.75f)
        {
            float lit = SceneNoise.White((int)(along / 2.4f), (int)(above / 2.8f), salt + 5);
            return Vector3.Lerp(paint, new Vector3(lit < 0.2f ? 0.75f : 0.12f), 0.3f + 0.5f * detail);
        }
        float grain = SceneNoise.Value(along * (facade == Facade.Brick ? 3 : 6), above * 6, salt + 6) - 0.5f;
        return paint * (1 + 0.25f * detail * grain);
    }

    /// <summary>Glass shows the sky over it; only thin frames give it away.</summary>
    private static Vector3 Glass(in SceneView view, in ScenePalette palette, int x, int y, float along, float above)
    {
        bool frame = Fraction(along / 2.4f) < 0.06f || Fraction(above / 2.8f) < 0.08f;
        Vector3 sky = palette.Sky(view, x * 0.7f + 11, Math.Min(y, view.Horizon) * 0.8f);
        return frame ? sky * 0.6f : sky * 0.95f;
    }

    private static float Fraction(float value) => value - MathF.Floor(value);
}
