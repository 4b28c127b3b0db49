namespace HeteroAKD.Data;

/// <summary>Inflated PNG bytes to pixel values: filters (section 9 of the specification), bit unpacking, and the seven Adam7 passes (section 8.1).</summary>
internal static class PngRows
{
    /// <summary>(x0, y0, x step, y step) of each Adam7 pass.</summary>
    private static readonly (int X, int Y, int StepX, int StepY)[] s_adam7 =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    /// <summary>Inflated bytes of a whole picture: the rows of every pass with their filter bytes.</summary>
    public static long TotalBytes(PngHeader header)
    {
        long total = 0L;
        foreach ((int X, int Y, int StepX, int StepY) pass in header.IsInterlaced ? s_adam7 : [(0, 0, 1, 1)])
        {
            int columns = Columns(header, pass);
            int rows = (header.Height - pass.Y + pass.StepY - 1) / pass.StepY;
            total += columns > 0 && rows > 0 ? rows * (1 + header.RowBytes(columns)) : 0;
        }
        return total;
    }

    /// <summary>Fills <paramref name="ids"/> [H, W] from a picture of one channel.</summary>
    /// <exception cref="EndOfStreamException">The stream ends too early.</exception>
    /// <exception cref="InvalidDataException">A row names an unknown filter.</exception>
    public static void ReadAll(Stream inflated, PngHeader header, Span<ushort> ids)
    {
        if (!header.IsInterlaced)
        {
            ReadPass(inflated, header, ids, (0, 0, 1, 1));
            return;
        }
        foreach ((int X, int Y, int StepX, int StepY) pass in s_adam7)
        {
            ReadPass(inflated, header, ids, pass);
        }
    }

    private static void ReadPass(Stream inflated, PngHeader header, Span<ushort> ids, (int X, int Y, int StepX, int StepY) pass)
    {
        int columns = Columns(header, pass);
        if (columns <= 0)
        {
            return; // a narrow picture has no pixel in this pass, and then no filter bytes either
        }
        int rowBytes = (int)header.RowBytes(columns);
        int distance = Math.Max(1, header.BitDepth / 8); // bytes between a byte and its left neighbour
        byte[] current = new byte[1 + rowBytes]; // the filter, then the row
        byte[] above = new byte[1 + rowBytes];
        for (int y = pass.Y; y < header.Height; y += pass.StepY)
        {
            int read = inflated.ReadAtLeast(current, current.Length, throwOnEndOfStream: false);
            if (read < current.Length)
            {
                throw new EndOfStreamException($"it ends {(read == 0 ? "before" : "in")} row {y}");
            }
            Span<byte> row = current.AsSpan(1);
            Unfilter(current[0], row, above.AsSpan(1), distance);
            Store(row, header.BitDepth, ids[(y * header.Width + pass.X)..], columns, pass.StepX);
            (current, above) = (above, current);
        }
    }

    private static int Columns(PngHeader header, (int X, int Y, int StepX, int StepY) pass) => (header.Width - pass.X + pass.StepX - 1) / pass.StepX;

    private static void Store(ReadOnlySpan<byte> row, int bitDepth, Span<ushort> ids, int columns, int step)
    {
        if (bitDepth == 8 && step == 1)
        {
            for (int i = 0; i < row.Length; i++)
            {
                ids[i] = row[i];
            }
            return;
        }
        for (int i = 0; i < columns; i++)
        {
            ids[i * step] = Unpack(row, i, bitDepth);
        }
    }

    private static void Unfilter(int filter, Span<byte> row, ReadOnlySpan<byte> above, int distance)
    {
        above = above[..row.Length];
        switch (filter)
        {
            case 0:
                break;
            case 1:
                for (int i = distance; i < row.Length; i++)
                {
                    row[i] += row[i - distance];
                }
                break;
            case 2:
                for (int i = 0; i < row.Length; i++)
                {
                    row[i] += above[i];
                }
                break;
            case 3:
                for (int i = 0; i < row.Length; i++)
                {
                    row[i] += (byte)(((i >= distance ? row[i - distance] : 0) + above[i]) / 2);
                }
                break;
            case 4:
                for (int i = 0; i < row.Length; i++)
                {
                    row[i] += (byte)(i >= distance ? Paeth(row[i - distance], above[i], above[i - distance]) : above[i]);
                }
                break;
            default:
                throw new InvalidDataException($"unknown row filter {filter}");
        }
    }

    private static int Paeth(int left, int above, int corner)
    {
        int estimate = left + above - corner;
        (int toLeft, int toAbove, int toCorner) = (Math.Abs(estimate - left), Math.Abs(estimate - above), Math.Abs(estimate - corner));
        return toLeft <= toAbove && toLeft <= toCorner ? left : toAbove <= toCorner ? above : corner;
    }

    private static ushort Unpack(ReadOnlySpan<byte> row, int index, int bitDepth)
    {
        if (bitDepth == 16)
        {
            return (ushort)(row[index * 2] << 8 | row[index * 2 + 1]);
        }
        int bit = index * bitDepth;
        return (ushort)(row[bit >> 3] >> (8 - bitDepth - (bit & 7)) & ((1 << bitDepth) - 1));
    }
}
