using System.Reflection;
using System.Text.Json;
using HeteroAKD.Tensors;

namespace HeteroAKD.DeviceBench.Rows;

/// <summary>Sizes of a row; which of them count depends on its kind.</summary>
internal sealed record RowSizes
{
    /// <summary>The main input.</summary>
    public int[] Shape { get; init; } = [];

    /// <summary>Rows and columns of the labels.</summary>
    public int[] Labels { get; init; } = [];

    /// <summary>Rows of a product.</summary>
    public int M { get; init; }

    /// <summary>Columns of a product.</summary>
    public int N { get; init; }

    /// <summary>Terms of a product.</summary>
    public int K { get; init; }

    /// <summary>Output channels of a convolution.</summary>
    public int Out { get; init; }

    /// <summary>Kernel size of a convolution.</summary>
    public int Kernel { get; init; }

    /// <summary>Dilation of a convolution.</summary>
    public int Dilation { get; init; } = 1;

    /// <summary>Groups of a convolution.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Images.</summary>
    public int Batch { get; init; }

    /// <summary>Query tokens.</summary>
    public int Queries { get; init; }

    /// <summary>Key tokens.</summary>
    public int Keys { get; init; }

    /// <summary>Attention heads.</summary>
    public int Heads { get; init; }

    /// <summary>Channels of a head.</summary>
    public int Channels { get; init; }

    /// <summary>Name of a network.</summary>
    public string Model { get; init; } = "";

    /// <summary>Classes of a network.</summary>
    public int Classes { get; init; }

    /// <summary>Rows of an image.</summary>
    public int Height { get; init; }

    /// <summary>Columns of an image.</summary>
    public int Width { get; init; }

    /// <summary>Whether a step is recorded and replayed.</summary>
    public bool Replay { get; init; }

    /// <summary>
    /// Whether a step's results are compared with running statistics and without masks: batch norm over the few pixels of a pooled map divides by next to
    /// nothing, and rounding grows without bound.
    /// </summary>
    public bool Evaluated { get; init; }
}

/// <summary>A row of the measurement as <c>rows.json</c> has it: the same file tells the PyTorch side what to do.</summary>
internal sealed record RowSpec
{
    private static readonly JsonSerializerOptions s_options = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>Its name on the command line and in results.</summary>
    public required string Id { get; init; }

    /// <summary>Operation and full sizes, for people.</summary>
    public required string Title { get; init; }

    /// <summary>What is done.</summary>
    public required string Kind { get; init; }

    /// <summary><c>fp32</c>, <c>tf32</c> or <c>bf16</c>.</summary>
    public required string Precision { get; init; }

    /// <summary>Sizes on a GPU.</summary>
    public required RowSizes Full { get; init; }

    /// <summary>Sizes for <c>--small</c> and for the comparison with the reference.</summary>
    public required RowSizes Small { get; init; }

    /// <summary>All rows, in the order of the report.</summary>
    public static IReadOnlyList<RowSpec> All { get; } = Read();

    /// <summary>The row of a name.</summary>
    /// <exception cref="HeteroAkdException">There is none.</exception>
    public static RowSpec Find(string id) => All.FirstOrDefault(r => r.Id == id)
        ?? throw new HeteroAkdException(
            $"there is no row '{id}'.{(NearestName.Of(id, All.Select(r => r.Id)) is { } near ? $" Did you mean '{near}'?" : "")} 'bench --list' shows them "
                + "all.");

    private static List<RowSpec> Read()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("reference/rows.json")!;
        return JsonSerializer.Deserialize<List<RowSpec>>(stream, s_options)!;
    }
}
