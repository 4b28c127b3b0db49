using System.Numerics;

namespace HeteroAKD.Data;

/// <summary>Paints standing things, each from its own few random numbers.</summary>
internal ref struct ScenePainter(SceneCanvas canvas, SceneView view, ScenePalette palette, ref CounterRandom random, ref SceneAnnotator annotator)
{
    private static readonly Vector3 s_metal = new(0.35f, 0.36f, 0.38f);

    private readonly SceneCanvas _canvas = canvas;
    private readonly ref CounterRandom _random = ref random;
    private readonly ref SceneAnnotator _annotator = ref annotator;

    public readonly void Paint(in SceneThing thing, in SceneLayout layout)
    {
        switch (thing.Kind)
        {
            case ThingKind.Tree: PaintTree(thing); break;
            case ThingKind.LampPost: PaintLampPost(thing); break;
            case ThingKind.TrafficSign: PaintTrafficSign(thing); break;
            case ThingKind.Billboard: PaintBillboard(thing); break;
            case ThingKind.Car: PaintCar(thing); break;
            case ThingKind.PasserBy: PaintPasserBy(thing); break;
            case ThingKind.Gantry: PaintGantry(thing, layout); break;
        }
    }

    private readonly void PaintTree(in SceneThing thing)
    {
        SceneClass label = _annotator.Name(SceneClass.Tree);
        float radius = _random.Uniform(1.1f, 2.4f);
        float height = _random.Uniform(1.2f, 2.2f) * radius + 1.5f; // of the crown's centre
        Vector3 leaf = ScenePalette.Vary(palette.Leaf, ref _random, 0.05f);
        uint salt = _random.NextUInt();
        (float scale, float x, float ground) = (view.Scale(thing.Nearness), view.Column(thing.Lateral, thing.Nearness), view.Row(thing.Nearness, 0));
        Vector3 trunk = palette.Through(new Vector3(0.28f, 0.2f, 0.14f), thing.Nearness);
        _canvas.Fill(x - 0.15f * scale, ground - height * scale, x + 0.15f * scale, ground, trunk, label, minimum: 1);
        (float centerY, float reach) = (ground - height * scale, radius * scale);
        for (int py = Math.Max(0, (int)(centerY - reach)); py < Math.Min(_canvas.Height, centerY + reach); py++)
        {
            for (int px = Math.Max(0, (int)(x - reach)); px < Math.Min(_canvas.Width, x + reach); px++)
            {
                (float dx, float dy) = ((px + 0.5f - x) / reach, (py + 0.5f - centerY) / reach);
                float lump = SceneNoise.Value(dx * 3.5f + 9, dy * 3.5f + 9, salt);
                if (dx * dx + dy * dy < 0.45f + 0.55f * lump && SceneNoise.Value(dx * 7, dy * 7, salt + 1) > 0.12f)
                {
                    Vector3 color = leaf * (0.75f + 0.6f * SceneNoise.Value(dx * 8, dy * 8, salt + 2) - 0.25f * dy);
                    _canvas.Paint(px, py, palette.Through(color, thing.Nearness), label);
                }
            }
        }
    }

    private readonly void PaintLampPost(in SceneThing thing)
    {
        SceneClass? label = _annotator.NameSmall(SceneClass.Pole);
        float height = _random.Uniform(4.5f, 7);
        Vector3 color = palette.Through(ScenePalette.Vary(s_metal, ref _random, 0.2f), thing.Nearness);
        float arm = _random.Uniform(-1.6f, 1.6f);
        PaintPost(thing.Lateral, thing.Nearness, height, color, label);
        (float x, float top, float scale) = (view.Column(thing.Lateral, thing.Nearness), view.Row(thing.Nearness, height), view.Scale(thing.Nearness));
        _canvas.Fill(Math.Min(x, x + arm * scale), top, Math.Max(x, x + arm * scale), top + Math.Max(1.3f * view.Unit, 0.15f * scale), color, label);
    }

    private readonly void PaintPost(float lateral, float nearness, float height, Vector3 color, SceneClass? label)
    {
        (float x, float half) = (view.Column(lateral, nearness), 0.11f * view.Scale(nearness));
        _canvas.Fill(x - half, view.Row(nearness, height), x + half, view.Row(nearness, 0), color, label, minimum: 1.7f * view.Unit);
    }

    private readonly void PaintTrafficSign(in SceneThing thing)
    {
        (SceneClass? post, SceneClass? plate) = (_annotator.NameSmall(SceneClass.Pole), _annotator.NameSmall(SceneClass.Sign));
        float height = _random.Uniform(2, 3.2f);
        bool isRound = _random.Chance(0.6f);
        (Vector3 rim, Vector3 face) = _random.NextInt(4) switch
        {
            0 => (new Vector3(0.85f, 0.12f, 0.1f), new Vector3(0.95f)),
            1 => (new Vector3(0.1f, 0.25f, 0.7f), new Vector3(0.15f, 0.35f, 0.8f)),
            2 => (new Vector3(0.1f, 0.55f, 0.2f), new Vector3(0.12f, 0.65f, 0.25f)),
            _ => (new Vector3(0.2f), new Vector3(0.95f, 0.75f, 0.1f)),
        };
        PaintPost(thing.Lateral, thing.Nearness, height, palette.Through(s_metal, thing.Nearness), post);
        float radius = Math.Max(_random.Uniform(0.35f, 0.55f) * view.Scale(thing.Nearness), 1.6f * view.Unit);
        (float x, float y) = (view.Column(thing.Lateral, thing.Nearness), view.Row(thing.Nearness, height));
        (rim, face) = (palette.Through(rim, thing.Nearness), palette.Through(face, thing.Nearness));
        if (isRound)
        {
            _canvas.Ellipse(x, y, radius, radius, rim, plate);
            _canvas.Ellipse(x, y, radius * 0.65f, radius * 0.65f, face, plate);
        }
        else
        {
            _canvas.Fill(x - radius, y - radius, x + radius, y + radius, rim, plate);
            _canvas.Fill(x - radius * 0.7f, y - radius * 0.7f, x + radius * 0.7f, y + radius * 0.7f, face, plate);
        }
    }

    /// <summary>A picture of something else: only its straight outline tells.</summary>
    private readonly void PaintBillboard(in SceneThing thing)
    {
        SceneClass? label = _annotator.NameSmall(SceneClass.Sign);
        (float halfWidth, float height, float foot) = (_random.Uniform(1.2f, 2.4f), _random.Uniform(1.4f, 2.6f), _random.Uniform(1, 3.2f));
        int motif = _random.NextInt(4);
        uint salt = _random.NextUInt();
        Vector3 frame = ScenePalette.Paint(ref _random);
        PaintPost(thing.Lateral - halfWidth * 0.8f, thing.Nearness, foot, palette.Through(s_metal, thing.Nearness), SceneClass.Pole);
        PaintPost(thing.Lateral + halfWidth * 0.8f, thing.Nearness, foot, palette.Through(s_metal, thing.Nearness), SceneClass.Pole);
        (float left, float right) = (view.Column(thing.Lateral - halfWidth, thing.Nearness), view.Column(thing.Lateral + halfWidth, thing.Nearness));
        (float top, float bottom) = (view.Row(thing.Nearness, foot + height), view.Row(thing.Nearness, foot));
        _canvas.Fill(left, top, right, bottom, palette.Through(frame, thing.Nearness), label);
        float border = Math.Max(0.7f * view.Unit, 0.1f * view.Scale(thing.Nearness));
        for (int y = Math.Max(0, (int)(top + border)); y < Math.Min(_canvas.Height, bottom - border); y++)
        {
            for (int x = Math.Max(0, (int)(left + border)); x < Math.Min(_canvas.Width, right - border); x++)
            {
                float texture = SceneNoise.Value(x / (2.5f * view.Unit), y / (2.5f * view.Unit), salt);
                Vector3 color = motif switch
                {
                    0 => palette.Sky(view, x, y * 0.7f),
                    1 => palette.Leaf * (0.7f + 0.6f * texture),
                    2 => palette.Stone * (0.85f + 0.3f * texture),
                    _ => new Vector3(0.5f, 0.28f, 0.22f) * (0.8f + 0.4f * texture),
                };
                _canvas.Cover(x, y, palette.Through(color, thing.Nearness), 1, label);
            }
        }
    }

    private readonly void PaintCar(in SceneThing thing)
    {
        SceneClass? label = _annotator.NameSmall(SceneClass.Car);
        Vector3 body = palette.Through(ScenePalette.Paint(ref _random), thing.Nearness);
        (float half, float height) = (_random.Uniform(0.8f, 0.98f), _random.Uniform(1.35f, 2.1f));
        Vector3 lights = _random.Chance(0.5f) ? new Vector3(0.8f, 0.1f, 0.08f) : new Vector3(0.95f, 0.93f, 0.8f);
        (float x, float ground, float scale) = (view.Column(thing.Lateral, thing.Nearness), view.Row(thing.Nearness, 0), view.Scale(thing.Nearness));
        Vector3 dark = palette.Through(new Vector3(0.08f), thing.Nearness);
        _canvas.Fill(x - half * scale, ground - 0.35f * scale, x + half * scale, ground, dark, label);
        _canvas.Fill(x - half * scale, ground - 0.6f * height * scale, x + half * scale, ground - 0.25f * scale, body, label);
        _canvas.Fill(x - 0.8f * half * scale, ground - height * scale, x + 0.8f * half * scale, ground - 0.55f * height * scale, body, label);
        _canvas.Fill(x - 0.68f * half * scale, ground - 0.94f * height * scale, x + 0.68f * half * scale, ground - 0.6f * height * scale, dark, label);
        for (int side = -1; side <= 1; side += 2)
        {
            float lamp = x + side * 0.78f * half * scale;
            _canvas.Fill(lamp - 0.12f * scale, ground - 0.52f * height * scale, lamp + 0.12f * scale, ground - 0.4f * height * scale, lights, label);
        }
    }

    private readonly void PaintPasserBy(in SceneThing thing)
    {
        (Vector3 coat, Vector3 legs) = (ScenePalette.Paint(ref _random), ScenePalette.Paint(ref _random) * 0.5f);
        (float x, float ground, float scale) = (view.Column(thing.Lateral, thing.Nearness), view.Row(thing.Nearness, 0), view.Scale(thing.Nearness));
        _canvas.Fill(x - 0.18f * scale, ground - 0.85f * scale, x + 0.18f * scale, ground, palette.Through(legs, thing.Nearness), SceneClass.Ignore);
        _canvas.Fill(
            x - 0.25f * scale, ground - 1.5f * scale, x + 0.25f * scale, ground - 0.8f * scale, palette.Through(coat, thing.Nearness), SceneClass.Ignore);
        Vector3 skin = palette.Through(new Vector3(0.75f, 0.58f, 0.47f), thing.Nearness);
        _canvas.Ellipse(x, ground - 1.62f * scale, 0.14f * scale, 0.16f * scale, skin, SceneClass.Ignore);
    }

    /// <summary>Two posts, a beam, and a lamp over each lane that decides what the lane is, all the way to the camera.</summary>
    private readonly void PaintGantry(in SceneThing thing, in SceneLayout layout)
    {
        (SceneClass? poles, SceneClass? lamps) = (_annotator.NameSmall(SceneClass.Pole), _annotator.NameSmall(SceneClass.Sign));
        float nearness = thing.Nearness;
        float beam = Math.Max(view.Row(nearness, _random.Uniform(4.6f, 6)), 5 * view.Unit);
        Vector3 metal = palette.Through(ScenePalette.Vary(s_metal, ref _random, 0.15f), nearness);
        (float left, float right) = (view.Column(layout.RoadLeft - 0.4f, nearness), view.Column(layout.RoadRight + 0.4f, nearness));
        _canvas.Fill(left - view.Unit, beam, left + view.Unit, view.Row(nearness, 0), metal, poles);
        _canvas.Fill(right - view.Unit, beam, right + view.Unit, view.Row(nearness, 0), metal, poles);
        _canvas.Fill(left, beam - view.Unit, right, beam + view.Unit, metal, poles);
        float radius = Math.Max(0.5f * view.Scale(nearness), 2.4f * view.Unit);
        foreach (ref readonly GroundStrip strip in layout.Strips)
        {
            if (strip.Lamp != LaneLamp.None)
            {
                float x = view.Column(strip.Center, nearness);
                _canvas.Fill(x - radius * 1.25f, beam - radius * 1.1f, x + radius * 1.25f, beam + radius * 1.4f, new Vector3(0.06f), lamps);
                _canvas.Ellipse(x, beam + radius * 0.15f, radius, radius, ScenePalette.Vary(LampColor(strip.Lamp), ref _random, 0.08f), lamps);
            }
        }
    }

    private static Vector3 LampColor(LaneLamp lamp) => lamp switch
    {
        LaneLamp.Red => new Vector3(0.92f, 0.12f, 0.1f),
        LaneLamp.Amber => new Vector3(0.95f, 0.65f, 0.1f),
        _ => new Vector3(0.1f, 0.85f, 0.3f),
    };
}
