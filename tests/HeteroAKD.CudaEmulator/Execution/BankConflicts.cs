using System.Numerics;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>How many passes a shared access takes: 32 banks of 4 bytes, each gives one word a pass, to any number of lanes.</summary>
internal static unsafe class BankConflicts
{
    private const int Banks = 32;

    /// <summary>Passes beyond those that an access without conflicts takes.</summary>
    /// <param name="addresses">Of each lane.</param>
    /// <param name="mask">Active lanes.</param>
    /// <param name="bytes">Of each lane; 8 and 16 are served in two and four parts of the warp.</param>
    public static long Count(ulong* addresses, uint mask, int bytes)
    {
        int lanes = bytes > 4 ? 128 / bytes : 32;
        long conflicts = 0;
        for (int start = 0; start < 32; start += lanes)
        {
            uint part = lanes == 32 ? mask : (mask >> start) & ((1u << lanes) - 1);
            conflicts += part == 0 ? 0 : Passes(addresses + start, part, Math.Max(1, bytes / 4)) - 1;
        }

        return conflicts;
    }

    private static int Passes(ulong* addresses, uint mask, int words)
    {
        // Up to 32 words are wanted: those of each bank are a chain of different ones.
        ulong* wanted = stackalloc ulong[Banks];
        int* next = stackalloc int[Banks];
        int* first = stackalloc int[Banks];
        new Span<int>(first, Banks).Fill(-1);
        int count = 0;
        int most = 1;
        for (uint m = mask; m != 0; m &= m - 1)
        {
            ulong start = addresses[BitOperations.TrailingZeroCount(m)] / 4;
            for (ulong word = start; word < start + (ulong)words; word++)
            {
                int bank = (int)(word % Banks);
                int length = 1;
                int entry = first[bank];
                while (entry >= 0 && wanted[entry] != word)
                {
                    entry = next[entry];
                    length++;
                }

                if (entry < 0)
                {
                    wanted[count] = word;
                    next[count] = first[bank];
                    first[bank] = count++;
                    most = Math.Max(most, length);
                }
            }
        }

        return most;
    }
}
