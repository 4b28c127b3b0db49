using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Heads;

/// <summary>What a head returns.</summary>
/// <param name="Logits">[N, classes, h, w].</param>
/// <param name="Feature">[N, channels, h, w]: the classifier's input.</param>
public readonly record struct HeadOutput(Tensor Logits, Tensor Feature);

/// <summary>The part of a network that turns an encoder's maps into logits.</summary>
public abstract class Head(in Site site) : Module(site)
{
    /// <summary>Image pixels per pixel of the logits, along one axis.</summary>
    public abstract int OutputStride { get; }

    /// <summary>Channels of <see cref="HeadOutput.Feature"/>.</summary>
    public abstract int FeatureChannels { get; }

    /// <summary>One map a stage → logits.</summary>
    public abstract HeadOutput Forward(in FeatureMaps features, in Pass pass);
}
