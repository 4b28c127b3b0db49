using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation.Terms;

/// <summary>A kind of term.</summary>
/// <param name="Name">Name in <c>distillation.terms</c>.</param>
/// <param name="Source">What it is, with its source.</param>
/// <param name="Defaults">Its options with their defaults.</param>
/// <param name="Create">Builds it; the options are of the type of <paramref name="Defaults"/>.</param>
public sealed record TermRow(string Name, string Source, TermOptions Defaults, Func<TermOptions, TermSetup, DistillationTerm> Create);

/// <summary>The one table of terms.</summary>
public static class TermTable
{
    /// <summary>Every term, in the order in which a sum adds them.</summary>
    public static IReadOnlyList<TermRow> All { get; } =
    [
        Row<KdTermOptions>("kd", "pixel-wise KL between the logits; HeteroAKD Eq. 1", (options, setup) => new KdTerm(options, setup)),
        Row<HeteroAkdTermOptions>("heteroakd", "KMM and KEM on projected logits; HeteroAKD Eq. 2-10", (options, setup) => new HeteroAkdTerm(options, setup)),
        Row<CwdTermOptions>("cwd", "channel-wise KL over the pixels; Shu et al., ICCV 2021", (options, setup) => new CwdTerm(options, setup)),
        Row<CwdLogitsTermOptions>("cwdLogits", "the same of the logits, CWD's second half", (options, setup) => new CwdLogitsTerm(options, setup)),
        Row<FitNetTermOptions>("fitnet", "squared difference of features; Romero et al., ICLR 2015", (_, setup) => new FitNetTerm(setup)),
        Row<AttentionTermOptions>("at", "attention maps; Zagoruyko and Komodakis, ICLR 2017", (_, setup) => new AttentionTerm(setup)),
        Row<SkdTermOptions>("skd", "cosines of the pixels of an image; Liu et al., CVPR 2019", (_, setup) => new SkdTerm(setup)),
        Row<AdversarialTermOptions>(
            "adversarial",
            "a discriminator between the networks' logits, SKD's and IFVD's second part; Liu et al., CVPR 2019",
            (options, setup) => new AdversarialTerm(options, setup)),
        Row<IfvdTermOptions>("ifvd", "cosines between pixels and the mean of their class; Wang et al., ECCV 2020", (_, setup) => new IfvdTerm(setup)),
        Row<PsdTermOptions>("psd", "differences of attention maps, DSD's first part; Feng et al., TIP 2021", (_, setup) => new PsdTerm(setup)),
        Row<CsdTermOptions>("csd", "inner products of the classes' maps, DSD's second part; Feng et al., TIP 2021", (_, setup) => new CsdTerm(setup)),
        Row<CrossImageTermOptions>(
            "crossImage",
            "cosines of the pixels of all images of a batch, CIRKD's mini-batch part; Yang et al., CVPR 2022",
            (options, setup) => new CrossImageTerm(options, setup)),
        Row<MemoryBankTermOptions>(
            "memoryBank",
            "cosines with features of other batches, CIRKD's memory-based part; Yang et al., CVPR 2022",
            (options, setup) => new MemoryBankTerm(options, setup)),
        Row<ChannelContrastTermOptions>(
            "channelContrast",
            "similarities of channels, CIRKDv2's channel-wise part; Yang et al., 2023",
            (options, setup) => new ChannelContrastTerm(options, setup)),
        Row<GraphFitNetTermOptions>(
            "graphFitnet", "squared difference of features after a graph convolution, CIRKDv2's; Yang et al., 2023", (_, setup) => new GraphFitNetTerm(setup)),
        Row<AfDcdTermOptions>(
            "afdcd",
            "masked generation and contrast of pixels and channel groups; Fan et al., NeurIPS 2023",
            (options, setup) => new AfDcdTerm(options, setup)),
        Row<DistTermOptions>(
            "dist", "Pearson's correlation over classes and over pixels; Huang et al., NeurIPS 2022", (options, setup) => new DistTerm(options, setup)),
        Row<OfaTermOptions>(
            "ofa", "KL that raises the labelled class, OFA-KD's logit loss; Hao et al., NeurIPS 2023", (options, setup) => new OfaTerm(options, setup)),
    ];

    /// <summary>The row of a name.</summary>
    /// <exception cref="HeteroAkdException">There is none; the message names the nearest.</exception>
    public static TermRow Find(string name) => All.FirstOrDefault(row => row.Name == name)
        ?? throw new HeteroAkdException(
            $"there is no distillation term '{name}'; "
                + $"{(NearestName.Of(name, TermSet.Names) is { } near ? $"did you mean {near}?" : $"the terms are {string.Join(", ", TermSet.Names)}")}");

    private static TermRow Row<TOptions>(string name, string source, Func<TOptions, TermSetup, DistillationTerm> create)
        where TOptions : TermOptions, new() => new(name, source, new TOptions(), (options, setup) => create((TOptions)options, setup));
}
