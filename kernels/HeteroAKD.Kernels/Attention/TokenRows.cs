using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Layout;

namespace HeteroAKD.Kernels.Attention;

/// <summary>One head's rows of a token matrix on the host, and the three orders in which the register tile wants them.</summary>
internal readonly unsafe struct TokenRows<TLane>
    where TLane : unmanaged, ILane<TLane>
{
    private readonly byte* _start; // [tokens, stride], of which the head's first columns are ours
    private readonly nint _stride; // bytes
    private readonly int _headSize;

    /// <summary>Rows of <paramref name="headSize"/> elements, <paramref name="stride"/> apart, the first at element <paramref name="start"/>.</summary>
    public TokenRows(Mem memory, int start, int stride, int headSize)
    {
        _start = (byte*)memory.Address + ((nint)start * Size);
        _stride = (nint)stride * Size;
        _headSize = headSize;
    }

    private static int Size => RegisterTile<TLane>.ElementSize;

    /// <summary>columns[d, vectors] = tokens first … in the lanes; lanes behind the last token are 0.</summary>
    public void PackColumns(int first, int count, int vectors, TLane* columns)
        => PanelPacking.Pack(_start + (first * _stride), _stride, Size, count, vectors * TLane.Width, _headSize, (byte*)columns, Size);

    /// <summary>Panels [d, tokens of the panel]: the left side of scores, summed over d.</summary>
    public void PackForScores(int first, int count, byte* panels)
    {
        for (int i = 0; i < count;)
        {
            int rows = RegisterTile<TLane>.PanelRows(count - i);
            PanelPacking.Pack(_start + ((first + i) * _stride), _stride, Size, Math.Min(rows, count - i), rows, _headSize, panels, Size);
            panels += rows * _headSize * Size;
            i += rows;
        }
    }

    /// <summary>Panels [tokens, columns of the panel]: the left side of weighted sums, summed over the tokens.</summary>
    public void PackForSums(int first, int count, byte* panels)
    {
        for (int c = 0; c < _headSize;)
        {
            int columns = RegisterTile<TLane>.PanelRows(_headSize - c);
            PanelPacking.Pack(_start + (first * _stride) + (c * Size), Size, _stride, Math.Min(columns, _headSize - c), columns, count, panels, Size);
            panels += columns * count * Size;
            c += columns;
        }
    }

    /// <summary>Panels [tokens, two lanes of columns], the last perhaps of one lane: the right side of sums over the tokens; missing columns are 0.</summary>
    public void PackRows(int first, int count, byte* panels)
    {
        for (int c = 0; c < _headSize; c += RegisterTile<TLane>.MaxColumns)
        {
            int columns = Math.Min(RegisterTile<TLane>.MaxColumns, _headSize - c);
            int width = RegisterTile<TLane>.PanelColumns(columns);
            PanelPacking.Pack(_start + (first * _stride) + (c * Size), Size, _stride, columns, width, count, panels, Size);
            panels += (nint)width * count * Size;
        }
    }

    /// <summary>Writes tokens that lie in lanes back to their rows: row first + i, column c = columns[c, element i].</summary>
    public void StoreColumns(TLane* columns, int vectors, int first, int count)
    {
        byte* target = _start + (first * _stride);
        int sourceStride = vectors * TLane.Width;
        if (Size == sizeof(float))
        {
            Transpose((float*)columns, sourceStride, (float*)target, _stride / sizeof(float), count, _headSize);
        }
        else
        {
            Copy((double*)columns, sourceStride, (double*)target, _stride / sizeof(double), 0, count, 0, _headSize);
        }
    }

    // Blocks of 4x4 in registers; element by element this would cost as much as a block of scores.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose(float* source, int sourceStride, float* target, nint targetStride, int rows, int columns)
    {
        int wholeRows = Sse.IsSupported ? rows / 4 * 4 : 0;
        int wholeColumns = columns / 4 * 4;
        for (int c = 0; c < wholeColumns; c += 4)
        {
            for (int i = 0; i < wholeRows; i += 4)
            {
                RegisterTranspose.Turn4(source + (c * sourceStride) + i, sourceStride, target + (i * targetStride) + c, targetStride);
            }
        }

        Copy(source, sourceStride, target, targetStride, 0, wholeRows, wholeColumns, columns);
        Copy(source, sourceStride, target, targetStride, wholeRows, rows, 0, columns);
    }

    private static void Copy<T>(T* source, int sourceStride, T* target, nint targetStride, int row, int rowEnd, int column, int columnEnd)
        where T : unmanaged
    {
        for (int i = row; i < rowEnd; i++)
        {
            for (int c = column; c < columnEnd; c++)
            {
                target[(i * targetStride) + c] = source[(c * sourceStride) + i];
            }
        }
    }
}
