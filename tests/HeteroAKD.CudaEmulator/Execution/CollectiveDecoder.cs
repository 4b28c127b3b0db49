using HeteroAKD.CudaEmulator.Ptx;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>Decodes what threads do together: barriers, exchanges, matrix instructions, asynchronous copies.</summary>
/// <param name="operands">Places operands.</param>
/// <param name="memory">Places addresses.</param>
internal sealed unsafe class CollectiveDecoder(OperandDecoder operands, MemoryDecoder memory)
{
    /// <summary>Decodes an instruction of the kind.</summary>
    /// <returns>False if it is none, or has a form that the emulator lacks.</returns>
    public bool Decode(PtxInstruction source, ref Instruction result)
    {
        string[] parts = source.Opcode.Split('.');
        return source.Opcode switch
        {
            "bar.sync" or "barrier.sync.aligned" or "barrier.cta.sync.aligned" or "bar.cta.sync" => DecodeBarrier(source, ref result),
            "bar.warp.sync" => DecodeWarpBarrier(source, ref result),
            "cp.async.commit_group" => DecodeGroup(source, commits: true, 0, ref result),
            "cp.async.wait_all" => DecodeGroup(source, commits: false, -1, ref result),
            "cp.async.wait_group" => DecodeGroup(source, commits: false, OperandDecoder.Constant(source, 0), ref result),
            _ => parts[0] switch
            {
                "shfl" => DecodeShuffle(source, parts, ref result),
                "vote" => DecodeVote(source, parts, ref result),
                "mma" => DecodeMatrix(source, ref result),
                "ldmatrix" => DecodeMatrixLoad(source, ref result),
                "cp" => DecodeCopy(source, ref result),
                _ => false,
            },
        };
    }

    private bool DecodeBarrier(PtxInstruction source, ref Instruction result)
    {
        if (source.Operands.Count is not (1 or 2))
        {
            OperandDecoder.Expect(source, 1);
        }

        result.Control = ControlKind.Barrier;
        result.A = operands.Source(source, 0, 'i');
        result.B = source.Operands.Count == 2 ? operands.Source(source, 1, 'i') : -1;
        return true;
    }

    private bool DecodeWarpBarrier(PtxInstruction source, ref Instruction result)
    {
        OperandDecoder.Expect(source, 1);
        result.Control = ControlKind.Collective;
        result.Members = operands.Source(source, 0, 'i');
        result.Handler = &CollectiveOperations.Nothing;
        return true;
    }

    private bool DecodeShuffle(PtxInstruction source, string[] parts, ref Instruction result)
    {
        if (parts.Length != 4 || parts[1] != "sync" || parts[3] != "b32")
        {
            return false;
        }

        result.Immediate = parts[2] switch
        {
            "up" => CollectiveOperations.Up,
            "down" => CollectiveOperations.Down,
            "bfly" => CollectiveOperations.Butterfly,
            "idx" => CollectiveOperations.Index,
            _ => -1,
        };
        OperandDecoder.Expect(source, 5);
        PairOperand? pair = source.Operands[0] as PairOperand;
        result.D = operands.Register(source, pair?.First ?? source.Operands[0], 'b');
        result.Rows = pair is null ? null : [operands.Register(source, pair.Second, 'p')];
        result.A = operands.Source(source, 1, 'b');
        result.B = operands.Source(source, 2, 'b');
        result.C = operands.Source(source, 3, 'b');
        result.Members = operands.Source(source, 4, 'b');
        result.Control = ControlKind.Collective;
        result.Handler = &CollectiveOperations.Shuffle;
        return result.Immediate >= 0;
    }

    private bool DecodeVote(PtxInstruction source, string[] parts, ref Instruction result)
    {
        if (parts.Length != 4 || parts[1] != "sync")
        {
            return false;
        }

        OperandDecoder.Expect(source, 3);
        bool isBallot = parts[2] == "ballot" && parts[3] == "b32";
        result.Immediate = (parts[2], parts[3]) switch
        {
            ("all", "pred") => 0,
            ("any", "pred") => 1,
            ("uni", "pred") => 2,
            _ => -1,
        };
        result.D = operands.Target(source, 0, isBallot ? 'b' : 'p');
        result.A = operands.Source(source, 1, 'p');
        result.Flags = source.Operands[1] is RegisterOperand { Negated: true } ? 1 : 0;
        result.Members = operands.Source(source, 2, 'b');
        result.Control = ControlKind.Collective;
        result.Handler = isBallot ? &CollectiveOperations.Ballot : &CollectiveOperations.Vote;
        return isBallot || result.Immediate >= 0;
    }

    private bool DecodeMatrix(PtxInstruction source, ref Instruction result)
    {
        (int k, int type) = source.Opcode switch
        {
            "mma.sync.aligned.m16n8k4.row.col.f32.tf32.tf32.f32" => (4, MatrixOperations.TensorFloat32),
            "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32" => (8, MatrixOperations.TensorFloat32),
            "mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32" => (8, MatrixOperations.BFloat16),
            "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32" => (16, MatrixOperations.BFloat16),
            "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32" => (8, MatrixOperations.Float16),
            "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" => (16, MatrixOperations.Float16),
            _ => default,
        };
        if (k == 0)
        {
            return false;
        }

        OperandDecoder.Expect(source, 4);
        int aCount = type == MatrixOperations.TensorFloat32 ? k / 2 : k / 4;
        int[] counts = [4, aCount, aCount / 2, 4];
        int[][] registers = new int[4][];
        for (int i = 0; i < 4; i++)
        {
            registers[i] = operands.Vector(source, source.Operands[i], i is 0 or 3 ? 'f' : 'b');
            if (registers[i].Length != counts[i])
            {
                throw new PtxException(source.Line, $"operand {i + 1} of {source.Opcode} has to be {counts[i]} registers in braces, not {registers[i].Length}");
            }
        }

        result.Rows = [.. registers[0], .. registers[1], .. registers[2], .. registers[3]];
        result.Immediate = k;
        result.Flags = type;
        result.Control = ControlKind.Collective;
        result.Handler = &MatrixOperations.MultiplyAdd;
        return true;
    }

    private bool DecodeMatrixLoad(PtxInstruction source, ref Instruction result)
    {
        string[] parts = source.Opcode.Replace("shared::cta", "shared", StringComparison.Ordinal).Split('.');
        bool isTransposed = parts.Length == 8 && parts[5] == "trans";
        int count = parts.Length > 4 ? parts[4] switch { "x1" => 1, "x2" => 2, "x4" => 4, _ => 0 } : 0;
        if (count == 0 || parts[1] != "sync" || parts[2] != "aligned" || parts[3] != "m8n8" || parts[^2] != "shared" || parts[^1] != "b16"
            || parts.Length != (isTransposed ? 8 : 7))
        {
            return false;
        }

        OperandDecoder.Expect(source, 2);
        result.Rows = operands.Vector(source, source.Operands[0], 'b');
        if (result.Rows.Length != count)
        {
            throw new PtxException(source.Line, $"{source.Opcode} takes {count} registers in braces");
        }

        memory.Address(source, 1, MemorySpace.Shared, ref result);
        result.C = isTransposed ? 1 : 0;
        result.Control = ControlKind.Collective;
        result.Handler = &CollectiveOperations.LoadMatrix;
        return true;
    }

    private bool DecodeCopy(PtxInstruction source, ref Instruction result)
    {
        List<string> parts = [.. source.Opcode.Replace("shared::cta", "shared", StringComparison.Ordinal).Split('.')];
        parts.RemoveAll(part => part.StartsWith("L2::", StringComparison.Ordinal));
        bool skipsFirstLevel = parts.Count > 2 && parts[2] == "cg";
        if (parts.Count != 5 || parts[1] != "async" || !(skipsFirstLevel || parts[2] == "ca") || parts[3] != "shared" || parts[4] != "global")
        {
            return false;
        }

        long bytes = OperandDecoder.Constant(source, 2);
        if (source.Operands.Count is not (3 or 4) || !(bytes == 16 || (bytes is 4 or 8 && !skipsFirstLevel)))
        {
            throw new PtxException(
                source.Line, $"{source.Opcode} copies {(skipsFirstLevel ? "16" : "4, 8 or 16")} bytes, with the bytes of the source as a fourth operand");
        }

        memory.Address(source, 0, MemorySpace.Shared, ref result);
        result.B = memory.AddressBase(source, 1, MemorySpace.Global, out long offset, out _);
        result.Rows = [(int)offset];
        result.C = source.Operands.Count == 4 ? operands.Source(source, 3, 'i') : -1;
        result.Bytes = (int)bytes;
        result.Handler = &AsynchronousCopies.Start;
        return true;
    }

    private static bool DecodeGroup(PtxInstruction source, bool commits, long kept, ref Instruction result)
    {
        OperandDecoder.Expect(source, kept >= 0 && !commits ? 1 : 0);
        result.Immediate = kept;
        result.Handler = commits ? &AsynchronousCopies.Commit : &AsynchronousCopies.Wait;
        return true;
    }
}
