using HeteroAKD.Tensors.Interop;
using HeteroAKD.Training.Checkpoints;

namespace HeteroAKD.Training.Weights;

/// <summary>The tensors of a file of weights, whatever its kind.</summary>
/// <param name="Path">The file.</param>
/// <param name="Kind">What it is, for a person.</param>
/// <param name="Tensors">Its tensors by the names in the file, in order.</param>
/// <param name="Others">Entries that are no tensors.</param>
/// <param name="Own">What a checkpoint of this program says about itself.</param>
public sealed record WeightFile(string Path, string Kind, IReadOnlyList<HostTensor> Tensors, int Others, CheckpointInfo? Own)
{
    /// <summary>What an export of this program says about itself.</summary>
    public ExportedWeights? Exported { get; init; }

    /// <summary>Reads a safetensors file, a state dict of PyTorch or a checkpoint of this program; what it begins with tells them apart.</summary>
    /// <exception cref="Tensors.HeteroAkdException">Missing, damaged or of another kind.</exception>
    public static WeightFile Read(string path)
    {
        if (IsTorch(path))
        {
            (List<HostTensor> tensors, int others) = TorchFile.Read(path);
            return new WeightFile(path, "PyTorch", tensors, others, null);
        }

        (List<HostTensor> Tensors, Dictionary<string, string> Metadata) file = SafeTensors.Read(path);
        if (file.Metadata.GetValueOrDefault("format") != Checkpoint.Format)
        {
            ExportedWeights? exported = ExportedWeights.Find(path, file.Metadata);
            string kind = exported is null ? "safetensors" : $"safetensors of {exported.Model} with {exported.Classes} classes";
            return new WeightFile(path, kind, file.Tensors, 0, null) { Exported = exported };
        }

        return new WeightFile(path, "checkpoint", file.Tensors, 0, Checkpoint.Of(path, file).Info);
    }

    private static bool IsTorch(string path)
    {
        byte[] start = new byte[512];
        try
        {
            using FileStream stream = File.OpenRead(path);
            int read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
            return TorchFile.Recognises(start.AsSpan(0, read));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new WeightImportException(path, $"cannot be read: {e.Message}");
        }
    }
}
