using System.Numerics;

namespace HeteroAKD.Data;

/// <summary>Sky and the far skyline: wooded hills, a town, or nothing between sky and water.</summary>
internal static class SceneBackdrop
{
    private enum Skyline
    {
        Open,
        Hills,
        Town,
    }

    public static void Paint(SceneCanvas canvas, in SceneView view, in ScenePalette palette, ref CounterRandom random)
    {
        for (int y = 0; y < view.Horizon; y++)
        {
            for (int x = 0; x < view.Width; x++)
            {
                canvas.Paint(x, y, palette.Sky(view, x, y), SceneClass.Sky);
            }
        }
        Skyline kind = random.Chance(0.2f) ? Skyline.Open : random.Chance(0.5f) ? Skyline.Hills : Skyline.Town;
        float height = random.Uniform(4, 13) * view.Unit;
        float air = random.Uniform(0.25f, 0.7f); // how much of the skyline's own colour is lost on the way
        Vector3 facade = Vector3.Lerp(palette.Stone, ScenePalette.Paint(ref random), 0.4f);
        if (kind == Skyline.Open)
        {
            return;
        }
        for (int x = 0; x < view.Width; x++)
        {
            float rise = height * (kind == Skyline.Hills ? Hill(x, view, palette) : Roof(x, view, palette));
            for (int y = Math.Max(0, (int)(view.Horizon - rise)); y < view.Horizon; y++)
            {
                Vector3 color = kind == Skyline.Hills ? Wood(x, y, view, palette) : facade * (0.8f + 0.4f * Window(x, y, view, palette));
                canvas.Paint(x, y, Vector3.Lerp(color, palette.Haze, air), kind == Skyline.Hills ? SceneClass.Tree : SceneClass.Building);
            }
        }
    }

    private static float Hill(int x, in SceneView view, in ScenePalette palette) =>
        0.3f + SceneNoise.Cloud(x / (24 * view.Unit), 0, palette.Salt + 20);

    private static float Roof(int x, in SceneView view, in ScenePalette palette)
    {
        int block = (int)(x / (7 * view.Unit));
        float rise = SceneNoise.White(block, 0, palette.Salt + 21);
        return rise < 0.15f ? 0.1f : 0.3f + rise;
    }

    private static Vector3 Wood(int x, int y, in SceneView view, in ScenePalette palette) =>
        palette.Leaf * (0.7f + 0.6f * SceneNoise.Value(x / (2.5f * view.Unit), y / (2.5f * view.Unit), palette.Salt + 22));

    private static float Window(int x, int y, in SceneView view, in ScenePalette palette) =>
        SceneNoise.White((int)(x / (2 * view.Unit)), (int)(y / (2 * view.Unit)), palette.Salt + 23);
}
