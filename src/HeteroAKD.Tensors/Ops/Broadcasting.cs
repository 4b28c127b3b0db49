using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Pixelwise;

namespace HeteroAKD.Tensors.Ops;

/// <summary>
/// Two operands against their common shape by PyTorch's rules: shapes are aligned at their last dimensions, and a size of 1 or a missing leading dimension is
/// spread. Neighbouring dimensions that both operands treat alike are taken as one, so long rows stay long. A value: making one costs no garbage.
/// </summary>
internal readonly struct Broadcasting
{
    private readonly Shape _shape;
    private readonly Run _r0;
    private readonly Run _r1;
    private readonly Run _r2;
    private readonly Run _r3;

    private Broadcasting(Shape shape, ReadOnlySpan<Run> runs)
    {
        _shape = shape;
        (_r0, _r1, _r2, _r3) = (runs[0], runs[1], runs[2], runs[3]);
    }

    /// <summary>The places of the output as rows and columns of a launch.</summary>
    public BroadcastGrid Grid => new(_r1.Size, _r2.Size, _r3.Size);

    /// <summary>Rows of a launch.</summary>
    public int Rows => _r0.Size * _r1.Size * _r2.Size;

    /// <summary>Columns of a launch.</summary>
    public int Columns => _r3.Size;

    /// <summary>The shape that both are spread to; null where they do not fit.</summary>
    public static Shape? Common(Shape a, Shape b)
    {
        int rank = Math.Max(a.Rank, b.Rank);
        Span<int> sizes = stackalloc int[rank];
        for (int back = 1; back <= rank; back++)
        {
            (int left, int right) = (SizeFromEnd(a, back), SizeFromEnd(b, back));
            if (left != right && left != 1 && right != 1)
            {
                return null;
            }

            sizes[^back] = left == 1 ? right : left;
        }

        return Shape.Of(sizes);
    }

    /// <summary>How two operands lie against their common shape.</summary>
    public static Broadcasting Of(Shape a, Shape b)
    {
        Shape common = Common(a, b) ?? throw new ShapeMismatchException("broadcast", "other", $"{b} does not fit {a}");
        Span<Run> runs = [Run.One, Run.One, Run.One, Run.One];
        int run = runs.Length;
        for (int back = 1; back <= common.Rank; back++)
        {
            int size = SizeFromEnd(common, back);
            if (size == 1)
            {
                continue;
            }

            Run next = new(size, SizeFromEnd(a, back) != 1, SizeFromEnd(b, back) != 1);
            bool joins = run < runs.Length && runs[run].IsLike(next);
            run = joins ? run : run - 1;
            runs[run] = joins ? runs[run].Times(size) : next;
        }

        return new(common, runs);
    }

    /// <summary>The first operand.</summary>
    public BroadcastOperand A(Mem memory) => Operand(memory, _r0.HasA, _r1.HasA, _r2.HasA, _r3.HasA);

    /// <summary>The second operand.</summary>
    public BroadcastOperand B(Mem memory) => Operand(memory, _r0.HasB, _r1.HasB, _r2.HasB, _r3.HasB);

    /// <summary>The dimensions of the common shape that an operand is spread over: bit d for dimension d.</summary>
    public int SpreadOf(Shape operand)
    {
        int spread = 0;
        for (int back = 1; back <= _shape.Rank; back++)
        {
            spread |= SizeFromEnd(operand, back) == SizeFromEnd(_shape, back) ? 0 : 1 << (_shape.Rank - back);
        }

        return spread;
    }

    private BroadcastOperand Operand(Mem memory, bool has0, bool has1, bool has2, bool has3)
    {
        int below2 = has3 ? _r3.Size : 1;
        int below1 = below2 * (has2 ? _r2.Size : 1);
        int below0 = below1 * (has1 ? _r1.Size : 1);
        return new(memory, has0 ? below0 : 0, has1 ? below1 : 0, has2 ? below2 : 0, has3 ? 1 : 0);
    }

    private static int SizeFromEnd(Shape shape, int back) => back <= shape.Rank ? shape[-back] : 1;

    /// <summary>Neighbouring dimensions as one, and which operands have them.</summary>
    private readonly record struct Run(int Size, bool HasA, bool HasB)
    {
        public static Run One => new(1, true, true);

        public bool IsLike(Run other) => HasA == other.HasA && HasB == other.HasB;

        public Run Times(int size) => this with { Size = Size * size };
    }
}
