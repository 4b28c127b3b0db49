using System.Numerics;

namespace HeteroAKD.Data;

/// <summary>Makes one scene: draws what it holds, then paints it from far to near.</summary>
internal static class SceneRenderer
{
    /// <param name="options">Size, seed and quality of the labels.</param>
    /// <param name="number">The scene's number over all splits.</param>
    /// <param name="sample">Overwritten.</param>
    public static void Render(SceneOptions options, uint number, Sample sample)
    {
        CounterRandom random = new(options.Seed, RandomPurpose.Scene, number, 0);
        SceneAnnotator annotator = new(new CounterRandom(options.Seed, RandomPurpose.Annotation, number, 0), options.AnnotationNoise);
        SceneCanvas canvas = new(sample.Image.Pixels, sample.Labels, options.Width, options.Height);
        SceneView view = SceneView.Draw(ref random, options.Width, options.Height);
        ScenePalette palette = ScenePalette.Draw(ref random);
        SceneLayout layout = SceneLayout.Draw(stackalloc GroundStrip[SceneLayout.MaxStrips], ref random, ref annotator, view);

        SceneBackdrop.Paint(canvas, view, palette, ref random);
        SceneGround.Paint(canvas, view, palette, layout);
        PaintHouses(canvas, view, palette, layout, ref random);
        ScenePainter painter = new(canvas, view, palette, ref random, ref annotator);
        foreach (ref readonly SceneThing thing in SceneThings.Draw(stackalloc SceneThing[SceneThings.Max], ref random, layout))
        {
            painter.Paint(thing, layout);
        }
        PaintBonnet(canvas, view, ref random);
        SceneLight.Apply(canvas, ref random);
        annotator.BlurOutlines(canvas);
    }

    private static void PaintHouses(SceneCanvas canvas, in SceneView view, in ScenePalette palette, in SceneLayout layout, ref CounterRandom random)
    {
        (float leftEdge, float rightEdge) = (layout.Strips[0].Right, layout.Strips[^1].Left);
        if (layout.LeftLand == SceneClass.Building && leftEdge < -0.5f)
        {
            SceneBuildings.PaintRow(canvas, view, palette, leftEdge, ref random);
        }
        if (layout.RightLand == SceneClass.Building && rightEdge > 0.5f)
        {
            SceneBuildings.PaintRow(canvas, view, palette, rightEdge, ref random);
        }
    }

    private static void PaintBonnet(SceneCanvas canvas, in SceneView view, ref CounterRandom random)
    {
        Vector3 color = ScenePalette.Paint(ref random) * 0.6f;
        float height = random.Uniform(4, 12) * view.Unit;
        float center = random.Uniform(0.4f, 0.6f) * view.Width;
        if (random.Chance(0.3f))
        {
            canvas.Ellipse(center, view.Height + 0.5f * height, view.Width * 0.45f, 1.5f * height, color, SceneClass.Ignore);
        }
    }
}
