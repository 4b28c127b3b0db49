using HeteroAKD.Nn.Encoders;
using HeteroAKD.Nn.Heads;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Models;

/// <summary>
/// Stands for a network that is elsewhere: a graph in another engine, files of logits that another program wrote. It has a name, classes and the channels of
/// its maps, no weights, and cannot be run.
/// </summary>
internal static class NetworkStandIn
{
    /// <summary>The stand-in. The caller disposes of it.</summary>
    /// <param name="device">The device of those that learn from it.</param>
    /// <param name="name">What it stands for.</param>
    /// <param name="classes">Channels of its logits.</param>
    /// <param name="featureChannels">Channels of its feature maps, finest first; empty where it gives none.</param>
    /// <param name="headChannels">Channels of the classifier's input; 0 where it gives none.</param>
    public static SegmentationModel Create(Device device, string name, int classes, IReadOnlyList<int> featureChannels, int headChannels)
    {
        Site site = new(device, null);

        // At least one map, since other code reads the channels of the last one: without feature maps, a map with as many channels as the logits.
        IReadOnlyList<int> channels = featureChannels.Count > 0 ? featureChannels : [classes];
        NoHead head = new(site.At("head"), headChannels > 0 ? headChannels : classes);
        return new SegmentationModel(site, name, ModelFamily.Cnn, classes, new NoEncoder(site.At("encoder"), channels), head);
    }

    private static InvalidOperationException Elsewhere() => new("this network is elsewhere: its outputs come with each batch");

    private sealed class NoEncoder(in Site site, IReadOnlyList<int> channels) : Encoder(site)
    {
        public override IReadOnlyList<int> FeatureChannels { get; } = channels;

        public override IReadOnlyList<int> FeatureStrides { get; } = [.. channels.Select(_ => 1)];

        public override FeatureMaps Forward(Tensor images, in Pass pass) => throw Elsewhere();
    }

    private sealed class NoHead(in Site site, int channels) : Head(site)
    {
        public override int OutputStride => 1;

        public override int FeatureChannels { get; } = channels;

        public override HeadOutput Forward(in FeatureMaps features, in Pass pass) => throw Elsewhere();
    }
}
