using System.Numerics;

namespace HeteroAKD.Data;

/// <summary>The colours of one scene. Classes that context must tell apart share one entry.</summary>
/// <param name="Zenith">Sky at the top, and water near the camera.</param>
/// <param name="Haze">Sky at the horizon, and whatever is far away.</param>
/// <param name="CloudColor">Clouds.</param>
/// <param name="Leaf">Trees and grass.</param>
/// <param name="Stone">Road, pavement and concrete facades.</param>
/// <param name="Salt">Of every texture.</param>
internal readonly record struct ScenePalette(Vector3 Zenith, Vector3 Haze, Vector3 CloudColor, Vector3 Leaf, Vector3 Stone, uint Salt)
{
    private static readonly Vector3[] s_zeniths =
    [
        new(0.25f, 0.45f, 0.80f), // clear
        new(0.55f, 0.58f, 0.62f), // overcast, the grey of stone
        new(0.45f, 0.38f, 0.55f), // dusk
        new(0.40f, 0.62f, 0.78f), // hazy
    ];

    private static readonly Vector3[] s_hazes = [new(0.72f, 0.82f, 0.92f), new(0.70f, 0.71f, 0.72f), new(0.92f, 0.65f, 0.48f), new(0.82f, 0.84f, 0.80f)];

    private static readonly Vector3[] s_leaves = [new(0.20f, 0.42f, 0.16f), new(0.36f, 0.46f, 0.16f), new(0.58f, 0.42f, 0.14f), new(0.16f, 0.32f, 0.22f)];

    public static ScenePalette Draw(ref CounterRandom random)
    {
        int weather = random.NextInt(s_zeniths.Length);
        Vector3 cloud = Vector3.Lerp(s_hazes[weather], Vector3.One, random.Uniform(0.2f, 0.8f));
        Vector3 leaf = Vary(s_leaves[random.NextInt(s_leaves.Length)], ref random, 0.06f);
        Vector3 stone = Vary(new Vector3(random.Uniform(0.28f, 0.66f)), ref random, 0.03f);
        return new ScenePalette(Vary(s_zeniths[weather], ref random, 0.08f), Vary(s_hazes[weather], ref random, 0.06f), cloud, leaf, stone, random.NextUInt());
    }

    /// <summary>A colour near <paramref name="color"/>.</summary>
    public static Vector3 Vary(Vector3 color, ref CounterRandom random, float spread) =>
        color + new Vector3(random.Uniform(-spread, spread), random.Uniform(-spread, spread), random.Uniform(-spread, spread));

    /// <summary>Any colour, as of paint.</summary>
    public static Vector3 Paint(ref CounterRandom random) => new(random.Uniform(0.1f, 0.95f), random.Uniform(0.1f, 0.95f), random.Uniform(0.1f, 0.95f));

    /// <summary>The sky at a column and a row above the horizon; water and glass show the same function.</summary>
    public Vector3 Sky(in SceneView view, float x, float y)
    {
        float rise = Math.Clamp((view.Horizon - y) / view.Horizon, 0, 1);
        Vector3 clear = Vector3.Lerp(Haze, Zenith, MathF.Sqrt(rise));
        float unit = view.Unit;
        float cover = SceneNoise.Step(0.5f, 0.72f, SceneNoise.Cloud(x / (22 * unit), y / (9 * unit), Salt + 10));
        return Vector3.Lerp(clear, CloudColor, cover * 0.8f);
    }

    /// <summary>What <paramref name="color"/> looks like through the air at a nearness.</summary>
    public Vector3 Through(Vector3 color, float nearness) => Vector3.Lerp(color, Haze, 0.75f * MathF.Exp(-nearness * 14));
}
