using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace HeteroAKD.Kernels.Gemm;

/// <summary>
/// Copies a strip of a matrix into the order in which <see cref="RegisterTile{TLane}"/> reads it: panel[depth, width], where "along" is the side
/// that a step of the tile covers (rows of A, columns of B) and "depth" the side that is summed over. Strides are in bytes.
/// </summary>
internal static unsafe class PanelPacking
{
    /// <summary>Packs <paramref name="along"/> ≤ <paramref name="width"/> lines of <paramref name="depth"/> elements; the missing lines become zero.</summary>
    public static void Pack(byte* source, nint alongStride, nint depthStride, int along, int width, int depth, byte* panel, int elementSize)
    {
        if (along < width)
        {
            NativeMemory.Clear(panel, (nuint)width * (nuint)depth * (nuint)elementSize);
        }

        if (alongStride == elementSize)
        {
            CopyLines(source, depthStride, along * elementSize, width * elementSize, depth, panel);
        }
        else if (elementSize == sizeof(float))
        {
            if (depthStride == sizeof(float) && Sse.IsSupported)
            {
                Transpose((float*)source, alongStride / sizeof(float), along, width, depth, (float*)panel);
            }
            else
            {
                CopyElements((float*)source, alongStride / sizeof(float), depthStride / sizeof(float), 0, 0, along, width, depth, (float*)panel);
            }
        }
        else
        {
            CopyElements((double*)source, alongStride / sizeof(double), depthStride / sizeof(double), 0, 0, along, width, depth, (double*)panel);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyLines(byte* source, nint depthStride, int bytes, int panelStride, int depth, byte* panel)
    {
        for (int k = 0; k < depth; k++)
        {
            int i = 0;
            for (; i + 32 <= bytes; i += 32)
            {
                Vector256.Store(Vector256.Load(source + i), panel + i);
            }

            for (; i + 8 <= bytes; i += 8)
            {
                *(long*)(panel + i) = *(long*)(source + i);
            }

            if (i < bytes)
            {
                *(int*)(panel + i) = *(int*)(source + i);
            }

            source += depthStride;
            panel += panelStride;
        }
    }

    // Blocks of 4x4 in registers: element by element this would cost as much as a product with few columns.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose(float* source, nint line, int along, int width, int depth, float* panel)
    {
        int blocks = along / 4 * 4;
        int whole = depth / 4 * 4;
        for (int i = 0; i < blocks; i += 4)
        {
            float* from = source + (i * line);
            float* to = panel + i;
            for (int k = 0; k < whole; k += 4)
            {
                Vector128<float> r0 = Vector128.Load(from + k);
                Vector128<float> r1 = Vector128.Load(from + line + k);
                Vector128<float> r2 = Vector128.Load(from + (2 * line) + k);
                Vector128<float> r3 = Vector128.Load(from + (3 * line) + k);
                Vector128<float> low01 = Sse.UnpackLow(r0, r1);
                Vector128<float> low23 = Sse.UnpackLow(r2, r3);
                Vector128<float> high01 = Sse.UnpackHigh(r0, r1);
                Vector128<float> high23 = Sse.UnpackHigh(r2, r3);
                Sse.MoveLowToHigh(low01, low23).Store(to);
                Sse.MoveHighToLow(low23, low01).Store(to + width);
                Sse.MoveLowToHigh(high01, high23).Store(to + (2 * width));
                Sse.MoveHighToLow(high23, high01).Store(to + (3 * width));
                to += 4 * width;
            }
        }

        CopyElements(source, line, 1, 0, whole, blocks, width, depth, panel);
        CopyElements(source, line, 1, blocks, 0, along, width, depth, panel);
    }

    private static void CopyElements<T>(T* source, nint alongStride, nint depthStride, int firstLine, int firstDepth, int along, int width, int depth, T* panel)
        where T : unmanaged
    {
        for (int i = firstLine; i < along; i++)
        {
            T* from = source + (i * alongStride);
            for (int k = firstDepth; k < depth; k++)
            {
                panel[(k * width) + i] = from[k * depthStride];
            }
        }
    }
}
