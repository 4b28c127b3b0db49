namespace HeteroAKD.Data;

/// <summary>
/// The camera of a scene, upright over flat ground. Nearness d is 0 at the horizon and 1 at the bottom row; lateral positions and heights are in metres.
/// </summary>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
/// <param name="Horizon">Row of the horizon.</param>
/// <param name="VanishX">Column in which all parallels of the road meet.</param>
/// <param name="PixelsPerMetre">At nearness 1.</param>
/// <param name="BottomDistance">Metres from the camera to the ground at the bottom row.</param>
internal readonly record struct SceneView(int Width, int Height, float Horizon, float VanishX, float PixelsPerMetre, float BottomDistance)
{
    /// <summary>Pixels of a 96-row picture are this many pixels here.</summary>
    public float Unit => Height / 96f;

    public float Ground => Height - Horizon;

    public static SceneView Draw(ref CounterRandom random, int width, int height)
    {
        float horizon = height * random.Uniform(0.32f, 0.5f);
        float vanishX = width * random.Uniform(0.25f, 0.75f);
        float cameraHeight = random.Uniform(1.8f, 3.6f);
        float pixelsPerMetre = (height - horizon) / cameraHeight;
        return new SceneView(width, height, horizon, vanishX, pixelsPerMetre, width / pixelsPerMetre);
    }

    public float Nearness(float row) => (row - Horizon) / Ground;

    public float Distance(float nearness) => BottomDistance / nearness;

    public float Scale(float nearness) => PixelsPerMetre * nearness;

    public float Column(float lateral, float nearness) => VanishX + lateral * Scale(nearness);

    public float Lateral(float column, float nearness) => (column - VanishX) / Scale(nearness);

    public float Row(float nearness, float height) => Horizon + nearness * Ground - height * Scale(nearness);
}
