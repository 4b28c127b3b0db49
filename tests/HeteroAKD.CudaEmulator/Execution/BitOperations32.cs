using System.Numerics;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>Operations on bits that need more than three rows or an immediate.</summary>
internal static unsafe class BitOperations32
{
    /// <summary><c>lop3.b32</c>: any function of three bits, given by its table of eight results.</summary>
    public static void Logic3(Warp warp, in Instruction instruction, uint mask)
    {
        uint* d = Lanes.Row32(warp, instruction.D);
        uint* a = Lanes.Row32(warp, instruction.A);
        uint* b = Lanes.Row32(warp, instruction.B);
        uint* c = Lanes.Row32(warp, instruction.C);
        for (uint m = mask; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            uint result = 0;
            for (int entry = 0; entry < 8; entry++)
            {
                if (((instruction.Immediate >> entry) & 1) != 0)
                {
                    result |= ((entry & 4) != 0 ? a[lane] : ~a[lane]) & ((entry & 2) != 0 ? b[lane] : ~b[lane]) & ((entry & 1) != 0 ? c[lane] : ~c[lane]);
                }
            }

            d[lane] = result;
        }
    }

    /// <summary><c>bfi.b32</c>: the lowest bits of a put into b; position and length in c and a further row.</summary>
    public static void Insert(Warp warp, in Instruction instruction, uint mask)
    {
        uint* d = Lanes.Row32(warp, instruction.D);
        uint* a = Lanes.Row32(warp, instruction.A);
        uint* b = Lanes.Row32(warp, instruction.B);
        uint* position = Lanes.Row32(warp, instruction.C);
        uint* length = Lanes.Row32(warp, instruction.Rows![0]);
        for (uint m = mask; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            uint start = position[lane] & 0xFF;
            uint count = length[lane] & 0xFF;
            uint field = start > 31 || count == 0 ? 0 : (count > 31 ? uint.MaxValue : (1u << (int)count) - 1) << (int)start;
            d[lane] = (b[lane] & ~field) | (start > 31 ? 0 : (a[lane] << (int)start) & field);
        }
    }
}

/// <summary><c>prmt.b32</c>: bytes of b:a picked by the digits of c; a set top bit of a digit repeats the byte's sign instead.</summary>
internal readonly struct Permute : IMap3<uint, uint, uint, uint>
{
    public static uint Apply(uint a, uint b, uint c)
    {
        ulong pool = a | ((ulong)b << 32);
        uint result = 0;
        for (int i = 0; i < 4; i++)
        {
            uint digit = (c >> (4 * i)) & 0xF;
            byte picked = (byte)(pool >> (int)(8 * (digit & 7)));
            result |= (uint)((digit & 8) == 0 ? picked : (byte)((sbyte)picked >> 7)) << (8 * i);
        }

        return result;
    }
}

/// <summary><c>bfe.u32</c>.</summary>
internal readonly struct ExtractU32 : IMap3<uint, uint, uint, uint>
{
    public static uint Apply(uint a, uint b, uint c)
    {
        uint start = b & 0xFF;
        uint count = c & 0xFF;
        uint shifted = start > 31 ? 0 : a >> (int)start;
        return count > 31 ? shifted : shifted & ((1u << (int)count) - 1);
    }
}

/// <summary><c>bfe.s32</c>: bits beyond the field, or beyond the word, repeat the top bit of the field.</summary>
internal readonly struct ExtractS32 : IMap3<int, int, uint, uint>
{
    public static int Apply(int a, uint b, uint c)
    {
        int start = (int)(b & 0xFF);
        int count = (int)(c & 0xFF);
        long shifted = start > 31 ? a >> 31 : (long)a >> start;
        return count == 0 ? 0 : (int)(count > 31 ? shifted : shifted << (64 - count) >> (64 - count));
    }
}

/// <summary><c>shf.l.wrap.b32</c>.</summary>
internal readonly struct FunnelLeftWrap : IMap3<uint, uint, uint, uint>
{
    public static uint Apply(uint a, uint b, uint c) => (uint)(((a | ((ulong)b << 32)) << (int)(c & 31)) >> 32);
}

/// <summary><c>shf.r.wrap.b32</c>.</summary>
internal readonly struct FunnelRightWrap : IMap3<uint, uint, uint, uint>
{
    public static uint Apply(uint a, uint b, uint c) => (uint)((a | ((ulong)b << 32)) >> (int)(c & 31));
}

/// <summary><c>brev.b32</c>.</summary>
internal readonly struct Reverse32 : IMap1<uint, uint>
{
    public static uint Apply(uint a)
    {
        uint result = 0;
        for (int i = 0; i < 32; i++)
        {
            result |= ((a >> i) & 1) << (31 - i);
        }

        return result;
    }
}
