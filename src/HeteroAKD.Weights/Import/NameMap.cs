using System.Globalization;
using System.Text.RegularExpressions;
using HeteroAKD.Nn.Encoders;

namespace HeteroAKD.Weights.Import;

/// <summary>
/// How a code base names the weights of networks that exist here, and what else differs from it: order of colours, epsilons. Maps go from our names to
/// theirs, so that every entry of the network asks for its values.
/// </summary>
public abstract class NameMap
{
    private static readonly Regex s_counter = new(@"\.num_batches_tracked$", RegexOptions.CultureInvariant);

    /// <summary>All maps. Of those that claim a file's names the first one counts.</summary>
    public static IReadOnlyList<NameMap> All { get; } =
        [new HeteroAkdMap(), new HuggingFaceMap(), new MmsegMap(), new CirkdMap(), new MitMap(), new TorchvisionMap()];

    /// <summary>The name that <c>--from</c> takes.</summary>
    public abstract string Name { get; }

    /// <summary>The code base, for a person.</summary>
    public abstract string Description { get; }

    /// <summary>What stands before the encoder's names in a file of a whole network, or nothing.</summary>
    public virtual IReadOnlyList<string> Prefixes => [];

    /// <summary>What stands before the encoder's names in a network with a head of this code base; null where its names are read, and not written.</summary>
    public virtual string? WholePrefix => null;

    /// <summary>Whether a network with these entries of ours, whose encoder the code base has, has a head there too.</summary>
    public virtual bool HasHeadFor(IReadOnlySet<string> names) => true;

    /// <summary>Epsilons that the code base builds layer norms with.</summary>
    public virtual LayerNormEps LayerNormEps => LayerNormEps.Default;

    /// <summary>The normalisation of images that the weights expect, or null for the default.</summary>
    public virtual InputNormalization? Input => null;

    /// <summary>Whether the code base evaluates logits that are resized with corner pixels on corner pixels.</summary>
    public virtual bool AlignCorners => false;

    /// <summary>Why heads of this code base cannot be taken over, or null where they can.</summary>
    public virtual string? HeadProblem => null;

    /// <summary>Whether names, without <see cref="Prefixes"/>, are of this code base.</summary>
    public abstract bool Claims(IReadOnlySet<string> names);

    /// <summary>Where one of our entries comes from, or null where the code base has nothing like it.</summary>
    /// <param name="name">Our name, such as <c>encoder.stages.0.norm.weight</c>.</param>
    /// <param name="names">The names in the file, for code bases with several.</param>
    public abstract WeightSource? SourceOf(string name, IReadOnlySet<string> names);

    /// <summary>Whether an entry of the file is expected to stay: a counter of batches, or a part that segmentation has no use for.</summary>
    public virtual bool Ignores(string name) => s_counter.IsMatch(name);

    /// <summary>A name in the file of a whole network.</summary>
    internal string WholeName(string name, bool isOfEncoder) => isOfEncoder ? WholePrefix + name : name;

    /// <summary>A name in the file without what stands before the encoder's names.</summary>
    internal string Inner(string name) => name[(Prefixes.FirstOrDefault(p => name.StartsWith(p, StringComparison.Ordinal)) ?? "").Length..];

    private protected static WeightSource? Apply(IEnumerable<NameRule> rules, string name) =>
        rules.Select(r => r.Find(name)).FirstOrDefault(s => s is not null);

    private protected static string OneMore(Group index) => $"{Number(index) + 1}";

    private protected static int Number(Group index) => int.Parse(index.ValueSpan, CultureInfo.InvariantCulture);
}

/// <summary>Normalisation of images in [0, 1], as the configuration's <c>augmentation</c> section has it: (pixel - mean) / std, red green blue.</summary>
/// <param name="Mean">[3].</param>
/// <param name="Std">[3].</param>
public sealed record InputNormalization(IReadOnlyList<double> Mean, IReadOnlyList<double> Std)
{
    /// <summary>The mean as the configuration writes it.</summary>
    public string MeanText => Text(Mean);

    /// <summary>The deviation as the configuration writes it.</summary>
    public string StdText => Text(Std);

    private static string Text(IReadOnlyList<double> values) => $"[{string.Join(", ", values.Select(v => v.ToString("R", CultureInfo.InvariantCulture)))}]";
}
