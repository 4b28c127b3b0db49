namespace HeteroAKD.Data;

/// <summary>What stands in a scene.</summary>
internal enum ThingKind
{
    Tree,
    LampPost,
    TrafficSign,
    Billboard,
    Car,
    PasserBy,
    Gantry,
}

/// <summary>A standing thing.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Nearness">Where it stands along the road.</param>
/// <param name="Lateral">Where it stands across, metres.</param>
internal readonly record struct SceneThing(ThingKind Kind, float Nearness, float Lateral);

/// <summary>Decides what stands where, and puts it in painting order.</summary>
internal static class SceneThings
{
    /// <summary>The most that a scene holds.</summary>
    public const int Max = 40;

    /// <returns>The part of <paramref name="things"/> in use, far things first.</returns>
    public static Span<SceneThing> Draw(Span<SceneThing> things, ref CounterRandom random, in SceneLayout layout)
    {
        int count = 0;
        for (int n = random.NextInt(5); n > 0; n--)
        {
            things[count++] = Beside(ThingKind.Tree, ref random, layout, random.Uniform(0.5f, 7));
        }
        for (int n = random.NextInt(3) + (layout.LeftLand == SceneClass.Grass ? 2 : 0) + (layout.RightLand == SceneClass.Grass ? 2 : 0); n > 0; n--)
        {
            things[count++] = Beside(ThingKind.Tree, ref random, layout, random.Uniform(2, 25));
        }
        for (int n = 1 + random.NextInt(4); n > 0; n--)
        {
            things[count++] = Beside(ThingKind.LampPost, ref random, layout, random.Uniform(0.2f, 1.2f));
        }
        for (int n = random.NextInt(4); n > 0; n--)
        {
            things[count++] = Beside(ThingKind.TrafficSign, ref random, layout, random.Uniform(0.2f, 1.5f));
        }
        for (int n = random.NextInt(3); n > 0; n--)
        {
            things[count++] = Beside(ThingKind.Billboard, ref random, layout, random.Uniform(2, 8));
        }
        for (int n = random.NextInt(4); n > 0; n--)
        {
            things[count++] = Beside(ThingKind.PasserBy, ref random, layout, random.Uniform(0.3f, 4));
        }
        for (int n = random.NextInt(4); n > 0; n--)
        {
            things[count++] = InLane(ref random, layout);
        }
        if (layout.GantryNearness > 0)
        {
            things[count++] = new SceneThing(ThingKind.Gantry, layout.GantryNearness, 0);
        }
        things[..count].Sort(static (a, b) => a.Nearness.CompareTo(b.Nearness));
        return things[..count];
    }

    /// <summary>A place so many metres beside the road, on either side.</summary>
    private static SceneThing Beside(ThingKind kind, ref CounterRandom random, in SceneLayout layout, float away)
    {
        float lateral = random.Chance(0.5f) ? layout.RoadLeft - away : layout.RoadRight + away;
        return new SceneThing(kind, DrawNearness(ref random), lateral);
    }

    private static SceneThing InLane(ref CounterRandom random, in SceneLayout layout)
    {
        float lateral = random.Uniform(layout.RoadLeft + 1.2f, layout.RoadRight - 1.2f);
        foreach (ref readonly GroundStrip strip in layout.Strips)
        {
            if (strip.IsLane && lateral >= strip.Left && lateral < strip.Right)
            {
                lateral = strip.Center;
                break;
            }
        }
        return new SceneThing(ThingKind.Car, DrawNearness(ref random), lateral);
    }

    /// <summary>Even in the logarithm: as many far things as near ones.</summary>
    private static float DrawNearness(ref CounterRandom random) => 0.1f * MathF.Exp(random.Uniform(0, 2));
}
