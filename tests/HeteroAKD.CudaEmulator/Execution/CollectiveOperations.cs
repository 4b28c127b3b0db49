using System.Numerics;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>Instructions of several lanes together: exchanges, votes and matrix loads.</summary>
internal static unsafe class CollectiveOperations
{
    /// <summary>Lanes take from those with a lower number.</summary>
    public const int Up = 0;

    /// <summary>Lanes take from those with a higher number.</summary>
    public const int Down = 1;

    /// <summary>Lanes take from those whose number differs in some bits.</summary>
    public const int Butterfly = 2;

    /// <summary>Lanes take from one of their segment.</summary>
    public const int Index = 3;

    /// <summary><c>shfl.sync</c>: the constant is the direction, the first further row a predicate that says whether a lane's source was in range.</summary>
    public static void Shuffle(Warp warp, in Instruction instruction, uint mask)
    {
        uint* d = Lanes.Row32(warp, instruction.D);
        uint* a = Lanes.Row32(warp, instruction.A);
        uint* before = stackalloc uint[32];
        new Span<uint>(a, 32).CopyTo(new Span<uint>(before, 32));
        uint inRange = 0;
        for (uint m = mask; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            int source = Source(lane, Lanes.Row32(warp, instruction.B)[lane], Lanes.Row32(warp, instruction.C)[lane], instruction.Immediate, out bool valid);
            if (((mask >> source) & 1) == 0)
            {
                throw warp.Fault(FaultKind.LaunchFailed, lane, $"a shuffle takes from lane {source}, which does not take part");
            }

            d[lane] = before[source];
            inRange |= valid ? 1u << lane : 0;
        }

        if (instruction.Rows is not null)
        {
            PredicateOperations.Set(warp, instruction.Rows[0], inRange, mask);
        }
    }

    /// <summary><c>vote.sync.all</c>, <c>any</c> and <c>uni</c>, numbered 0, 1 and 2 by the constant.</summary>
    public static void Vote(Warp warp, in Instruction instruction, uint mask)
    {
        uint votes = Votes(warp, in instruction, mask);
        bool result = instruction.Immediate switch
        {
            0 => votes == mask,
            1 => votes != 0,
            _ => votes == mask || votes == 0,
        };
        PredicateOperations.Set(warp, instruction.D, result ? uint.MaxValue : 0, mask);
    }

    /// <summary><c>vote.sync.ballot</c>.</summary>
    public static void Ballot(Warp warp, in Instruction instruction, uint mask)
    {
        uint votes = Votes(warp, in instruction, mask);
        for (uint m = mask; m != 0; m &= m - 1)
        {
            Lanes.Row32(warp, instruction.D)[BitOperations.TrailingZeroCount(m)] = votes;
        }
    }

    /// <summary><c>activemask</c>: the lanes that run together at the moment.</summary>
    public static void ActiveMask(Warp warp, in Instruction instruction, uint mask)
    {
        for (uint m = mask; m != 0; m &= m - 1)
        {
            Lanes.Row32(warp, instruction.D)[BitOperations.TrailingZeroCount(m)] = mask;
        }
    }

    /// <summary>An instruction that only waits, or orders accesses that are ordered here anyway.</summary>
    public static void Nothing(Warp warp, in Instruction instruction, uint mask)
    {
        // Lanes that take part are here when it is reached.
    }

    /// <summary>
    /// <c>ldmatrix</c>: matrices of 8 by 8 numbers of 16 bits. Lane 8 i + r gives the address of row r of matrix i; lane 4 r + c gets the numbers 2c and 2c + 1
    /// of row r, or of column r if the constant says so.
    /// </summary>
    public static void LoadMatrix(Warp warp, in Instruction instruction, uint mask)
    {
        int count = instruction.Rows!.Length;
        ushort** rows = stackalloc ushort*[32];
        ulong* addresses = stackalloc ulong[32];
        for (int lane = 0; lane < 8 * count; lane++)
        {
            addresses[lane] = MemoryOperations.Address(warp, in instruction, lane);
            rows[lane] = (ushort*)MemoryOperations.Resolve(warp, in instruction, lane, addresses[lane], 16, isWrite: false);
        }

        for (int matrix = 0; matrix < count; matrix++)
        {
            uint* d = Lanes.Row32(warp, instruction.Rows[matrix]);
            ushort** row = rows + (8 * matrix);
            for (int lane = 0; lane < 32; lane++)
            {
                int r = lane / 4;
                int c = 2 * (lane % 4);
                d[lane] = instruction.C != 0 ? row[c][r] | ((uint)row[c + 1][r] << 16) : row[r][c] | ((uint)row[r][c + 1] << 16);
            }
        }

        warp.Block.Statistics.BankConflicts += BankConflicts.Count(addresses, uint.MaxValue >> (32 - (8 * count)), 16);
    }

    private static uint Votes(Warp warp, in Instruction instruction, uint mask)
    {
        uint votes = *(uint*)(warp.Rows + instruction.A);
        return ((instruction.Flags & 1) != 0 ? ~votes : votes) & mask;
    }

    private static int Source(int lane, uint b, uint c, long direction, out bool valid)
    {
        int distance = (int)(b & 31);
        int clamp = (int)(c & 31);
        int segment = (int)((c >> 8) & 31);
        int limit = (lane & segment) | (clamp & ~segment);
        int source = direction switch
        {
            Up => lane - distance,
            Down => lane + distance,
            Butterfly => lane ^ distance,
            _ => (lane & segment) | (distance & ~segment),
        };
        valid = direction == Up ? source >= limit : source <= limit;
        return valid ? source : lane;
    }
}
