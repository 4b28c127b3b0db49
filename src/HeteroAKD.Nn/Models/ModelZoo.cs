using HeteroAKD.Nn.Encoders;
using HeteroAKD.Nn.Heads;
using HeteroAKD.Nn.Initialization;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Models;

/// <summary>The networks that exist, by name.</summary>
public static class ModelZoo
{
    private static readonly Dictionary<string, Entry> s_entries = new()
    {
        ["tiny-cnn-student"] = new(ModelFamily.Cnn, (site, name, classes) => TinyCnn(site, name, classes, 16, [24, 32, 48], 1, 32)),
        ["tiny-cnn-teacher"] = new(ModelFamily.Cnn, (site, name, classes) => TinyCnn(site, name, classes, 32, [48, 96, 192], 2, 96)),
        ["tiny-mit-student"] = new(ModelFamily.Transformer, (site, name, classes) => TinyMit(site, name, classes, [24, 48, 96], [1, 1, 1], [1, 2, 3], 48)),
        ["tiny-mit-teacher"] = new(ModelFamily.Transformer, (site, name, classes) => TinyMit(site, name, classes, [48, 96, 192], [2, 2, 3], [1, 2, 4], 128)),
        ["segformer-b0"] = new(ModelFamily.Transformer, (site, name, classes) => SegFormer(site, name, classes, [32, 64, 160, 256], [2, 2, 2, 2], 256)),
        ["segformer-b1"] = new(ModelFamily.Transformer, (site, name, classes) => SegFormer(site, name, classes, [64, 128, 320, 512], [2, 2, 2, 2], 256)),
        ["segformer-b2"] = new(ModelFamily.Transformer, (site, name, classes) => SegFormer(site, name, classes, [64, 128, 320, 512], [3, 4, 6, 3], 768)),
        ["segformer-b3"] = new(ModelFamily.Transformer, (site, name, classes) => SegFormer(site, name, classes, [64, 128, 320, 512], [3, 4, 18, 3], 768)),
        ["segformer-b4"] = new(ModelFamily.Transformer, (site, name, classes) => SegFormer(site, name, classes, [64, 128, 320, 512], [3, 8, 27, 3], 768)),
        ["segformer-b5"] = new(ModelFamily.Transformer, (site, name, classes) => SegFormer(site, name, classes, [64, 128, 320, 512], [3, 6, 40, 3], 768)),
        ["deeplabv3-resnet18"] = new(ModelFamily.Cnn, DeepLabV3ResNet18),
        ["deeplabv3-mobilenetv2"] = new(ModelFamily.Cnn, DeepLabV3MobileNetV2),
    };

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
        PyramidHead head = new(site.At("head"), channels[^1], width, classes, encoder.FeatureStrides[^1]);
        return new SegmentationModel(site, name, ModelFamily.Cnn, classes, encoder, head);
    }

    private static SegmentationModel TinyMit(Site site, string name, int classes, int[] dims, int[] depths, int[] heads, int width)
    {
        MixTransformer encoder = new(site.At("encoder"), new MixTransformerOptions(dims, depths, heads, [4, 2, 1]));
        TinyMitHead head = new(site.At("head"), dims, width, classes);
        return new SegmentationModel(site, name, ModelFamily.Transformer, classes, encoder, head);
    }

    private static SegmentationModel SegFormer(Site site, string name, int classes, int[] dims, int[] depths, int width)
    {
        MixTransformerOptions options = new(dims, depths, [1, 2, 5, 8], [8, 4, 2, 1], DropPath: 0.1f, FanOutConvolutions: true);
        MixTransformer encoder = new(site.At("encoder"), options);
        SegFormerHead head = new(site.At("head"), dims, width, classes);
        return new SegmentationModel(site, name, ModelFamily.Transformer, classes, encoder, head);
    }

    private static SegmentationModel DeepLabV3ResNet18(Site site, string name, int classes)
    {
        ResNet encoder = new(site.At("encoder"), [2, 2, 2, 2]);
        DeepLabV3Head head = new(site.At("head"), encoder.FeatureChannels[^1], 128, classes, encoder.FeatureStrides[^1]);
        FcnHead auxHead = new(site.At("aux_head"), encoder.FeatureChannels[^2], classes);
        return new SegmentationModel(site, name, ModelFamily.Cnn, classes, encoder, head, auxHead);
    }

    private static SegmentationModel DeepLabV3MobileNetV2(Site site, string name, int classes)
    {
        MobileNetV2 encoder = new(site.At("encoder"));
        DeepLabV3Head head = new(site.At("head"), encoder.FeatureChannels[^1], 128, classes, encoder.FeatureStrides[^1]);
        return new SegmentationModel(site, name, ModelFamily.Cnn, classes, encoder, head);
    }

    private sealed record Entry(ModelFamily Family, Build Build);
}
