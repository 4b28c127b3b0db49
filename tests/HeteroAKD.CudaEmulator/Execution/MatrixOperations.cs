namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>
/// <c>mma.sync</c> with 16 rows, 8 columns and float32 results: d = a b + c, each lane holding the parts that the PTX manual gives it. A result starts from c
/// and adds the products, which are exact, in the order of k, in double precision; one rounding makes the float32. A tensor core keeps fewer bits of the sum,
/// so its last bits may differ.
/// </summary>
internal static unsafe class MatrixOperations
{
    private const int Columns = 8;

    /// <summary>One number of 32 bits a register, of which tensor cores use the upper 19.</summary>
    public const int TensorFloat32 = 0;

    /// <summary>Two bfloat16 a register.</summary>
    public const int BFloat16 = 1;

    /// <summary>Two IEEE halfs a register.</summary>
    public const int Float16 = 2;

    /// <summary>d (4 registers), a, b, c (4 registers) in the further rows; the constant is k, the flags name the type.</summary>
    public static void MultiplyAdd(Warp warp, in Instruction instruction, uint mask)
    {
        int k = (int)instruction.Immediate;
        double* a = stackalloc double[16 * 16];
        double* b = stackalloc double[16 * Columns];
        ReadFactors(warp, in instruction, k, a, b);
        ReadOnlySpan<int> rows = instruction.Rows;
        float* results = stackalloc float[4 * 32];
        ReadOnlySpan<int> starts = rows[^4..];
        for (int lane = 0; lane < 32; lane++)
        {
            for (int i = 0; i < 4; i++)
            {
                // c0 and c1 belong to row lane / 4, c2 and c3 to the row eight below; columns in pairs.
                int row = (lane / 4) + (8 * (i / 2));
                int column = (2 * (lane % 4)) + (i % 2);
                double sum = ((float*)(warp.Rows + starts[i]))[lane];
                for (int j = 0; j < k; j++)
                {
                    sum += a[(row * k) + j] * b[(j * Columns) + column];
                }

                results[(i * 32) + lane] = (float)sum;
            }
        }

        for (int i = 0; i < 4; i++)
        {
            new Span<float>(results + (32 * i), 32).CopyTo(new Span<float>(warp.Rows + rows[i], 32));
        }

        warp.Block.Statistics.MatrixInstructions++;
    }

    private static void ReadFactors(Warp warp, in Instruction instruction, int k, double* a, double* b)
    {
        // A register holds one or two neighbours along k; four lanes hold neighbours; registers alternate between rows and then go on along k.
        int width = instruction.Flags == TensorFloat32 ? 1 : 2;
        int aRegisters = k / (2 * width);
        for (int lane = 0; lane < 32; lane++)
        {
            int group = lane / 4;
            int inGroup = lane % 4;
            for (int r = 0; r < aRegisters; r++)
            {
                int row = group + (8 * (r % 2));
                int start = (inGroup * width) + (4 * width * (r / 2));
                uint bits = Lanes.Row32(warp, instruction.Rows![4 + r])[lane];
                for (int i = 0; i < width; i++)
                {
                    a[(row * k) + start + i] = Value(bits, i, instruction.Flags);
                }
            }

            for (int r = 0; r < aRegisters / 2; r++)
            {
                int start = (inGroup * width) + (4 * width * r);
                uint bits = Lanes.Row32(warp, instruction.Rows![4 + aRegisters + r])[lane];
                for (int i = 0; i < width; i++)
                {
                    b[((start + i) * Columns) + group] = Value(bits, i, instruction.Flags);
                }
            }
        }
    }

    private static double Value(uint bits, int half, int type) => type switch
    {
        TensorFloat32 => BitConverter.UInt32BitsToSingle(bits & ~0x1FFFu),
        BFloat16 => BitConverter.UInt32BitsToSingle(half == 0 ? bits << 16 : bits & 0xFFFF_0000),
        _ => (double)BitConverter.UInt16BitsToHalf((ushort)(bits >> (16 * half))),
    };
}
