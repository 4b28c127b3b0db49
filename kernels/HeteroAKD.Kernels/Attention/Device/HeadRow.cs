using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Attention.Device;

/// <summary>What a thread does with one row of one head, which it keeps in registers as quads of columns.</summary>
internal static class HeadRow
{
    /// <summary>Reads a row; columns from <paramref name="columns"/> on are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(Mem memory, int start, int columns, int whole, Float4[] row, int quads)
    {
        for (int i = 0; i < quads; i++)
        {
            row[i] = LoadQuad(memory, start, 4 * i, columns, whole);
        }
    }

    /// <summary>Writes factor times a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Mem memory, int start, int columns, int whole, Float4[] row, int quads, float factor)
    {
        for (int i = 0; i < quads; i++)
        {
            Float4 x = new() { X = factor * row[i].X, Y = factor * row[i].Y, Z = factor * row[i].Z, W = factor * row[i].W };
            StoreQuad(memory, start, 4 * i, columns, whole, x);
        }
    }

    /// <summary>Reads four columns from <paramref name="column"/> on, a multiple of 4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 LoadQuad(Mem memory, int start, int column, int columns, int whole)
    {
        Float4 x = default;
        if (whole != 0)
        {
            if (column < columns)
            {
                x = memory.View.Cast<Float4>()[(start >> 2) + (column >> 2)];
            }
        }
        else
        {
            x = new Float4
            {
                X = One(memory, start, column, columns),
                Y = One(memory, start, column + 1, columns),
                Z = One(memory, start, column + 2, columns),
                W = One(memory, start, column + 3, columns),
            };
        }

        return x;
    }

    /// <summary>Writes four columns from <paramref name="column"/> on, a multiple of 4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreQuad(Mem memory, int start, int column, int columns, int whole, Float4 x)
    {
        if (whole != 0)
        {
            if (column < columns)
            {
                memory.View.Cast<Float4>()[(start >> 2) + (column >> 2)] = x;
            }
        }
        else
        {
            StoreOne(memory, start, column, columns, x.X);
            StoreOne(memory, start, column + 1, columns, x.Y);
            StoreOne(memory, start, column + 2, columns, x.Z);
            StoreOne(memory, start, column + 3, columns, x.W);
        }
    }

    /// <summary>sum + a·b, a component at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Multiply(Float4 a, Float4 b, Float4 sum) => new()
    {
        X = MathF.FusedMultiplyAdd(a.X, b.X, sum.X),
        Y = MathF.FusedMultiplyAdd(a.Y, b.Y, sum.Y),
        Z = MathF.FusedMultiplyAdd(a.Z, b.Z, sum.Z),
        W = MathF.FusedMultiplyAdd(a.W, b.W, sum.W),
    };

    /// <summary>sum + factor·b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float4 Scale(float factor, Float4 b, Float4 sum) => Multiply(new Float4 { X = factor, Y = factor, Z = factor, W = factor }, b, sum);

    /// <summary>The sum of the components.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Float4 a) => (a.X + a.Y) + (a.Z + a.W);

    /// <summary>e^x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Exp(float x) => FloatMath.Exp(new DeviceF32(x)).Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float One(Mem memory, int start, int column, int columns)
    {
        float value = 0f;
        if (column < columns)
        {
            value = memory.View[start + column];
        }

        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreOne(Mem memory, int start, int column, int columns, float value)
    {
        if (column < columns)
        {
            memory.View[start + column] = value;
        }
    }
}
