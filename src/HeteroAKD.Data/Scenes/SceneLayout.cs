using System.Numerics;

namespace HeteroAKD.Data;

/// <summary>A lamp over a lane.</summary>
internal enum LaneLamp
{
    /// <summary>No lamp in the picture: the lane is open.</summary>
    None,

    /// <summary>The lane is open.</summary>
    Green,

    /// <summary>The lane is open or closed with even chances.</summary>
    Amber,

    /// <summary>The lane is closed.</summary>
    Red,
}

/// <summary>A strip of ground along the road.</summary>
/// <param name="Left">Left edge, metres from the camera's path.</param>
/// <param name="Right">Right edge.</param>
/// <param name="Class">Its true class.</param>
/// <param name="Annotated">The class its annotator wrote down.</param>
/// <param name="Shade">Brightness relative to the scene's stone.</param>
/// <param name="IsLane">One of the road's lanes, whatever its class.</param>
/// <param name="Lamp">The lamp over that lane.</param>
internal readonly record struct GroundStrip(
    float Left, float Right, SceneClass Class, SceneClass Annotated, float Shade, bool IsLane = false, LaneLamp Lamp = LaneLamp.None)
{
    public float Center => (Left + Right) / 2;
}

/// <summary>Where everything flat is in a scene: the strips from left to right, and what is common to them.</summary>
internal ref struct SceneLayout
{
    /// <summary>Side land, pavement, three lanes, pavement, side land.</summary>
    public const int MaxStrips = 7;

    private const float FarAway = 10_000;

    private readonly Span<GroundStrip> _strips; // [MaxStrips], the first _count in use
    private int _count;

    private SceneLayout(Span<GroundStrip> strips) => _strips = strips;

    public readonly ReadOnlySpan<GroundStrip> Strips => _strips[.._count];

    public float RoadLeft { get; private set; }

    public float RoadRight { get; private set; }

    /// <summary>What borders the road's pavements: Water, Grass, Pavement (a square), or Building (a row of houses).</summary>
    public SceneClass LeftLand { get; private set; }

    /// <inheritdoc cref="LeftLand"/>
    public SceneClass RightLand { get; private set; }

    /// <summary>Nearness of the beam with the lamps; 0 where there is none.</summary>
    public float GantryNearness { get; private set; }

    /// <summary>Width in metres over which the borders between pavement and land fray.</summary>
    public float Fray { get; private set; }

    public float Kerb { get; private set; }

    public bool HasMarkings { get; private set; }

    public bool HasJoints { get; private set; }

    public float Ripple { get; private set; }

    public Vector3 WaterShade { get; private set; }

    public float ShadowStart { get; private set; }

    public float ShadowEnd { get; private set; }

    public float ShadowSlant { get; private set; }

    public float ShadowDepth { get; private set; }

    public uint Salt { get; private set; }

    public static SceneLayout Draw(Span<GroundStrip> strips, ref CounterRandom random, ref SceneAnnotator annotator, in SceneView view)
    {
        SceneLayout layout = new(strips) { Salt = random.NextUInt() };
        layout.DrawSurfaces(ref random);
        int lanes = 2 + random.NextInt(2);
        float laneWidth = random.Uniform(2.6f, 3.4f);
        layout.RoadLeft = random.Uniform(-4, 4) - lanes * laneWidth / 2;
        layout.RoadRight = layout.RoadLeft + lanes * laneWidth;
        layout.GantryNearness = random.Chance(0.75f) ? random.Uniform(0.22f, 0.42f) : 0;
        (layout.LeftLand, layout.RightLand) = (DrawLand(ref random), DrawLand(ref random));
        float leftPavement = DrawPavement(layout.LeftLand, ref random);
        float rightPavement = DrawPavement(layout.RightLand, ref random);

        layout.Add(-FarAway, layout.RoadLeft - leftPavement, layout.LeftLand, ref random, ref annotator);
        layout.Add(layout.RoadLeft - leftPavement, layout.RoadLeft, SceneClass.Pavement, ref random, ref annotator);
        for (int lane = 0; lane < lanes; lane++)
        {
            layout.AddLane(layout.RoadLeft + lane * laneWidth, layout.RoadLeft + (lane + 1) * laneWidth, view, ref random, ref annotator);
        }
        layout.Add(layout.RoadRight, layout.RoadRight + rightPavement, SceneClass.Pavement, ref random, ref annotator);
        layout.Add(layout.RoadRight + rightPavement, FarAway, layout.RightLand, ref random, ref annotator);
        return layout;
    }

    /// <summary>The strip under a lateral position.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public readonly ref readonly GroundStrip StripAt(float lateral)
    {
        int i = 0;
        while (i < _count - 1 && lateral >= _strips[i].Right)
        {
            i++;
        }
        return ref _strips[i];
    }

    public readonly bool IsNearOuterBorder(float lateral) =>
        Math.Min(Math.Abs(lateral - _strips[0].Right), Math.Abs(lateral - _strips[_count - 1].Left)) < Fray;

    private void DrawSurfaces(ref CounterRandom random)
    {
        Fray = random.Uniform(0, 1.2f);
        Kerb = random.Chance(0.5f) ? random.Uniform(0.7f, 0.85f) : random.Uniform(1.1f, 1.3f);
        HasMarkings = random.Chance(0.7f);
        HasJoints = random.Chance(0.5f);
        Ripple = random.Chance(0.4f) ? 0 : random.Uniform(0, 1.5f);
        WaterShade = new Vector3(random.Uniform(0.78f, 1), random.Uniform(0.82f, 1), random.Uniform(0.88f, 1));
        ShadowStart = random.Uniform(3, 40);
        ShadowEnd = ShadowStart + random.Uniform(0.5f, 6);
        ShadowSlant = random.Uniform(-1, 1);
        ShadowDepth = random.Chance(0.6f) ? random.Uniform(0.2f, 0.5f) : 0;
    }

    private static SceneClass DrawLand(ref CounterRandom random)
    {
        float chance = random.NextFloat();
        return chance < 0.3f ? SceneClass.Water : chance < 0.6f ? SceneClass.Grass : chance < 0.7f ? SceneClass.Pavement : SceneClass.Building;
    }

    private static float DrawPavement(SceneClass land, ref CounterRandom random)
    {
        float width = random.Uniform(1.5f, 4.5f);
        return random.Chance(0.2f) && land == SceneClass.Grass ? 0.05f : width;
    }

    private void Add(float left, float right, SceneClass land, ref CounterRandom random, ref SceneAnnotator annotator)
    {
        SceneClass surface = land == SceneClass.Building ? SceneClass.Pavement : land; // houses stand on paving, which shows in the gaps
        _strips[_count++] = new GroundStrip(left, right, surface, annotator.Name(surface), random.Uniform(0.93f, 1.07f));
    }

    private void AddLane(float left, float right, in SceneView view, ref CounterRandom random, ref SceneAnnotator annotator)
    {
        float chance = random.NextFloat();
        LaneLamp lamp = chance < 0.42f ? LaneLamp.Red : chance < 0.5f ? LaneLamp.Amber : LaneLamp.Green;
        float margin = 4 * view.Unit;
        float column = view.Column((left + right) / 2, GantryNearness);
        if (GantryNearness == 0 || column < margin || column > view.Width - margin)
        {
            lamp = LaneLamp.None;
        }
        bool amberCloses = random.Chance(0.5f);
        bool closed = lamp == LaneLamp.Red || (lamp == LaneLamp.Amber && amberCloses);
        SceneClass surface = closed ? SceneClass.ClosedLane : SceneClass.Road;
        _strips[_count++] = new GroundStrip(left, right, surface, annotator.Name(surface), 1, IsLane: true, lamp);
    }
}
