using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace HeteroAKD.Kernels.Layout;

/// <summary>The transposition of a block that fits the first cache level.</summary>
internal static unsafe class HostBlock<T>
    where T : unmanaged
{
    /// <summary>Rows and columns of a whole block.</summary>
    public const int Size = 16;

    /// <summary>to[column, row] = from[row, column] for up to 16 x 16 elements; strides in elements from a row to the next.</summary>
    public static void Turn(T* from, nint fromStride, T* to, nint toStride, int rows, int columns)
    {
        if (Avx.IsSupported && typeof(T) == typeof(float) && rows == Size && columns == Size)
        {
            TurnWhole((float*)from, fromStride, (float*)to, toStride);
            return;
        }

        for (int column = 0; column < columns; column++)
        {
            T* target = to + (column * toStride);
            for (int row = 0; row < rows; row++)
            {
                target[row] = from[(row * fromStride) + column];
            }
        }
    }

    // Four quarters; those that share lines of the result follow one another.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TurnWhole(float* from, nint fromStride, float* to, nint toStride)
    {
        for (int column = 0; column < Size; column += 8)
        {
            for (int row = 0; row < Size; row += 8)
            {
                RegisterTranspose.Turn8(from + (row * fromStride) + column, fromStride, to + (column * toStride) + row, toStride);
            }
        }
    }
}
