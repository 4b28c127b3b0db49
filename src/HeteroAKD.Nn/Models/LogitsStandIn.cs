using HeteroAKD.Nn.Encoders;
using HeteroAKD.Nn.Heads;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Models;

/// <summary>Stands for a network that is elsewhere and gives nothing but logits: a graph in another engine, files that another program wrote. It has a name and classes, no weights, and cannot be run.</summary>
public static class LogitsStandIn
{
    /// <summary>The stand-in. The caller disposes of it.</summary>
    /// <param name="device">The device of those that learn from it.</param>
    /// <param name="name">What it stands for.</param>
    /// <param name="classes">Channels of its logits.</param>
    public static SegmentationModel Create(Device device, string name, int classes)
    {
        Site site = new(device, null);
        return new SegmentationModel(site, name, ModelFamily.Cnn, classes, new NoEncoder(site.At("encoder"), classes), new NoHead(site.At("head"), classes));
    }

    private static InvalidOperationException Elsewhere() => new("this network is elsewhere: its logits come with each batch");

    // One map as wide as the logits, so that whoever counts channels finds some.
    private sealed class NoEncoder(in Site site, int classes) : Encoder(site)
    {
        public override IReadOnlyList<int> FeatureChannels { get; } = [classes];

        public override IReadOnlyList<int> FeatureStrides { get; } = [1];

        public override FeatureMaps Forward(Tensor images, in Pass pass) => throw Elsewhere();
    }

    private sealed class NoHead(in Site site, int classes) : Head(site)
    {
        public override int OutputStride => 1;

        public override int FeatureChannels { get; } = classes;

        public override HeadOutput Forward(in FeatureMaps features, in Pass pass) => throw Elsewhere();
    }
}
