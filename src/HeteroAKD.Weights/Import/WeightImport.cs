using HeteroAKD.Nn;
using HeteroAKD.Nn.Encoders;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Weights.Formats;

namespace HeteroAKD.Weights.Import;

/// <summary>Weights that do not fit the network, or a file of weights that cannot be used.</summary>
public sealed class WeightImportException(string path, string problem, Exception? inner = null)
    : HeteroAkdException($"{path}: {problem}", inner!);

/// <summary>Brings the weights of a file into a network of ours, entry by entry, and says what came of it.</summary>
/// <param name="file">The file.</param>
/// <param name="weights">Its tensors by their names.</param>
/// <param name="byOrder">Whether the layers of a graph whose names do not fit may be taken in their order.</param>
public sealed class WeightImport(WeightFile file, NamedWeights weights, bool byOrder = true)
{
    private const string EncoderPrefix = "encoder.";
    private const string AuxiliaryHeadPrefix = "aux_head.";
    private static readonly string[] s_auxiliaryHeads = [AuxiliaryHeadPrefix, "auxlayer.", "auxiliary_head.", "aux_classifier."];
    private static readonly string[] s_heads = ["head.", "decode_head.", "linear_", "classifier.", "decoder.", "segmentation_head.", .. s_auxiliaryHeads];

    private IReadOnlyDictionary<string, HostTensor> _tensors = weights.Tensors;
    private HashSet<string>? _names;

    /// <summary>Epsilons of layer norms that belong to the weights.</summary>
    public LayerNormEps LayerNormEps => file.LayerNormEps ?? Map.LayerNormEps;

    /// <summary>The normalisation of images that the weights expect, or null where neither file nor code base says.</summary>
    public InputNormalization? Input => file.Input ?? Map.Input;

    /// <summary>Finds the map of a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="from">A <see cref="NameMap.Name"/>, or empty to go by the names.</param>
    public static WeightImport Of(WeightFile file, string from = "") => new(file, NamedWeights.Find(file, from), byOrder: from.Length == 0);

    /// <summary>The file.</summary>
    public WeightFile File => file;

    /// <summary>What was chosen or left out on the way to the names, one sentence a line; none where nothing was.</summary>
    public IEnumerable<string> Notes()
    {
        if (file.Table.Length > 0 || file.OtherTables.Count > 0)
        {
            string others = file.OtherTables.Count == 0 ? ""
                : $"; beside it there is {string.Join(", ", file.OtherTables.Select(t => $"'{t}'"))} ('heteroakd import --key')";
            yield return $"tensors of '{file.Table}'{others}";
        }

        if (Map is GraphOrderMap { Folded: > 0 and var folded })
        {
            yield return $"{folded} layers had their batch norms folded into them: evaluation gives the same, training starts with norms of weight 1. "
                + "An export without folding is a better start (torch.onnx.export: training=TrainingMode.PRESERVE, do_constant_folding=False)";
        }

        if (Prefix.Length > 0)
        {
            yield return $"prefix '{Prefix}' taken off all names that have it";
        }
    }

    /// <summary>Why the head of the network in the file cannot be taken over, or null where it can or where there is none.</summary>
    public string? HeadProblem => Names.Any(n => n.StartsWith("decode_head.", StringComparison.Ordinal)) ? Map.HeadProblem : null;

    /// <summary>Its names.</summary>
    public NameMap Map => weights.Map;

    /// <summary>What stood before all names and was taken off; empty for nothing.</summary>
    public string Prefix => weights.Prefix;

    /// <summary>Channels of the logits of the network in the file, or null where it has no classifier that could be taken over.</summary>
    public int? Classes
    {
        get
        {
            IReadOnlyList<string> names = Map.SourceOf("head.classifier.weight", Names)?.Names ?? [];
            return names.Count == 1 && _tensors.TryGetValue(names[0], out HostTensor? tensor) && tensor.Sizes.Length > 0 && tensor.Bytes.Length > 0
                ? tensor.Sizes[0]
                : null;
        }
    }

    /// <summary>
    /// Copies every entry that is there with its shape, and the epsilons. Entries that are not there keep their values. An auxiliary head, which serves
    /// training alone, may be absent as a whole. Of a graph whose names do not fit, the layers are taken in their order.
    /// </summary>
    /// <param name="model">The network.</param>
    /// <param name="backboneOnly">Whether the encoder alone is taken.</param>
    /// <exception cref="WeightImportException">A value that would be taken is no number, or a variance is negative.</exception>
    public ImportReport CopyTo(SegmentationModel model, bool backboneOnly)
    {
        if (!byOrder || file.Graph is not { } graph)
        {
            return CopyNamed(model, backboneOnly);
        }

        // Copying by name ignores the epsilons of the graph's batch norms, so it is done only if all of them have this program's epsilon, 1e-5.
        NamedWeights named = weights;
        bool usualNorms = graph.Nodes.All(n => n.Op != "BatchNormalization" || n.Epsilon is > 0.99e-5f and < 1.01e-5f);
        GraphLayers layers = new(graph);
        if (layers.BeforeFirst is { } scaled)
        {
            throw new WeightImportException(
                file.Path,
                $"computes with '{FileLimits.Shown(scaled)}' before its first layer: its images are scaled inside the graph, which would be lost. Export "
                    + "the network without that");
        }

        if (named.Map is not GraphOrderMap && usualNorms && CopyNamed(model, backboneOnly) is { Complete: true } report)
        {
            return report;
        }

        GraphOrderMap order = named.Map as GraphOrderMap ?? new GraphOrderMap(KnownGraph.Of(graph), named.Map);
        Take(new NamedWeights(order, "", order.Rename(file.Path, graph, layers, [.. model.State().Where(e => !backboneOnly || IsOfEncoder(e))], backboneOnly)));
        ImportReport ordered = CopyNamed(model, backboneOnly);
        if (ordered.Complete || named.Map is GraphOrderMap)
        {
            return ordered;
        }

        Take(named);
        return CopyNamed(model, backboneOnly);
    }

    private void Take(NamedWeights other)
    {
        weights = other;
        _tensors = other.Tensors;
        _names = null;
    }

    private ImportReport CopyNamed(SegmentationModel model, bool backboneOnly)
    {
        List<string> loaded = [];
        List<string> left = [];
        List<(string Name, WeightSource? Source)> missing = [];
        List<string> mismatched = [];
        HashSet<string> used = [];
        bool lacksAuxiliaryHead = !backboneOnly && LacksAuxiliaryHead(model);
        foreach (StateEntry entry in model.State())
        {
            if ((backboneOnly && !IsOfEncoder(entry)) || (lacksAuxiliaryHead && IsOfAuxiliaryHead(entry)))
            {
                left.Add(entry.Name);
                continue;
            }

            WeightSource? source = Map.SourceOf(entry.Name, Names);
            used.UnionWith(source?.Names ?? []);
            if (source is null || source.Names.Any(n => !_tensors.ContainsKey(n)))
            {
                missing.Add((entry.Name, source));
            }
            else if (Mismatch(entry, source) is { } problem)
            {
                mismatched.Add(problem);
            }
            else
            {
                RequireNumbers(source);
                Copy(source, entry.Tensor);
                loaded.Add(entry.Name);
                continue;
            }

            left.Add(entry.Name);
        }

        model.LayerNormEps = LayerNormEps;

        // An auxiliary head in the file is no loss where the network has none.
        bool hasAuxiliaryHead = model.State().Any(IsOfAuxiliaryHead);
        string[] expected = backboneOnly ? s_heads : hasAuxiliaryHead ? [] : s_auxiliaryHeads;
        return Report(loaded, left, missing, mismatched, used, expected) with { LacksAuxiliaryHead = lacksAuxiliaryHead };
    }

    private void RequireNumbers(WeightSource source)
    {
        if (source.Names.Select(n => _tensors[n].NumberProblem()).FirstOrDefault(p => p is not null) is { } problem)
        {
            throw new WeightImportException(
                file.Path,
                $"is not fit for use: {problem}. A training that diverged or an overflow of float16 leaves such values; find another release of the weights");
        }
    }

    private bool LacksAuxiliaryHead(SegmentationModel model)
    {
        StateEntry[] entries = [.. model.State().Where(IsOfAuxiliaryHead)];
        return entries.Length > 0 && !entries.SelectMany(e => Map.SourceOf(e.Name, Names)?.Names ?? []).Any(_tensors.ContainsKey);
    }

    private static bool IsOfEncoder(StateEntry entry) => entry.Name.StartsWith(EncoderPrefix, StringComparison.Ordinal);

    private static bool IsOfAuxiliaryHead(StateEntry entry) => entry.Name.StartsWith(AuxiliaryHeadPrefix, StringComparison.Ordinal);

    private HashSet<string> Names => _names ??= [.. _tensors.Keys];

    private ImportReport Report(
        List<string> loaded, List<string> left, List<(string Name, WeightSource? Source)> missing, List<string> mismatched, HashSet<string> used,
        string[] expected)
    {
        string[] unused = [.. _tensors.Keys.Where(n => !used.Contains(n))];
        string[] ignored = [.. unused.Where(n => Map.Ignores(n) || StartsWithAny(n, expected))];
        string[] unexpected = [.. unused.Except(ignored)];
        string[] wanted = [.. missing.SelectMany(m => m.Source?.Names ?? []).Where(n => !_tensors.ContainsKey(n))];
        return new ImportReport
        {
            Loaded = loaded,
            Left = left,
            EncoderFits = missing.Select(m => m.Name).Concat(mismatched).All(n => !n.StartsWith(EncoderPrefix, StringComparison.Ordinal))
                && unexpected.All(n => StartsWithAny(n, s_heads)),
            Mismatched = mismatched,
            Ignored = [.. ignored.Select(n => _tensors[n].Name)],
            Missing = [.. missing.Select((m, i) => Missing(m.Name, m.Source, i < ImportReport.MaxLines ? unexpected : []))],
            Unexpected = [.. unexpected.Select((n, i) => $"{_tensors[n].Name} "
                + $"{Sizes(_tensors[n])}{Nearest("wanted", n, i < ImportReport.MaxLines ? wanted : [])}")],
        };
    }

    private static bool StartsWithAny(string name, string[] prefixes) => prefixes.Any(p => name.StartsWith(p, StringComparison.Ordinal));

    private string Missing(string name, WeightSource? source, IReadOnlyList<string> candidates)
    {
        if (source is null)
        {
            bool head = !name.StartsWith(EncoderPrefix, StringComparison.Ordinal);
            return $"{name}: {(head && Map.HeadProblem is { } problem ? problem : $"{Map.Description} has nothing like it")}";
        }

        string[] absent = [.. source.Names.Where(n => !_tensors.ContainsKey(n))];
        return $"{name} from {string.Join(" and ", absent)}{Nearest("in the file", absent[0], candidates)}";
    }

    private static string Nearest(string where, string name, IReadOnlyList<string> candidates) =>
        NearestName.Of(name, candidates) is { } near ? $"; nearest {where}: {near}" : "";

    private string? Mismatch(StateEntry entry, WeightSource source)
    {
        HostTensor[] parts = [.. source.Names.Select(n => _tensors[n])];
        if (parts.FirstOrDefault(p => p.DType is not ("F32" or "F64")) is { } integers)
        {
            return $"{entry.Name} from {integers.Name}: {integers.DType} in the file, floats in the model";
        }

        // A linear layer is a 1x1 convolution: what follows its two dimensions is 1 and 1 in one of the two.
        int[] wanted = Trimmed(entry.Tensor.Shape.ToArray());
        bool fits = parts.Length == 0
            || (parts.All(p => p.Sizes.Length > 0 && p.Sizes[0] % 3 * (3 - source.Thirds) == 0 && Trimmed(p.Sizes).AsSpan(1).SequenceEqual(wanted.AsSpan(1)))
            && parts.Sum(p => p.Sizes[0]) * source.Thirds / 3 == wanted[0]);
        return fits ? null : $"{entry.Name} from {string.Join(" and ", parts.Select(p => p.Name))}: {string.Join(" and ", parts.Select(Sizes))}"
            + $"{(source.Thirds < 3 ? $", of which {source.Thirds} thirds," : "")} in the file, {entry.Tensor.Shape} in the model";
    }

    private void Copy(WeightSource source, Tensor target)
    {
        if (source.Names.Count == 1 && source.Thirds == 3 && !source.SwapRedAndBlue)
        {
            target.CopyFrom(_tensors[source.Names[0]].ToFloats());
            return;
        }

        float[] values = new float[target.Shape.Count];
        int written = 0;
        foreach (string name in source.Names)
        {
            ReadOnlySpan<float> part = _tensors[name].ToFloats();
            int third = part.Length / 3;
            ReadOnlySpan<float> taken = source.Thirds == 3 ? part : part.Slice(source.FirstThird * third, source.Thirds * third);
            taken.CopyTo(values.AsSpan(written));
            written += taken.Length;
        }

        if (source.SwapRedAndBlue)
        {
            SwapRedAndBlue(values, target.Shape);
        }

        target.CopyFrom(values);
    }

    // [O, 3, KH, KW]
    private static void SwapRedAndBlue(float[] values, Shape shape)
    {
        int plane = shape[2] * shape[3];
        float[] red = new float[plane];
        for (int o = 0; o < shape[0]; o++)
        {
            Span<float> first = values.AsSpan(o * 3 * plane, plane);
            Span<float> last = values.AsSpan(((o * 3) + 2) * plane, plane);
            first.CopyTo(red);
            last.CopyTo(first);
            red.CopyTo(last);
        }
    }

    private static int[] Trimmed(int[] sizes) => sizes is [.., 1, 1] and { Length: 4 } ? sizes[..2] : sizes;

    private static string Sizes(HostTensor tensor) => $"[{string.Join(", ", tensor.Sizes)}]";
}
