using System.Runtime.InteropServices;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>Registers that the hardware sets: rows that are filled before a block starts.</summary>
internal static unsafe class SpecialRegisters
{
    private static readonly HashSet<string> s_names =
    [
        "%tid.x", "%tid.y", "%tid.z", "%ntid.x", "%ntid.y", "%ntid.z", "%ctaid.x", "%ctaid.y", "%ctaid.z", "%nctaid.x", "%nctaid.y", "%nctaid.z",
        "%laneid", "%warpid", "%nwarpid", "%lanemask_eq", "%lanemask_lt", "%lanemask_le", "%lanemask_gt", "%lanemask_ge", "%dynamic_smem_size",
        "%total_smem_size",
    ];

    /// <summary>Whether the emulator has a register of this name.</summary>
    public static bool Has(string name) => s_names.Contains(name);

    /// <summary>Fills the rows of those that a kernel uses and that are the same for all blocks.</summary>
    /// <param name="warp">Whose.</param>
    /// <param name="rows">The memory of the warp.</param>
    public static void Fill(Warp warp, byte[] rows)
    {
        foreach ((string name, int offset) in warp.Block.Launch.Kernel.SpecialRows)
        {
            Span<uint> row = MemoryMarshal.Cast<byte, uint>(rows.AsSpan(offset, 32 * sizeof(uint)));
            for (int lane = 0; lane < 32; lane++)
            {
                row[lane] = Value(warp, name, lane);
            }
        }
    }

    /// <summary>Fills the rows that say which block it is.</summary>
    public static void FillBlockIndex(Warp warp)
    {
        foreach ((string name, int offset) in warp.Block.Launch.Kernel.SpecialRows)
        {
            if (name.StartsWith("%ctaid", StringComparison.Ordinal))
            {
                new Span<uint>(warp.Rows + offset, 32).Fill(Value(warp, name, 0));
            }
        }
    }

    private static uint Value(Warp warp, string name, int lane)
    {
        Launch launch = warp.Block.Launch;
        return name switch
        {
            "%laneid" => (uint)lane,
            "%warpid" => (uint)warp.Index,
            "%nwarpid" => (uint)((warp.Block.ThreadCount + 31) / 32),
            "%lanemask_eq" => 1u << lane,
            "%lanemask_lt" => (1u << lane) - 1,
            "%lanemask_le" => uint.MaxValue >> (31 - lane),
            "%lanemask_gt" => ~(uint.MaxValue >> (31 - lane)),
            "%lanemask_ge" => ~((1u << lane) - 1),
            "%dynamic_smem_size" => (uint)launch.DynamicSharedBytes,
            "%total_smem_size" => (uint)(launch.Kernel.StaticSharedBytes + launch.DynamicSharedBytes),
            _ => Component(name, launch.Block.At((warp.Index * 32) + lane), launch, warp.Block.BlockIndex),
        };
    }

    private static uint Component(string name, Dim3 thread, Launch launch, Dim3 block)
    {
        Dim3 value = name[..^2] switch
        {
            "%tid" => thread,
            "%ntid" => launch.Block,
            "%ctaid" => block,
            _ => launch.Grid,
        };
        return (uint)(name[^1] switch
        {
            'x' => value.X,
            'y' => value.Y,
            _ => value.Z,
        });
    }
}
