namespace HeteroAKD.Kernels.Conv;

/// <summary>
/// One tap of a correlation. Position (i, j) of the grid reads position (i + Row, j + Column) of phase <paramref name="Phase"/> of the source;
/// the tap's factor is element <paramref name="Weight"/> of a kernel plane.
/// </summary>
internal readonly record struct ConvTap(int Phase, int Row, int Column, int Weight);

/// <summary>Taps <paramref name="First"/> up to <paramref name="End"/>.</summary>
internal readonly record struct ConvTapRun(int First, int End);

/// <summary>The taps FirstTap … EndTap of one row of the kernel, and the grid rows FirstRow … EndRow from which they see more than padding.</summary>
internal readonly record struct ConvKernelRow(int FirstTap, int EndTap, int FirstRow, int EndRow);

/// <summary>
/// The part of the target that one set of taps computes: grid position (i, j) is target element (TargetRow + i · step, TargetColumn + j · step).
/// </summary>
internal sealed class ConvPass(int rows, int columns, int targetRow, int targetColumn, ConvTap[] taps)
{
    private ColumnsSeen[] _columnsSeen = []; // of each tap

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

    /// <summary>
    /// The taps that some position of grid rows and columns sees, as runs, in order; with wide dilations that is half of the kernel on average. At most one run
    /// a kernel row.
    /// </summary>
    /// <param name="rows">First and last grid row.</param>
    /// <param name="columns">First and last grid column.</param>
    /// <param name="runs">Where to; as many as there are kernel rows.</param>
    /// <returns>How many there are.</returns>
    public int Seen((int First, int Last) rows, (int First, int Last) columns, Span<ConvTapRun> runs)
    {
        int count = 0;
        (int firstRow, int endRow) = SeenFrom(rows.First, rows.Last);
        for (int row = firstRow; row < endRow; row++)
        {
            int first = KernelRows[row].FirstTap;
            int end = KernelRows[row].EndTap;
            while (first < end && !_columnsSeen[first].Meets(columns))
            {
                first++;
            }

            while (end > first && !_columnsSeen[end - 1].Meets(columns))
            {
                end--;
            }

            if (first == end)
            {
                continue;
            }

            if (count > 0 && runs[count - 1].End == first)
            {
                runs[count - 1] = runs[count - 1] with { End = end };
            }
            else
            {
                runs[count++] = new ConvTapRun(first, end);
            }
        }

        return count;
    }

    /// <summary>Finds the kernel rows, and what each tap sees.</summary>
    internal void DivideTaps(int kernelWidth, Func<int, int> phaseRows, Func<int, int> phaseColumns)
    {
        _columnsSeen = [.. Taps.Select(tap => new ColumnsSeen(-tap.Column, phaseColumns(tap.Phase) - tap.Column))];
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

    // The grid columns First up to End from which a tap sees more than padding.
    private readonly record struct ColumnsSeen(int First, int End)
    {
        public bool Meets((int First, int Last) columns) => First <= columns.Last && End > columns.First;
    }
}

/// <summary>
/// A convolution, or the gradient for its input, as stride-1 correlations. A strided convolution reads phases of its input, planes of every
/// stride-th row and column; the gradient of a strided convolution is one correlation a phase of the input. Taps that only ever meet padding are
/// dropped, which is what makes wide dilations on small maps cheap. An image can also be taken as several maps of every so many-th row: with a
/// dilation of as many rows, the rows that a kernel sees are then neighbours.
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

    /// <summary>
    /// Maps that an image is taken as: map m has rows m, m + RowMaps, … of source and target. More than 1 at stride 1 only, where there is one pass.
    /// </summary>
    public int RowMaps { get; private init; }

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

    /// <summary>Rows of the largest grid; those of a map.</summary>
    public int GridRows { get; private set; }

    /// <summary>Columns of the largest grid.</summary>
    public int GridColumns { get; private set; }

    /// <summary>y from x.</summary>
    /// <param name="s">Sizes and options.</param>
    /// <param name="rowMaps"><see cref="RowMaps"/>: 1, or the dilation where <see cref="HasRowMaps"/>.</param>
    public static ConvGeometry Forward(in ConvShape s, int rowMaps = 1)
    {
        ConvGeometry geometry = new()
        {
            RowMaps = rowMaps,
            SourceHeight = s.Height,
            SourceWidth = s.Width,
            SourceStepRow = s.StrideHeight,
            SourceStepColumn = s.StrideWidth,
            TargetHeight = s.OutHeight,
            TargetWidth = s.OutWidth,
            TargetStepRow = 1,
            TargetStepColumn = 1,
        };
        int rows = Count(s.OutHeight, 0, rowMaps);
        List<ConvTap> taps = [];
        for (int t = 0; t < s.KernelSize; t++)
        {
            (int row, int phaseRow) = Split((t / s.KernelWidth * s.DilationHeight) - s.PaddingHeight, s.StrideHeight * rowMaps);
            (int column, int phaseColumn) = Split((t % s.KernelWidth * s.DilationWidth) - s.PaddingWidth, s.StrideWidth);
            if (geometry.Touches(rows, row, phaseRow, s.OutWidth, column, phaseColumn))
            {
                taps.Add(new ConvTap(geometry.Phase(phaseRow, phaseColumn), row, column, t));
            }
        }

        geometry.Finish([new ConvPass(rows, s.OutWidth, 0, 0, [.. taps])], s.KernelWidth);
        return geometry;
    }

    /// <summary>∂L/∂x from ∂L/∂y; parameters as those of <see cref="Forward"/>.</summary>
    public static ConvGeometry InputGradient(in ConvShape s, int rowMaps = 1)
    {
        ConvGeometry geometry = new()
        {
            RowMaps = rowMaps,
            SourceHeight = s.OutHeight,
            SourceWidth = s.OutWidth,
            SourceStepRow = 1,
            SourceStepColumn = 1,
            TargetHeight = s.Height,
            TargetWidth = s.Width,
            TargetStepRow = s.StrideHeight,
            TargetStepColumn = s.StrideWidth,
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

    /// <summary>Whether the rows that the kernel sees from a row of the target are those of one of as many maps as the dilation has rows.</summary>
    public static bool HasRowMaps(in ConvShape s) =>
        s.StrideHeight == 1 && s.StrideWidth == 1 && s.DilationHeight > 1 && s.PaddingHeight % s.DilationHeight == 0;

    /// <summary>Rows of phase <paramref name="phase"/> in map <paramref name="map"/> of an image; the first map has the most.</summary>
    public int PhaseRows(int phase, int map = 0) => Count(SourceHeight, _phases[phase].Row + map, SourceStepRow * RowMaps);

    /// <summary>Target rows of map <paramref name="map"/> of an image, at stride 1.</summary>
    public int MapRows(int map) => Count(TargetHeight, map, RowMaps);

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
        int rows = Count(s.Height, a, s.StrideHeight * RowMaps);
        int columns = Count(s.Width, b, s.StrideWidth);
        List<ConvTap> taps = [];
        for (int t = 0; t < s.KernelSize; t++)
        {
            (int row, int phaseRow) = Split((t / s.KernelWidth * s.DilationHeight) - s.PaddingHeight, s.StrideHeight * RowMaps);
            (int column, int phaseColumn) = Split((t % s.KernelWidth * s.DilationWidth) - s.PaddingWidth, s.StrideWidth);
            if (phaseRow == a && phaseColumn == b && Touches(rows, -row, 0, columns, -column, 0))
            {
                taps.Add(new ConvTap(Phase(0, 0), -row, -column, t));
            }
        }

        return new ConvPass(rows, columns, a, b, [.. taps]);
    }

    private bool Touches(int rows, int row, int phaseRow, int columns, int column, int phaseColumn)
        => Meets(rows, row, Count(SourceHeight, phaseRow, SourceStepRow * RowMaps))
            && Meets(columns, column, Count(SourceWidth, phaseColumn, SourceStepColumn));

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
            pass.DivideTaps(kernelWidth, phase => PhaseRows(phase), PhaseColumns);
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
