namespace HeteroAKD.Kernels.Conv;

/// <summary>
/// One tap of a correlation. Position (i, j) of the grid reads position (i + Row, j + Column) of phase <paramref name="Phase"/> of the source;
/// the tap's factor is element <paramref name="Weight"/> of a kernel plane.
/// </summary>
internal readonly record struct ConvTap(int Phase, int Row, int Column, int Weight);

/// <summary>The taps FirstTap … EndTap of one row of the kernel, and the grid rows FirstRow … EndRow from which they see more than padding.</summary>
internal readonly record struct ConvKernelRow(int FirstTap, int EndTap, int FirstRow, int EndRow);

/// <summary>The part of the target that one set of taps computes: grid position (i, j) is target element (TargetRow + i · step, TargetColumn + j · step).</summary>
internal sealed class ConvPass(int rows, int columns, int targetRow, int targetColumn, ConvTap[] taps)
{
    /// <summary>Rows of the grid.</summary>
    public int Rows { get; } = rows;

    /// <summary>Columns of the grid.</summary>
    public int Columns { get; } = columns;

    /// <summary>Target row of grid row 0.</summary>
    public int TargetRow { get; } = targetRow;

    /// <summary>Target column of grid column 0.</summary>
    public int TargetColumn { get; } = targetColumn;

    /// <summary>The taps that touch the source for at least one position.</summary>
    public ConvTap[] Taps { get; } = taps;

    /// <summary>The taps by kernel row, in order.</summary>
    public ConvKernelRow[] KernelRows { get; private set; } = [];

    /// <summary>
    /// Kernel rows First … End that some grid row from <paramref name="firstRow"/> to <paramref name="lastRow"/> sees: with wide dilations many rows of
    /// a map see a third of the kernel less.
    /// </summary>
    public (int First, int End) SeenFrom(int firstRow, int lastRow)
    {
        int first = 0;
        while (first < KernelRows.Length && (KernelRows[first].FirstRow > lastRow || KernelRows[first].EndRow <= firstRow))
        {
            first++;
        }

        int end = KernelRows.Length;
        while (end > first && (KernelRows[end - 1].FirstRow > lastRow || KernelRows[end - 1].EndRow <= firstRow))
        {
            end--;
        }

        return (first, end);
    }

    /// <summary>Finds the kernel rows.</summary>
    internal void DivideTaps(int kernelWidth, Func<int, int> phaseRows)
    {
        List<ConvKernelRow> rows = [];
        for (int tap = 0; tap < Taps.Length;)
        {
            int end = tap;
            while (end < Taps.Length && Taps[end].Weight / kernelWidth == Taps[tap].Weight / kernelWidth)
            {
                end++;
            }

            rows.Add(new ConvKernelRow(tap, end, -Taps[tap].Row, phaseRows(Taps[tap].Phase) - Taps[tap].Row));
            tap = end;
        }

        KernelRows = [.. rows];
    }
}

/// <summary>
/// A convolution, or the gradient for its input, as stride-1 correlations. A strided convolution reads phases of its input, planes of every
/// stride-th row and column; the gradient of a strided convolution is one correlation a phase of the input. Taps that only ever meet padding are
/// dropped, which is what makes wide dilations on small maps cheap.
/// </summary>
internal sealed class ConvGeometry
{
    private readonly List<(int Row, int Column)> _phases = [];

    private ConvGeometry()
    {
    }

    /// <summary>Rows of a source image.</summary>
    public int SourceHeight { get; private init; }

    /// <summary>Columns of a source image.</summary>
    public int SourceWidth { get; private init; }

    /// <summary>Source rows from a row of a phase to the next.</summary>
    public int SourceStepRow { get; private init; }

    /// <summary>Source columns from a column of a phase to the next.</summary>
    public int SourceStepColumn { get; private init; }

    /// <summary>Rows of a target image.</summary>
    public int TargetHeight { get; private init; }

    /// <summary>Columns of a target image.</summary>
    public int TargetWidth { get; private init; }

    /// <summary>Target rows from a grid row to the next.</summary>
    public int TargetStepRow { get; private init; }

    /// <summary>Target columns from a grid column to the next.</summary>
    public int TargetStepColumn { get; private init; }

    /// <summary>The correlations, which together write every element of the target once.</summary>
    public ConvPass[] Passes { get; private set; } = [];

    /// <summary>First source row and column of each phase that some tap reads.</summary>
    public IReadOnlyList<(int Row, int Column)> Phases => _phases;

    /// <summary>Smallest row offset of a tap.</summary>
    public int FirstRow { get; private set; }

    /// <summary>Largest row offset of a tap.</summary>
    public int LastRow { get; private set; }

    /// <summary>Smallest column offset of a tap.</summary>
    public int FirstColumn { get; private set; }

    /// <summary>Largest column offset of a tap.</summary>
    public int LastColumn { get; private set; }

    /// <summary>Rows of the largest grid.</summary>
    public int GridRows { get; private set; }

    /// <summary>Columns of the largest grid.</summary>
    public int GridColumns { get; private set; }

    /// <summary>y from x.</summary>
    public static ConvGeometry Forward(in ConvShape s)
    {
        ConvGeometry geometry = new()
        {
            SourceHeight = s.Height, SourceWidth = s.Width, SourceStepRow = s.StrideHeight, SourceStepColumn = s.StrideWidth,
            TargetHeight = s.OutHeight, TargetWidth = s.OutWidth, TargetStepRow = 1, TargetStepColumn = 1,
        };
        List<ConvTap> taps = [];
        for (int t = 0; t < s.KernelSize; t++)
        {
            (int row, int phaseRow) = Split((t / s.KernelWidth * s.DilationHeight) - s.PaddingHeight, s.StrideHeight);
            (int column, int phaseColumn) = Split((t % s.KernelWidth * s.DilationWidth) - s.PaddingWidth, s.StrideWidth);
            if (geometry.Touches(s.OutHeight, row, phaseRow, s.OutWidth, column, phaseColumn))
            {
                taps.Add(new ConvTap(geometry.Phase(phaseRow, phaseColumn), row, column, t));
            }
        }

        geometry.Finish([new ConvPass(s.OutHeight, s.OutWidth, 0, 0, [.. taps])], s.KernelWidth);
        return geometry;
    }

    /// <summary>∂L/∂x from ∂L/∂y.</summary>
    public static ConvGeometry InputGradient(in ConvShape s)
    {
        ConvGeometry geometry = new()
        {
            SourceHeight = s.OutHeight, SourceWidth = s.OutWidth, SourceStepRow = 1, SourceStepColumn = 1,
            TargetHeight = s.Height, TargetWidth = s.Width, TargetStepRow = s.StrideHeight, TargetStepColumn = s.StrideWidth,
        };
        List<ConvPass> passes = [];
        for (int a = 0; a < Math.Min(s.StrideHeight, s.Height); a++)
        {
            for (int b = 0; b < Math.Min(s.StrideWidth, s.Width); b++)
            {
                passes.Add(geometry.InputPhase(s, a, b));
            }
        }

        geometry.Finish([.. passes], s.KernelWidth);
        return geometry;
    }

    /// <summary>Rows of phase <paramref name="phase"/>.</summary>
    public int PhaseRows(int phase) => Count(SourceHeight, _phases[phase].Row, SourceStepRow);

    /// <summary>Columns of phase <paramref name="phase"/>.</summary>
    public int PhaseColumns(int phase) => Count(SourceWidth, _phases[phase].Column, SourceStepColumn);

    private static (int Quotient, int Remainder) Split(int offset, int step)
    {
        int quotient = (int)Math.Floor(offset / (double)step);
        return (quotient, offset - (quotient * step));
    }

    private static int Count(int size, int first, int step) => first >= size ? 0 : ((size - 1 - first) / step) + 1;

    private static bool Meets(int positions, int offset, int available) => Math.Max(offset, 0) <= Math.Min(positions - 1 + offset, available - 1);

    private ConvPass InputPhase(in ConvShape s, int a, int b)
    {
        int rows = Count(s.Height, a, s.StrideHeight);
        int columns = Count(s.Width, b, s.StrideWidth);
        List<ConvTap> taps = [];
        for (int t = 0; t < s.KernelSize; t++)
        {
            (int row, int phaseRow) = Split((t / s.KernelWidth * s.DilationHeight) - s.PaddingHeight, s.StrideHeight);
            (int column, int phaseColumn) = Split((t % s.KernelWidth * s.DilationWidth) - s.PaddingWidth, s.StrideWidth);
            if (phaseRow == a && phaseColumn == b && Touches(rows, -row, 0, columns, -column, 0))
            {
                taps.Add(new ConvTap(Phase(0, 0), -row, -column, t));
            }
        }

        return new ConvPass(rows, columns, a, b, [.. taps]);
    }

    private bool Touches(int rows, int row, int phaseRow, int columns, int column, int phaseColumn)
        => Meets(rows, row, Count(SourceHeight, phaseRow, SourceStepRow)) && Meets(columns, column, Count(SourceWidth, phaseColumn, SourceStepColumn));

    private int Phase(int row, int column)
    {
        int index = _phases.IndexOf((row, column));
        if (index < 0)
        {
            index = _phases.Count;
            _phases.Add((row, column));
        }

        return index;
    }

    private void Finish(ConvPass[] passes, int kernelWidth)
    {
        Passes = passes;
        bool any = false;
        foreach (ConvPass pass in passes)
        {
            pass.DivideTaps(kernelWidth, PhaseRows);
            GridRows = Math.Max(GridRows, pass.Rows);
            GridColumns = Math.Max(GridColumns, pass.Columns);
            foreach (ConvTap tap in pass.Taps)
            {
                FirstRow = any ? Math.Min(FirstRow, tap.Row) : tap.Row;
                LastRow = any ? Math.Max(LastRow, tap.Row) : tap.Row;
                FirstColumn = any ? Math.Min(FirstColumn, tap.Column) : tap.Column;
                LastColumn = any ? Math.Max(LastColumn, tap.Column) : tap.Column;
                any = true;
            }
        }
    }
}
