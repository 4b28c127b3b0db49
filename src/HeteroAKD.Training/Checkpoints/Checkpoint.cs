using System.Collections.Concurrent;
using System.Collections.ObjectModel;
using System.Security.Cryptography;
using System.Text;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Encoders;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Devices;
using HeteroAKD.Weights.Formats;
using HeteroAKD.Weights.Import;

namespace HeteroAKD.Training.Checkpoints;

/// <summary>A checkpoint that cannot be used.</summary>
public sealed class CheckpointException(string path, string problem, string remedy, Exception? inner = null)
    : HeteroAkdException($"{path}: {problem}. {remedy}", inner!);

/// <summary>What a checkpoint says about itself.</summary>
public sealed record CheckpointInfo
{
    /// <summary>Architecture, as the model zoo names it.</summary>
    public required string Model { get; init; }

    /// <summary>Role in its run: teacher, student or distilled; or imported.</summary>
    public required string Role { get; init; }

    /// <summary>Channels of the logits.</summary>
    public required int Classes { get; init; }

    /// <summary>Optimiser steps done.</summary>
    public required int Step { get; init; }

    /// <summary>Batches taken from the loader: where data goes on. With the seed in the configuration it fixes every later draw.</summary>
    public required long DataPosition { get; init; }

    /// <summary>Best validation mIoU so far, in [0, 1]; NaN before the first evaluation.</summary>
    public required double BestMetric { get; init; }

    /// <summary>What the caller wants kept with it, such as its configuration as a text; nothing here reads it.</summary>
    public required string Config { get; init; }

    /// <summary>What the training began from, as its caller put it; empty where it did not say.</summary>
    public string Inputs { get; init; } = "";

    /// <summary>Files that grew with the training, as they were at this step, by name; the last checkpoint of a role alone has them.</summary>
    public IReadOnlyDictionary<string, string> Records { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>Whether an error came between the step and what follows it: evaluation, best and final network. Who goes on does that first.</summary>
    public bool Unfinished { get; init; }

    /// <summary>What layer norms add to the variance.</summary>
    public LayerNormEps LayerNormEps { get; init; } = LayerNormEps.Default;
}

/// <summary>
/// A checkpoint is a safetensors file: <c>model.*</c> holds the network, <c>optimizer.*</c> what training needs to go on, <c>projectors.*</c> what only
/// distillation needs; the metadata holds <see cref="CheckpointInfo"/>, a format version, a SHA-256 of all tensor bytes and one of everything else.
/// Written atomically, verified on load.
/// </summary>
public sealed class Checkpoint
{
    /// <summary>Version of the layout; raised when an older program could misread a newer file.</summary>
    public const int FormatVersion = 4;

    /// <summary>Prefix of the network's entries.</summary>
    public const string ModelPrefix = HeteroAkdMap.CheckpointPrefix;

    internal const string Format = "heteroakd-checkpoint"; // the metadata's 'format'
    internal const string EarlierOne = "Take another checkpoint of the run, such as the one whose name ends in -best.safetensors";
    private const string HeaderHashKey = "sha256_header";

    private readonly string _path;
    private readonly Dictionary<string, HostTensor> _tensors;

    private Checkpoint(string path, CheckpointInfo info, Dictionary<string, HostTensor> tensors)
    {
        _path = path;
        Info = info;
        _tensors = tensors;
    }

    /// <summary>What it says about itself.</summary>
    public CheckpointInfo Info { get; }

    /// <summary>Names of all entries.</summary>
    public IReadOnlyCollection<string> Names => _tensors.Keys;

    /// <summary>One of <see cref="Names"/>, as the file holds it.</summary>
    public HostTensor this[string name] => _tensors[name];

    /// <summary>Writes a checkpoint; an earlier file stays until the new one is whole.</summary>
    /// <exception cref="StorageException">The disk is full or refuses.</exception>
    public static void Save(string path, CheckpointInfo info, IEnumerable<(string Name, Tensor Tensor)> entries)
    {
        (List<HostTensor> tensors, string hash) = Fetch(entries);
        Dictionary<string, string> metadata = CheckpointMetadata.Of(info);
        metadata["sha256"] = hash;
        metadata[HeaderHashKey] = HashHeader(tensors, metadata);
        AtomicFile.Write(path, stream => SafeTensors.Write(stream, tensors, metadata));
    }

    /// <summary>The entries of a module under a prefix.</summary>
    public static IEnumerable<(string Name, Tensor Tensor)> Entries(string prefix, Module module) =>
        module.State().Select(e => (prefix + e.Name, e.Tensor));

    /// <summary>Reads and verifies a checkpoint.</summary>
    /// <exception cref="CheckpointException">Missing, cut short, changed, of a newer version, or no checkpoint.</exception>
    public static Checkpoint Load(string path)
    {
        if (!File.Exists(path))
        {
            throw new CheckpointException(path, "there is no such checkpoint", "Give the path of a .safetensors file that a run wrote");
        }

        (List<HostTensor> Tensors, Dictionary<string, string> Metadata) file;
        try
        {
            file = SafeTensors.Read(path);
        }
        catch (SafeTensorsException e) when (e.Kind is { } kind)
        {
            throw new CheckpointException(path, $"is {kind}, not a checkpoint", "Give the path of a .safetensors file that a run wrote", e);
        }
        catch (HeteroAkdException e)
        {
            throw new CheckpointException(path, "is damaged or no checkpoint: " + e.Message, EarlierOne, e);
        }

        return Of(path, file.Tensors, file.Metadata);
    }

    /// <summary>Reads weights of any kind; a checkpoint among them is verified, and says what it is.</summary>
    /// <param name="path">A checkpoint, another safetensors file, or a file of PyTorch.</param>
    /// <param name="key">Which table of tensors, where a file of PyTorch has several; empty to find it.</param>
    /// <exception cref="HeteroAkdException">Missing or damaged.</exception>
    public static (WeightFile File, CheckpointInfo? Info) ReadWeights(string path, string key = "")
    {
        WeightFile file = WeightFile.Read(path, key);
        if (file.Metadata.GetValueOrDefault("format") != Format)
        {
            return (file, null);
        }

        CheckpointInfo info = Of(path, file.Tensors, file.Metadata).Info;
        return (file with { Kind = "checkpoint", LayerNormEps = info.LayerNormEps }, info);
    }

    /// <summary>The network with its weights. The caller disposes of it.</summary>
    /// <exception cref="CheckpointException">Its model is unknown here, or its entries are not those of that model; nothing was allocated then.</exception>
    public SegmentationModel CreateModel(Device device)
    {
        if (!ModelZoo.Names.Contains(Info.Model))
        {
            throw new CheckpointException(
                _path,
                $"is of the model '{Info.Model}', which this program does not have",
                "Update the program, or load it with the program whose model it is");
        }

        using (MetaDevice meta = new())
        using (SegmentationModel plan = ModelZoo.Create(Info.Model, Info.Classes, meta, seed: null))
        {
            RequireFits(ModelPrefix, plan);
        }

        SegmentationModel model = ModelZoo.Create(Info.Model, Info.Classes, device, seed: null);
        CopyTo(ModelPrefix, model);
        return model;
    }

    /// <summary>
    /// Copies the entries under a prefix into a module, and to a network what belongs to them; every parameter and buffer must be there with its shape, and
    /// nothing else.
    /// </summary>
    /// <exception cref="CheckpointException">It is of another model.</exception>
    public void CopyTo(string prefix, Module module)
    {
        RequireFits(prefix, module);
        foreach (StateEntry entry in module.State())
        {
            Copy(prefix + entry.Name, entry.Tensor);
        }

        if (module is SegmentationModel model)
        {
            model.LayerNormEps = Info.LayerNormEps;
        }
    }

    /// <summary>Throws where the training that goes on from it has fewer steps than it has behind it.</summary>
    /// <param name="steps">Steps of the training.</param>
    /// <exception cref="CheckpointException">It has.</exception>
    public void RequireWithin(int steps)
    {
        if (Info.Step > steps)
        {
            throw new CheckpointException(
                _path,
                $"is at step {Info.Step}, and its training has {steps} steps",
                $"Train for at least {Info.Step} steps, or take another checkpoint of the run");
        }
    }

    /// <summary>Copies one entry into a tensor of the same shape.</summary>
    /// <exception cref="CheckpointException">Missing or of another shape.</exception>
    public void Copy(string name, Tensor target) => target.CopyFrom(Fitting(name, target).Floats);

    /// <summary>Copies all entries into tensors of their names: each must be there with its shape, and nothing else.</summary>
    /// <exception cref="CheckpointException">They are others; nothing was copied then.</exception>
    internal void CopyAll(IReadOnlyList<(string Name, Tensor Tensor)> targets)
    {
        RequireNumbers(ModelPrefix);
        foreach ((string name, Tensor target) in targets)
        {
            Fitting(name, target);
        }

        if (_tensors.Count != targets.Count)
        {
            string unknown = _tensors.Keys.First(name => targets.All(t => t.Name != name));
            throw new CheckpointException(
                _path,
                $"has an entry '{unknown}', which this training does not: it is of another model or another update rule",
                "Name the modules and the options that it was trained with");
        }

        foreach ((string name, Tensor target) in targets)
        {
            Copy(name, target);
        }
    }

    // Every shape before the first copy: a network is never left half overwritten.
    private void RequireFits(string prefix, Module module)
    {
        IReadOnlyList<StateEntry> state = module.State();
        foreach (StateEntry entry in state)
        {
            Fitting(prefix + entry.Name, entry.Tensor);
        }

        int own = _tensors.Keys.Count(k => k.StartsWith(prefix, StringComparison.Ordinal));
        if (own != state.Count)
        {
            throw new CheckpointException(
                _path,
                $"holds {own} entries under '{prefix}', the model has {state.Count}: it is of another model ({Info.Model})",
                "Name the model it was trained as");
        }

        if (module is SegmentationModel)
        {
            RequireNumbers(prefix);
        }
    }

    private void RequireNumbers(string prefix)
    {
        foreach ((string name, HostTensor tensor) in _tensors)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal) && tensor.NumberProblem() is { } problem)
            {
                throw new CheckpointException(_path, $"is not fit for use: {problem}", EarlierOne);
            }
        }
    }

    private HostTensor Fitting(string name, Tensor target)
    {
        if (!_tensors.TryGetValue(name, out HostTensor? source))
        {
            throw new CheckpointException(
                _path, $"has no entry '{name}': it is of another model ({Info.Model}) or another kind of run", "Name the model it was trained as");
        }

        if (!source.Sizes.AsSpan().SequenceEqual(target.Shape.ToArray()))
        {
            throw new CheckpointException(
                _path,
                $"entry '{name}' is [{string.Join(", ", source.Sizes)}], the model wants {target.Shape}: it is of another model ({Info.Model}, "
                    + $"{Info.Classes} classes)",
                "Name the model and the number of classes it was trained with");
        }

        return source.DType == "F32" ? source
            : throw new CheckpointException(_path, $"entry '{name}' holds {source.DType}, the model wants F32", EarlierOne);
    }

    // Verifies what a file held.
    private static Checkpoint Of(string path, IReadOnlyList<HostTensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        if (metadata.GetValueOrDefault("format") != Format)
        {
            throw new CheckpointException(
                path,
                "is a safetensors file, but no checkpoint of this program",
                "Give a file that 'heteroakd train' or 'distill' wrote; 'heteroakd import' makes one of weights from elsewhere");
        }

        CheckpointMetadata fields = new(path, metadata);
        CheckpointInfo info = fields.Read();

        // Layout 1 had no checksum of the header.
        bool headerIsWhole = fields.Version == 1 || metadata.GetValueOrDefault(HeaderHashKey) == HashHeader(tensors, metadata);
        if (!headerIsWhole || metadata.GetValueOrDefault("sha256") != Hash(tensors))
        {
            throw new CheckpointException(path, "is damaged: its contents do not match its checksum", EarlierOne);
        }

        // Up to layout 3 only HeteroAKD had modules of its own, and they did not stand under a term's name.
        const string Projectors = "projectors.";
        bool named = fields.Version > 3;
        string Name(string name) =>
            named || !name.StartsWith(Projectors, StringComparison.Ordinal) ? name : $"{Projectors}heteroakd.{name[Projectors.Length..]}";
        return new Checkpoint(path, info, tensors.ToDictionary(t => Name(t.Name)));
    }

    /// <summary>Names, types and sizes of the tensors, and all metadata but this hash itself.</summary>
    internal static string HashHeader(IReadOnlyList<HostTensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        IEnumerable<string> entries = metadata.Where(m => m.Key != HeaderHashKey)
            .OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => $"{m.Key}\0{m.Value}");
        IEnumerable<string> shapes = tensors.Select(t => $"{t.Name}\0{t.DType}\0{string.Join(',', t.Sizes)}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', entries.Concat(shapes)))));
    }

    // The checksum of one tensor is computed while the next one is fetched.
    private static (List<HostTensor> Tensors, string Hash) Fetch(IEnumerable<(string Name, Tensor Tensor)> entries)
    {
        using BlockingCollection<HostTensor> fetched = [];
        Task<string> hash = Task.Run(() => Hash(fetched.GetConsumingEnumerable()));
        List<HostTensor> tensors = [];
        try
        {
            foreach ((string name, Tensor tensor) in entries)
            {
                tensors.Add(HostTensor.Of(name, tensor));
                fetched.Add(tensors[^1]);
            }
        }
        finally
        {
            fetched.CompleteAdding();
        }

        return (tensors, hash.GetAwaiter().GetResult());
    }

    private static string Hash(IEnumerable<HostTensor> tensors)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (HostTensor tensor in tensors)
        {
            hash.AppendData(tensor.Bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
