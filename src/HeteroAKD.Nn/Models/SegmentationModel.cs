using HeteroAKD.Nn.Encoders;
using HeteroAKD.Nn.Heads;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Models;

/// <summary>What a network mainly computes with; distillation across the two is the point of HeteroAKD.</summary>
public enum ModelFamily
{
    /// <summary>Convolutions.</summary>
    Cnn,

    /// <summary>Self-attention.</summary>
    Transformer,
}

/// <summary>What a segmentation network returns, at its own resolution.</summary>
/// <param name="Logits">[N, classes, h, w] float32, h = H/<see cref="SegmentationModel.OutputStride"/>.</param>
/// <param name="AuxLogits">[N, classes, h', w'] float32 of the auxiliary head while training, else null.</param>
/// <param name="Features">The encoder's maps; <c>Features[^1]</c> has <c>model.FeatureChannels[^1]</c> channels. Of <see cref="Device.ActivationType"/>, as the
/// next.</param>
/// <param name="HeadFeature">[N, <see cref="SegmentationModel.HeadChannels"/>, h, w]: what the classifier sees.</param>
public readonly record struct SegmentationOutput(Tensor Logits, Tensor? AuxLogits, FeatureMaps Features, Tensor HeadFeature);

/// <summary>An encoder, a head and, while training, perhaps an auxiliary head on the last stage but one.</summary>
public sealed class SegmentationModel : Module
{
    private readonly Encoder _encoder;
    private readonly Head _head;
    private readonly FcnHead? _auxHead;

    /// <summary>Puts a network together. The parts should be built at <c>encoder</c>, <c>head</c> and <c>aux_head</c> of the site.</summary>
    public SegmentationModel(in Site site, string name, ModelFamily family, int classes, Encoder encoder, Head head, FcnHead? auxHead = null)
        : base(site)
    {
        Name = name;
        Family = family;
        Classes = classes;
        _encoder = Add(encoder);
        _head = Add(head);
        _auxHead = auxHead is null ? null : Add(auxHead);
    }

    /// <summary>Name in <see cref="ModelZoo"/>.</summary>
    public string Name { get; }

    /// <summary>Its family.</summary>
    public ModelFamily Family { get; }

    /// <summary>Channels of the logits.</summary>
    public int Classes { get; }

    /// <summary>Image pixels per pixel of the logits, along one axis.</summary>
    public int OutputStride => _head.OutputStride;

    /// <summary>Channels of <see cref="SegmentationOutput.HeadFeature"/>.</summary>
    public int HeadChannels => _head.FeatureChannels;

    /// <summary>Channels of every stage, finest first.</summary>
    public IReadOnlyList<int> FeatureChannels => _encoder.FeatureChannels;

    /// <summary>Image pixels per pixel of every stage's map, along one axis.</summary>
    public IReadOnlyList<int> FeatureStrides => _encoder.FeatureStrides;

    /// <summary>What layer norms of the encoder add to the variance; of use to transformers only.</summary>
    public LayerNormEps LayerNormEps
    {
        get => _encoder.LayerNormEps;
        set => _encoder.LayerNormEps = value;
    }

    /// <summary>Segments images [N, 3, H, W] float32. In between activations have <see cref="Device.ActivationType"/>; losses get float32 again.</summary>
    /// <exception cref="ShapeMismatchException">The images have another form.</exception>
    public SegmentationOutput Forward(Tensor images, in Pass pass)
    {
        if (images.Shape.Rank != 4 || images.Shape[1] != Encoder.ImageChannels)
        {
            throw new ShapeMismatchException(Name, "images", $"shape {images.Shape}, expected [N, {Encoder.ImageChannels}, H, W]");
        }

        Tensor input = images.DType == DType.Float32 ? Functional.To(images, images.Device.ActivationType) : images;
        FeatureMaps features = _encoder.Forward(input, pass);
        HeadOutput output = _head.Forward(features, pass);
        Tensor? auxLogits = pass.Training ? AuxLogits(features, pass) : null;
        return new SegmentationOutput(
            Functional.To(output.Logits, DType.Float32), auxLogits is null ? null : Functional.To(auxLogits, DType.Float32), features, output.Feature);
    }

    /// <summary>
    /// The network with the weights that it has now, for evaluation alone: quicker, in less memory and without a gradient. To be disposed of before the
    /// network.
    /// </summary>
    public FrozenNetwork Freeze() => new(this);

    /// <summary>[N, classes, h', w'] of the auxiliary head, whatever the kind of pass; null without one.</summary>
    internal Tensor? AuxLogits(in FeatureMaps features, in Pass pass) => _auxHead?.Forward(features[^2], pass);

    /// <summary>
    /// The stage that a tensor of the network belongs to: <c>encoder.stem</c>, <c>encoder.layer1</c>, <c>head.aspp</c>, <c>head.classifier</c>,
    /// <c>aux_head</c>.
    /// </summary>
    /// <param name="name">Its full name.</param>
    internal string StageOf(string name)
    {
        string[] parts = name.Split('.', 3);
        return parts[0] == _encoder.Path ? $"{parts[0]}.{_encoder.StageOf(name[(parts[0].Length + 1)..])}"
            : parts[0] == _head.Path ? $"{parts[0]}.{parts[1]}"
            : parts[0];
    }
}
