using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using HeteroAKD.Kernels.Layout;

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

    /// <summary>
    /// Packs <paramref name="panels"/> whole panels whose steps of <paramref name="panelBytes"/> lie side by side. Step by step over all of them: memory
    /// is then read in long runs, where panel by panel every step would be on another page.
    /// </summary>
    public static void CopyPanels(byte* source, nint depthStride, int panels, int panelBytes, int depth, byte* to)
    {
        if (panelBytes % 64 == 0 && Vector512.IsHardwareAccelerated)
        {
            CopyPanels<Vector512<byte>>(source, depthStride, panels, panelBytes, depth, to);
        }
        else if (panelBytes % 32 == 0)
        {
            CopyPanels<Vector256<byte>>(source, depthStride, panels, panelBytes, depth, to);
        }
        else if (panelBytes % 16 == 0)
        {
            CopyPanels<Vector128<byte>>(source, depthStride, panels, panelBytes, depth, to);
        }
        else
        {
            CopyPanels<long>(source, depthStride, panels, panelBytes, depth, to);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyPanels<TPart>(byte* source, nint depthStride, int panels, int panelBytes, int depth, byte* to)
        where TPart : unmanaged
    {
        nint panelStride = (nint)panelBytes * depth;
        for (int k = 0; k < depth; k++)
        {
            byte* from = source + (k * depthStride);
            byte* panel = to + (k * (nint)panelBytes);
            for (int p = 0; p < panels; p++, from += panelBytes, panel += panelStride)
            {
                for (int i = 0; i < panelBytes; i += sizeof(TPart))
                {
                    *(TPart*)(panel + i) = *(TPart*)(from + i);
                }
            }
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

    // Blocks in registers: element by element this would cost as much as a product with few columns. 16 steps of a line, a whole cache line, are taken
    // before the next 16: lines are often a power of two apart and drive each other out of the cache.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose(float* source, nint line, int along, int width, int depth, float* panel)
    {
        int blocks = along / 4 * 4;
        int whole = depth / 4 * 4;
        for (int begin = 0; begin < whole; begin += 16)
        {
            int end = Math.Min(whole, begin + 16);
            for (int i = 0; i < blocks;)
            {
                bool eight = Avx.IsSupported && i + 8 <= blocks;
                for (int k = begin; k < end;)
                {
                    float* from = source + (i * line) + k;
                    float* to = panel + (k * (nint)width) + i;
                    if (eight && k + 8 <= end)
                    {
                        RegisterTranspose.Turn8(from, line, to, width);
                        k += 8;
                        continue;
                    }

                    RegisterTranspose.Turn4(from, line, to, width);
                    if (eight)
                    {
                        RegisterTranspose.Turn4(from + (4 * line), line, to + 4, width);
                    }

                    k += 4;
                }

                i += eight ? 8 : 4;
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
