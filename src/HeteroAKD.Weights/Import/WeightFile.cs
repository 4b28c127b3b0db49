using HeteroAKD.Nn.Encoders;
using HeteroAKD.Tensors;
using HeteroAKD.Weights.Formats;

namespace HeteroAKD.Weights.Import;

/// <summary>The tensors of a file of weights, whatever its kind.</summary>
/// <param name="Path">The file.</param>
/// <param name="Kind">What it is, for a person.</param>
/// <param name="Tensors">Its tensors by the names in the file, in order.</param>
/// <param name="Others">Entries that are no tensors.</param>
public sealed record WeightFile(string Path, string Kind, IReadOnlyList<HostTensor> Tensors, int Others)
{
    /// <summary>What a safetensors file says beside its tensors; empty for a file of PyTorch.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>What layer norms add to the variance, where the file says so.</summary>
    public LayerNormEps? LayerNormEps { get; init; }

    /// <summary>The normalisation of images that the weights expect, where the file says so.</summary>
    public InputNormalization? Input { get; init; }

    /// <summary>The keys that led to the tensors inside a file of PyTorch, with dots between; empty where nothing was to be chosen.</summary>
    public string Table { get; init; } = "";

    /// <summary>Further tables of tensors in the file, by their keys.</summary>
    public IReadOnlyList<string> OtherTables { get; init; } = [];

    /// <summary>How a graph uses the tensors; null for files without one.</summary>
    public OnnxContent? Graph { get; init; }

    /// <summary>Reads a safetensors file, one of PyTorch, or the weights of an ONNX graph; what it begins with tells them apart.</summary>
    /// <param name="path">The file.</param>
    /// <param name="key">Which table of tensors, where a file of PyTorch has several; empty to find it.</param>
    /// <exception cref="Tensors.HeteroAkdException">Missing, damaged or of another kind.</exception>
    public static WeightFile Read(string path, string key = "")
    {
        byte[] start = Start(path);
        if (TorchFile.Recognises(start))
        {
            TorchContent content = TorchFile.Read(path, key);
            return new WeightFile(path, "PyTorch", content.Tensors, content.Others)
            {
                Table = content is { Table: ".", OtherTables: [] } ? "" : content.Table,
                OtherTables = content.OtherTables,
            };
        }

        if (OnnxFile.Recognises(start))
        {
            RequireNoKey(path, key);
            OnnxContent graph = OnnxFile.Read(path);
            return new WeightFile(path, $"ONNX graph of {graph.Nodes.Count} operations", graph.Tensors, graph.Others) { Graph = graph };
        }

        (List<HostTensor> Tensors, Dictionary<string, string> Metadata) file;
        try
        {
            file = SafeTensors.Read(path);
        }
        catch (SafeTensorsException e) when (FileKind.Problem(start) is not null)
        {
            // Asked only now: a header's length may have the bytes that an archive begins with.
            throw new WeightImportException(path, FileKind.Problem(start)!, e);
        }

        RequireNoKey(path, key);
        ExportedWeights? exported = ExportedWeights.Find(path, file.Metadata);
        string kind = exported is null ? "safetensors" : $"safetensors of {exported.Model} with {exported.Classes} classes";
        return new WeightFile(path, kind, file.Tensors, 0) { Metadata = file.Metadata, LayerNormEps = exported?.LayerNormEps, Input = exported?.Input };
    }

    private static void RequireNoKey(string path, string key)
    {
        if (key.Length > 0)
        {
            throw new WeightImportException(path, $"is no file of PyTorch, so it has no table '{key}'");
        }
    }

    // At most the first 512 bytes.
    private static byte[] Start(string path)
    {
        byte[] start = new byte[512];
        try
        {
            using FileStream stream = RegularFile.OpenRead(path);
            return start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new WeightImportException(path, $"cannot be read: {e.Message}");
        }
    }
}
