using TorchSharp;

namespace HeteroAKD.Bench.Libtorch.Models;

/// <summary>What a network gives a loss.</summary>
/// <param name="Logits">[N, classes, h, w].</param>
/// <param name="Auxiliary">The auxiliary head's logits, in training and where there is one.</param>
/// <param name="LastStage">The encoder's deepest map, which projectors read.</param>
internal readonly record struct TorchOutput(torch.Tensor Logits, torch.Tensor? Auxiliary, torch.Tensor LastStage);

/// <summary>The forward passes of networks of the zoo, composed from libtorch's functions.</summary>
internal static class TorchNetworks
{
    private static readonly Dictionary<string, Func<Layers, torch.Tensor, TorchOutput>> s_networks = new()
    {
        ["tiny-cnn-student"] = (layers, images) => TinyCnn.Forward(layers, images, depth: 1),
        ["tiny-cnn-teacher"] = (layers, images) => TinyCnn.Forward(layers, images, depth: 2),
        ["tiny-mit-student"] = (layers, images) => new MixTransformer(layers, [1, 1, 1], [1, 2, 3], [4, 2, 1], 0).TinyForward(images),
        ["tiny-mit-teacher"] = (layers, images) => new MixTransformer(layers, [2, 2, 3], [1, 2, 4], [4, 2, 1], 0).TinyForward(images),
        ["segformer-b0"] = (layers, images) => new MixTransformer(layers, [2, 2, 2, 2], [1, 2, 5, 8], [8, 4, 2, 1], 0.1).SegFormerForward(images),
        ["segformer-b1"] = (layers, images) => new MixTransformer(layers, [2, 2, 2, 2], [1, 2, 5, 8], [8, 4, 2, 1], 0.1).SegFormerForward(images),
        ["deeplabv3-mobilenetv2"] = DeepLabV3.MobileNetV2,
        ["deeplabv3-resnet18"] = DeepLabV3.ResNet18,
        ["deeplabv3-resnet18b"] = DeepLabV3.ResNet18,
    };

    /// <summary>The forward pass of a network of the zoo.</summary>
    public static Func<Layers, torch.Tensor, TorchOutput> Of(string model) => s_networks[model];
}
