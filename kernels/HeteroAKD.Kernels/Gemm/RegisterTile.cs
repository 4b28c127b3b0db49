using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Gemm;

/// <summary>
/// The innermost loop of products and convolutions: rows × vectors of accumulators in registers, one broadcast factor a row and one or two
/// vectors a step. 12 rows × 2 vectors on 512-bit lanes, 6 × 2 on the others; fewer rows or one vector at the edges.
/// </summary>
internal static unsafe class RegisterTile<TLane>
    where TLane : unmanaged, ILane<TLane>
{
    /// <summary>Bytes of one element.</summary>
    public static int ElementSize
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => sizeof(TLane) / TLane.Width;
    }

    /// <summary>Most rows in a tile.</summary>
    public static int MaxRows
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => sizeof(TLane) == 64 ? 12 : 6;
    }

    /// <summary>Columns of a tile of two vectors.</summary>
    public static int MaxColumns
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 2 * TLane.Width;
    }

    /// <summary>Rows of the next panel where <paramref name="remaining"/> rows are left: 16 rows are 8 + 8, not 12 + 4.</summary>
    public static int PanelRows(int remaining)
    {
        int third = MaxRows / 3;
        if (remaining > 4 * third || (remaining > 2 * third && remaining <= 3 * third))
        {
            return 3 * third;
        }

        return remaining > third ? 2 * third : third;
    }

    /// <summary>Columns of the next panel where <paramref name="remaining"/> columns are left: two vectors, or one where it suffices.</summary>
    public static int PanelColumns(int remaining) => remaining > TLane.Width ? MaxColumns : TLane.Width;

    /// <summary>Elements of a step over all panels of <paramref name="rows"/> rows.</summary>
    public static int PackedRows(int rows)
    {
        int packed = 0;
        for (int row = 0; row < rows;)
        {
            int panel = PanelRows(rows - row);
            packed += panel;
            row += panel;
        }

        return packed;
    }

    /// <summary>tile[rows, vectors] = Σ over k &lt; depth of panel[k, rows] · columns(k), added to what the tile held where <paramref name="add"/>.</summary>
    public static void Multiply(int rows, int vectors, byte* panel, TileColumns columns, int depth, TLane* tile, bool add = false)
    {
        if (vectors == 2)
        {
            Multiply<Counts.Two>(rows, panel, columns, depth, tile, add);
        }
        else
        {
            Multiply<Counts.One>(rows, panel, columns, depth, tile, add);
        }
    }

    private static void Multiply<TVectors>(int rows, byte* panel, TileColumns columns, int depth, TLane* tile, bool add)
        where TVectors : struct, ICount
    {
        switch (rows)
        {
            case 12:
                Multiply<Counts.Six, TVectors>(panel, columns, depth, tile, add);
                break;
            case 8:
                Multiply<Counts.Four, TVectors>(panel, columns, depth, tile, add);
                break;
            case 6:
                Multiply<Counts.Three, TVectors>(panel, columns, depth, tile, add);
                break;
            case 4:
                Multiply<Counts.Two, TVectors>(panel, columns, depth, tile, add);
                break;
            default:
                Multiply<Counts.One, TVectors>(panel, columns, depth, tile, add);
                break;
        }
    }

    private static void Multiply<TPairs, TVectors>(byte* panel, TileColumns columns, int depth, TLane* tile, bool add)
        where TPairs : struct, ICount
        where TVectors : struct, ICount
    {
        if (columns.Table == 0)
        {
            Loop<Counts.One, TPairs, TVectors>(panel, (byte*)columns.Start, columns.Stride, depth, tile, add);
        }
        else
        {
            Loop<Counts.Two, TPairs, TVectors>(panel, (byte*)columns.Start, columns.Table, depth, tile, add);
        }
    }

    /// <summary>
    /// As <see cref="Multiply(int, int, byte*, TileColumns, int, TLane*, bool)"/> for the rows of a full tile where they lie, their elements side by side and
    /// <paramref name="rowStride"/> bytes apart: for few columns packing them would cost more than it saves. Columns at equal distances.
    /// </summary>
    public static void MultiplyRows(int vectors, byte* rows, nint rowStride, TileColumns columns, int depth, TLane* tile)
    {
        if (vectors == 2)
        {
            LoopRows<Counts.Two>(rows, rowStride, (byte*)columns.Start, columns.Stride, depth, tile);
        }
        else
        {
            LoopRows<Counts.One>(rows, rowStride, (byte*)columns.Start, columns.Stride, depth, tile);
        }
    }

    // Three (or, on narrow lanes, two) pointers and three distances reach all rows: more would not stay in registers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void LoopRows<TVectors>(byte* rows, nint stride, byte* columns, nint step, int depth, TLane* tile)
        where TVectors : struct, ICount
    {
        RegisterPair<TLane> p0 = default, p1 = default, p2 = default, p3 = default, p4 = default, p5 = default;
        nint twice = 2 * stride, thrice = 3 * stride;
        byte* rows4 = rows + (4 * stride);
        byte* rows8 = rows4 + (4 * stride);
        for (int k = 0; k < depth; k++)
        {
            TLane* column = (TLane*)columns;
            TLane b0 = column[0];
            TLane b1 = TVectors.Value == 2 ? column[1] : default;
            p0.AddRows<TVectors>(rows, rows + stride, b0, b1);
            p1.AddRows<TVectors>(rows + twice, rows + thrice, b0, b1);
            p2.AddRows<TVectors>(rows4, rows4 + stride, b0, b1);
            if (sizeof(TLane) == 64)
            {
                p3.AddRows<TVectors>(rows4 + twice, rows4 + thrice, b0, b1);
                p4.AddRows<TVectors>(rows8, rows8 + stride, b0, b1);
                p5.AddRows<TVectors>(rows8 + twice, rows8 + thrice, b0, b1);
                rows8 += ElementSize;
            }

            rows += ElementSize;
            rows4 += ElementSize;
            columns += step;
        }

        int v = TVectors.Value;
        p0.Save<TVectors>(tile, v);
        p1.Save<TVectors>(tile + (2 * v), v);
        p2.Save<TVectors>(tile + (4 * v), v);
        if (sizeof(TLane) == 64)
        {
            p3.Save<TVectors>(tile + (6 * v), v);
            p4.Save<TVectors>(tile + (8 * v), v);
            p5.Save<TVectors>(tile + (10 * v), v);
        }
    }

    // Plain numbers as arguments: fields of a struct would be read from the stack in every step. "steps" is the stride, or with TKind = 2 the table.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Loop<TKind, TPairs, TVectors>(byte* panel, byte* columns, nint steps, int depth, TLane* tile, bool add)
        where TKind : struct, ICount
        where TPairs : struct, ICount
        where TVectors : struct, ICount
    {
        RegisterPair<TLane> p0 = default, p1 = default, p2 = default, p3 = default, p4 = default, p5 = default;
        int v = TVectors.Value;
        if (add)
        {
            p0.Restore<TVectors>(tile, v);
            if (TPairs.Value > 1)
            {
                p1.Restore<TVectors>(tile + (2 * v), v);
            }

            if (TPairs.Value > 2)
            {
                p2.Restore<TVectors>(tile + (4 * v), v);
            }

            if (TPairs.Value > 3)
            {
                p3.Restore<TVectors>(tile + (6 * v), v);
            }

            if (TPairs.Value > 4)
            {
                p4.Restore<TVectors>(tile + (8 * v), v);
                p5.Restore<TVectors>(tile + (10 * v), v);
            }
        }

        // Four steps at a time: counting them costs as much as a third of their products would.
        nint k = 0;
        int panelStep = 2 * TPairs.Value * ElementSize;
        for (; k + 4 <= depth; k += 4)
        {
            int* table = (int*)steps + k;
            byte* c0 = TKind.Value == 2 ? columns + table[0] : columns;
            byte* c1 = TKind.Value == 2 ? columns + table[1] : columns + steps;
            byte* c2 = TKind.Value == 2 ? columns + table[2] : columns + (2 * steps);
            byte* c3 = TKind.Value == 2 ? columns + table[3] : c2 + steps;
            Step<TPairs, TVectors>(ref p0, ref p1, ref p2, ref p3, ref p4, ref p5, panel, (TLane*)c0);
            Step<TPairs, TVectors>(ref p0, ref p1, ref p2, ref p3, ref p4, ref p5, panel + panelStep, (TLane*)c1);
            Step<TPairs, TVectors>(ref p0, ref p1, ref p2, ref p3, ref p4, ref p5, panel + (2 * panelStep), (TLane*)c2);
            Step<TPairs, TVectors>(ref p0, ref p1, ref p2, ref p3, ref p4, ref p5, panel + (3 * panelStep), (TLane*)c3);
            panel += 4 * panelStep;
            columns = TKind.Value == 2 ? columns : c3 + steps;
        }

        for (; k < depth; k++)
        {
            Step<TPairs, TVectors>(ref p0, ref p1, ref p2, ref p3, ref p4, ref p5, panel, (TLane*)(TKind.Value == 2 ? columns + ((int*)steps)[k] : columns));
            panel += panelStep;
            columns = TKind.Value == 2 ? columns : columns + steps;
        }

        p0.Save<TVectors>(tile, v);
        if (TPairs.Value > 1)
        {
            p1.Save<TVectors>(tile + (2 * v), v);
        }

        if (TPairs.Value > 2)
        {
            p2.Save<TVectors>(tile + (4 * v), v);
        }

        if (TPairs.Value > 3)
        {
            p3.Save<TVectors>(tile + (6 * v), v);
        }

        if (TPairs.Value > 4)
        {
            p4.Save<TVectors>(tile + (8 * v), v);
            p5.Save<TVectors>(tile + (10 * v), v);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<TPairs, TVectors>(
        ref RegisterPair<TLane> p0, ref RegisterPair<TLane> p1, ref RegisterPair<TLane> p2, ref RegisterPair<TLane> p3, ref RegisterPair<TLane> p4,
        ref RegisterPair<TLane> p5,
        byte* panel, TLane* column)
        where TPairs : struct, ICount
        where TVectors : struct, ICount
    {
        TLane b0 = column[0];
        TLane b1 = TVectors.Value == 2 ? column[1] : default;
        p0.AddBroadcast<TVectors>(panel, 0, b0, b1);
        if (TPairs.Value > 1)
        {
            p1.AddBroadcast<TVectors>(panel, 2, b0, b1);
        }

        if (TPairs.Value > 2)
        {
            p2.AddBroadcast<TVectors>(panel, 4, b0, b1);
        }

        if (TPairs.Value > 3)
        {
            p3.AddBroadcast<TVectors>(panel, 6, b0, b1);
        }

        if (TPairs.Value > 4)
        {
            p4.AddBroadcast<TVectors>(panel, 8, b0, b1);
            p5.AddBroadcast<TVectors>(panel, 10, b0, b1);
        }
    }
}
