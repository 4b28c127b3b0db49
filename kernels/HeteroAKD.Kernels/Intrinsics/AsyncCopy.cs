using ILGPU.IR.Intrinsics;

namespace HeteroAKD.Kernels.Intrinsics;

/// <summary>
/// Copies from global to shared memory that a thread starts and waits for later (PTX <c>cp.async</c>, compute capability 8.0). The bodies are the
/// specification and what other backends run: there a copy is done at once.
/// </summary>
public static class AsyncCopy
{
    /// <summary>Starts to copy 16 bytes, both addresses multiples of 16.</summary>
    /// <param name="target">Shared memory.</param>
    /// <param name="source">Global memory.</param>
    [IntrinsicImplementation]
    public static void Copy16(ref Float4 target, ref Float4 source) => target = source;

    /// <summary>
    /// Starts to copy 16 bytes, both addresses multiples of 16; of the source only the first <paramref name="bytes"/> are read, the rest becomes zero.
    /// </summary>
    /// <param name="target">Shared memory.</param>
    /// <param name="source">Global memory; not read at all where <paramref name="bytes"/> is 0.</param>
    /// <param name="bytes">0, 4, 8, 12 or 16.</param>
    [IntrinsicImplementation]
    public static void CopyPart16(ref Float4 target, ref Float4 source, int bytes)
    {
        Float4 value = default;
        if (bytes > 0)
        {
            value = source;
            value.Y = bytes > 4 ? value.Y : 0f;
            value.Z = bytes > 8 ? value.Z : 0f;
            value.W = bytes > 12 ? value.W : 0f;
        }

        target = value;
    }

    /// <summary>Starts to copy 8 bytes, both addresses multiples of 8.</summary>
    /// <param name="target">Shared memory.</param>
    /// <param name="source">Global memory.</param>
    [IntrinsicImplementation]
    public static void Copy8(ref Bf16x4 target, ref Bf16x4 source) => target = source;

    /// <summary>
    /// Starts to copy 8 bytes, both addresses multiples of 8; of the source only the first <paramref name="bytes"/> are read, the rest becomes zero.
    /// </summary>
    /// <param name="target">Shared memory.</param>
    /// <param name="source">Global memory; not read at all where <paramref name="bytes"/> is 0.</param>
    /// <param name="bytes">0, 2, 4, 6 or 8.</param>
    [IntrinsicImplementation]
    public static void CopyPart8(ref Bf16x4 target, ref Bf16x4 source, int bytes)
    {
        Bf16x4 value = default;
        if (bytes > 0)
        {
            value = source;
            value.Low = bytes > 2 ? value.Low : value.Low & 0xffffu;
            value.High = bytes > 6 ? value.High : bytes > 4 ? value.High & 0xffffu : 0u;
        }

        target = value;
    }

    /// <summary>Starts to copy one float, or makes the target zero.</summary>
    /// <param name="target">Shared memory.</param>
    /// <param name="source">Global memory; not read where <paramref name="bytes"/> is 0.</param>
    /// <param name="bytes">0 or 4.</param>
    [IntrinsicImplementation]
    public static void Copy4(ref float target, ref float source, int bytes)
    {
        float value = 0f;
        if (bytes > 0)
        {
            value = source;
        }

        target = value;
    }

    /// <summary>Closes the group of the copies started since the last call.</summary>
    [IntrinsicImplementation]
    public static void Commit()
    {
    }

    /// <summary>Waits until all of this thread's groups but the last two are there. Others see them after a barrier.</summary>
    [IntrinsicImplementation]
    public static void WaitAllButTwo()
    {
    }

    /// <summary>Waits for all of this thread's copies.</summary>
    [IntrinsicImplementation]
    public static void WaitAll()
    {
    }
}
