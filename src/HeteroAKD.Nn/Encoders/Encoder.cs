using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Encoders;

/// <summary>The part of a network that turns images into feature maps, in stages.</summary>
public abstract class Encoder(in Site site) : Module(site)
{
    /// <summary>Channels of an image.</summary>
    public const int ImageChannels = 3;

    /// <summary>Channels of every stage's map.</summary>
    public abstract IReadOnlyList<int> FeatureChannels { get; }

    /// <summary>Image pixels per pixel of every stage's map, along one axis.</summary>
    public abstract IReadOnlyList<int> FeatureStrides { get; }

    /// <summary>What layer norms add to the variance; encoders without layer norms keep the value and have no use for it.</summary>
    public virtual LayerNormEps LayerNormEps { get; set; } = LayerNormEps.Default;

    /// <summary>images [N, 3, H, W] → one map a stage.</summary>
    public abstract FeatureMaps Forward(Tensor images, in Pass pass);

    /// <summary>One layer after another; only the last one's result stays.</summary>
    private protected Tensor Sequence(ReadOnlySpan<Layer> layers, Tensor input, in Pass pass)
    {
        using InnerScope scope = new(Device, pass);
        Tensor x = input;
        foreach (Layer layer in layers)
        {
            x = scope.Next(input, x, layer.Forward(x, pass));
        }

        return scope.Result(x);
    }

    /// <summary>The stage of a tensor of the encoder by its name there: <c>stages.1</c> for <c>stages.1.blocks.0.norm1.weight</c>.</summary>
    /// <param name="name">Name below the encoder.</param>
    internal virtual string StageOf(string name)
    {
        string[] parts = name.Split('.');
        return parts[0] == "stages" ? $"{parts[0]}.{parts[1]}" : parts[0];
    }
}
