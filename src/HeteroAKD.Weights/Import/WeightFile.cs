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

    /// <summary>Reads a safetensors file or a state dict of PyTorch; what it begins with tells them apart.</summary>
    /// <exception cref="Tensors.HeteroAkdException">Missing, damaged or of another kind.</exception>
    public static WeightFile Read(string path)
    {
        if (IsTorch(path))
        {
            (List<HostTensor> tensors, int others) = TorchFile.Read(path);
            return new WeightFile(path, "PyTorch", tensors, others);
        }

        (List<HostTensor> Tensors, Dictionary<string, string> Metadata) file = SafeTensors.Read(path);
        ExportedWeights? exported = ExportedWeights.Find(path, file.Metadata);
        string kind = exported is null ? "safetensors" : $"safetensors of {exported.Model} with {exported.Classes} classes";
        return new WeightFile(path, kind, file.Tensors, 0) { Metadata = file.Metadata, LayerNormEps = exported?.LayerNormEps, Input = exported?.Input };
    }

    private static bool IsTorch(string path)
    {
        byte[] start = new byte[512];
        try
        {
            using FileStream stream = RegularFile.OpenRead(path);
            int read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
            return TorchFile.Recognises(start.AsSpan(0, read));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new WeightImportException(path, $"cannot be read: {e.Message}");
        }
    }
}
