using System.Globalization;

namespace HeteroAKD.Tensors.Tests.Devices.Gates;

/// <summary>A line of the table: the expected numbers of instructions of a kernel and how many registers it may take.</summary>
/// <param name="Kernel">As <see cref="KernelName"/> writes it.</param>
/// <param name="Counts">In the order of <see cref="HotKernels.Columns"/>; empty where the line holds the name alone.</param>
/// <param name="Registers">Ceilings in the order of <see cref="GatedKernels.Capabilities"/>; empty likewise.</param>
internal sealed record HotKernel(string Kernel, IReadOnlyList<int> Counts, IReadOnlyList<int> Registers);

/// <summary>The table hot-kernels.txt: what the kernels that networks spend their time in consist of.</summary>
internal sealed class HotKernels
{
    /// <summary>The release of the CUDA toolkit whose assembler the ceilings are of; another one allots registers otherwise.</summary>
    public static readonly Version Release = new(11, 8);

    // What a ceiling has above the registers that were found when it was set.
    private const int SpareRegisters = 8;

    private static readonly string s_file = RepositoryRoot.File("tests", "HeteroAKD.Tensors.Tests", "Devices", "Gates", "hot-kernels.txt");

    // More than that a thread cannot have.
    private const int MostRegisters = 255;

    private readonly string[] _comments;

    private HotKernels(string[] comments, IReadOnlyList<HotKernel> rows)
    {
        _comments = comments;
        Rows = rows;
    }

    /// <summary>Head of a column and the beginning of the instructions that it counts.</summary>
    public static IReadOnlyList<(string Head, string Operation)> Columns { get; } =
    [
        ("mma", "mma.sync"), ("fma", "fma.rn"), ("cp.async", "cp.async.c"), ("ldmatrix", "ldmatrix"), ("ld.sh.v4", "ld.shared.v4"), ("ld.sh", "ld.shared."),
        ("ld.gl.v4", "ld.global.v4"), ("st.gl.v4", "st.global.v4"), ("bar", "bar.sync"), ("div", "div.rn"),
    ];

    /// <summary>Its lines.</summary>
    public IReadOnlyList<HotKernel> Rows { get; }

    /// <summary>Reads the table.</summary>
    public static HotKernels Read()
    {
        string[] lines = System.IO.File.ReadAllLines(s_file);
        return new(
            [.. lines.TakeWhile(line => line.StartsWith('#')).Where(line => !line.StartsWith("##", StringComparison.Ordinal))],
            [.. lines.Where(line => line.Length > 0 && !line.StartsWith('#')).Select(Parse)]);
    }

    /// <summary>The numbers of a kernel.</summary>
    public static IReadOnlyList<int> Count(PtxFlow flow)
    {
        string[] operations = [.. flow.Instructions.Select(PtxFlow.Operation)];

        // Loads of four have a column of their own.
        return
        [
            .. Columns.Select(c => operations.Count(o => o.StartsWith(c.Operation, StringComparison.Ordinal)
                && (c.Head != "ld.sh" || !o.Contains(".v4", StringComparison.Ordinal))))
        ];
    }

    /// <summary>The ceiling for a kernel that takes so many registers.</summary>
    public static int Ceiling(int registers) => Math.Min(MostRegisters, registers + SpareRegisters);

    /// <summary>A line as it stands in the file.</summary>
    public static string Format(HotKernel row) => string.Concat(
        "  ",
        string.Concat(Columns.Zip(row.Counts, (c, n) => $"{Number(n).PadLeft(c.Head.Length)}  ")),
        string.Concat(row.Registers.Select(n => $"{Number(n),5}  ")),
        row.Kernel);

    /// <summary>Writes other lines into the file, below the same comment.</summary>
    public void Write(IEnumerable<HotKernel> rows)
    {
        string heads = $"##{string.Join("  ", Columns.Select(c => c.Head))}  {string.Join("  ", GatedKernels.Capabilities.Select(c => $"r{c}".PadLeft(5)))} "
            + " kernel";
        System.IO.File.WriteAllLines(s_file, [.. _comments, heads, .. rows.OrderBy(row => row.Kernel, StringComparer.Ordinal).Select(Format)]);
    }

    // Numbers, then a name that may hold blanks.
    private static HotKernel Parse(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int[] numbers = [.. words.TakeWhile(w => char.IsAsciiDigit(w[0])).Select(w => int.Parse(w, CultureInfo.InvariantCulture))];
        string kernel = string.Join(' ', words.Skip(numbers.Length));
        int expected = Columns.Count + GatedKernels.Capabilities.Length;
        return numbers.Length == expected ? new(kernel, numbers[..Columns.Count], numbers[Columns.Count..])
            : numbers.Length == 0 ? new(kernel, [], [])
            : throw new FormatException($"{s_file}: {numbers.Length} numbers instead of {expected} (or none, to be filled in) before '{kernel}'");
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
