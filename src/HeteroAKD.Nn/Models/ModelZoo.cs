using HeteroAKD.Nn.Encoders;
using HeteroAKD.Nn.Heads;
using HeteroAKD.Nn.Initialization;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Models;

/// <summary>
/// The networks that exist, by name: the tiny ones of the reference experiment, SegFormer, and HEAD-BACKBONE for every head on every backbone.
/// </summary>
public static class ModelZoo
{
    private static readonly OrderedDictionary<string, Entry> s_entries = MakeEntries();

    private delegate SegmentationModel Build(Site site, string name, int classes);

    /// <summary>All names.</summary>
    public static IReadOnlyCollection<string> Names => s_entries.Keys;

    /// <summary>The family of a network.</summary>
    /// <exception cref="HeteroAkdException">There is no such network.</exception>
    public static ModelFamily FamilyOf(string name) => Find(name).Family;

    /// <summary>Builds a network.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="classes">Channels of its logits.</param>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="seed">Decides the initial values, bit by bit; null leaves them undefined, for a checkpoint that fills them.</param>
    /// <param name="type">Float type; <see cref="DType.Float64"/> is for gradient checks on the host.</param>
    /// <exception cref="HeteroAkdException">There is no such network, or no class to tell apart.</exception>
    public static SegmentationModel Create(string name, int classes, Device device, int? seed, DType type = DType.Float32)
    {
        if (classes < 1)
        {
            throw new HeteroAkdException($"model '{name}': {classes} classes; there must be at least one.");
        }

        Generator? generator = seed is { } value ? new Generator(value) : null;
        return Find(name).Build(new Site(device, generator, Type: type), name, classes);
    }

    private static OrderedDictionary<string, Entry> MakeEntries()
    {
        OrderedDictionary<string, Entry> entries = new()
        {
            ["tiny-cnn-student"] = new(ModelFamily.Cnn, (site, name, classes) => TinyCnn(site, name, classes, 16, [24, 32, 48], 1, 32)),
            ["tiny-cnn-teacher"] = new(ModelFamily.Cnn, (site, name, classes) => TinyCnn(site, name, classes, 32, [48, 96, 192], 2, 96)),
            ["tiny-mit-student"] = new(ModelFamily.Transformer, (site, name, classes) => TinyMit(site, name, classes, [24, 48, 96], [1, 1, 1], [1, 2, 3], 48)),
            ["tiny-mit-teacher"] = new(
                ModelFamily.Transformer, (site, name, classes) => TinyMit(site, name, classes, [48, 96, 192], [2, 2, 3], [1, 2, 4], 128)),
            ["segformer-b0"] = SegFormer(MixTransformerOptions.B0, 256),
            ["segformer-b1"] = SegFormer(MixTransformerOptions.B1, 256),
            ["segformer-b2"] = SegFormer(MixTransformerOptions.B2, 768),
            ["segformer-b3"] = SegFormer(MixTransformerOptions.B3, 768),
            ["segformer-b4"] = SegFormer(MixTransformerOptions.B4, 768),
            ["segformer-b5"] = SegFormer(MixTransformerOptions.B5, 768),
        };
        foreach ((string backbone, Backbone parts) in Backbone.All)
        {
            entries[$"deeplabv3-{backbone}"] = new(parts.Family, (site, name, classes) => OnBackbone(site, name, classes, parts, DeepLabV3));
        }

        foreach ((string backbone, Backbone parts) in Backbone.All)
        {
            entries[$"pspnet-{backbone}"] = new(parts.Family, (site, name, classes) => OnBackbone(site, name, classes, parts, PspNet));
        }

        return entries;
    }

    private static Entry Find(string name)
    {
        if (s_entries.TryGetValue(name, out Entry? entry))
        {
            return entry;
        }

        string hint = NearestName.Of(name, Names) is { } near ? $" Did you mean '{near}'?" : "";
        throw new HeteroAkdException($"there is no model '{name}'.{hint} Models: {string.Join(", ", Names)}.");
    }

    private static SegmentationModel TinyCnn(Site site, string name, int classes, int stemChannels, int[] channels, int depth, int width)
    {
        TinyCnn encoder = new(site.At("encoder"), stemChannels, channels, depth);
        PyramidHead head = new(site.At("head"), PyramidOptions.Tiny, channels[^1], width, classes, encoder.FeatureStrides[^1]);
        return new SegmentationModel(site, name, ModelFamily.Cnn, classes, encoder, head);
    }

    private static SegmentationModel TinyMit(Site site, string name, int classes, int[] dims, int[] depths, int[] heads, int width)
    {
        MixTransformer encoder = new(site.At("encoder"), new MixTransformerOptions(dims, depths, heads, [4, 2, 1]));
        TinyMitHead head = new(site.At("head"), dims, width, classes);
        return new SegmentationModel(site, name, ModelFamily.Transformer, classes, encoder, head);
    }

    private static Entry SegFormer(MixTransformerOptions options, int width) => new(ModelFamily.Transformer, (site, name, classes) =>
    {
        MixTransformer encoder = new(site.At("encoder"), options);
        SegFormerHead head = new(site.At("head"), options.Dims, width, classes);
        return new SegmentationModel(site, name, ModelFamily.Transformer, classes, encoder, head);
    });

    private static SegmentationModel OnBackbone(Site site, string name, int classes, Backbone backbone, Func<Site, Backbone, Encoder, int, Head> head)
    {
        Encoder encoder = backbone.Build(site.At("encoder"));
        Head onTop = head(site.At("head"), backbone, encoder, classes);
        FcnHead? auxHead = backbone.HasAuxHead ? new FcnHead(site.At("aux_head"), encoder.FeatureChannels[^2], classes) : null;
        return new SegmentationModel(site, name, backbone.Family, classes, encoder, onTop, auxHead);
    }

    private static DeepLabV3Head DeepLabV3(Site site, Backbone backbone, Encoder encoder, int classes) =>
        new(site, encoder.FeatureChannels[^1], backbone.AsppChannels, classes, encoder.FeatureStrides[^1]);

    private static PyramidHead PspNet(Site site, Backbone backbone, Encoder encoder, int classes) =>
        new(site, PyramidOptions.PspNet, encoder.FeatureChannels[^1], backbone.PyramidChannels, classes, encoder.FeatureStrides[^1]);

    private sealed record Entry(ModelFamily Family, Build Build);
}
