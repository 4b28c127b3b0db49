namespace HeteroAKD.Data;

/// <summary>Textures as functions of position and a salt.</summary>
internal static class SceneNoise
{
    /// <summary>A well-mixed 32-bit hash of a lattice point.</summary>
    public static uint Hash(int x, int y, uint salt)
    {
        unchecked
        {
            uint h = salt ^ ((uint)x * 0x9E3779B1u) ^ ((uint)y * 0x85EBCA77u);
            h = (h ^ (h >> 15)) * 0x2C1B3C6Du;
            h = (h ^ (h >> 12)) * 0x297A2D39u;
            return h ^ (h >> 15);
        }
    }

    /// <summary>White noise in [0, 1).</summary>
    public static float White(int x, int y, uint salt) => (Hash(x, y, salt) >> 8) * (1f / (1 << 24));

    /// <summary>Smooth value noise in [0, 1) on the unit lattice.</summary>
    public static float Value(float x, float y, uint salt)
    {
        (int left, int top) = ((int)MathF.Floor(x), (int)MathF.Floor(y));
        (float fx, float fy) = (x - left, y - top);
        fx = fx * fx * (3 - 2 * fx);
        fy = fy * fy * (3 - 2 * fy);
        (float a, float b) = (White(left, top, salt), White(left + 1, top, salt));
        (float c, float d) = (White(left, top + 1, salt), White(left + 1, top + 1, salt));
        float upper = a + (b - a) * fx;
        return upper + (c + (d - c) * fx - upper) * fy;
    }

    /// <summary>Three octaves of <see cref="Value"/>, in [0, 1).</summary>
    public static float Cloud(float x, float y, uint salt) =>
        (Value(x, y, salt) * 4 + Value(x * 2.1f, y * 2.1f, salt + 1) * 2 + Value(x * 4.3f, y * 4.3f, salt + 2)) / 7;

    /// <summary>0 below <paramref name="low"/>, 1 above <paramref name="high"/>, smooth in between.</summary>
    public static float Step(float low, float high, float value)
    {
        float t = Math.Clamp((value - low) / (high - low), 0, 1);
        return t * t * (3 - 2 * t);
    }
}
