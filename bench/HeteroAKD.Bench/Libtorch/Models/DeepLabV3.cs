using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace HeteroAKD.Bench.Libtorch.Models;

/// <summary>DeepLabV3 on a dilated ResNet-18 (v1s or v1b) or MobileNetV2, output stride 8.</summary>
internal static class DeepLabV3
{
    private const int ResNetStages = 4;
    private const int BlocksPerStage = 2;
    private static readonly int[] s_strides = [1, 2, 1, 1];
    private static readonly int[] s_dilations = [1, 1, 2, 4];
    private static readonly int[] s_rates = [12, 24, 36];

    // Blocks, stride, stride before dilation, dilation; block 0 does not widen.
    private static readonly (int Blocks, int Stride, int Published, int Dilation)[] s_mobileRows =
        [(1, 1, 1, 1), (2, 2, 2, 1), (3, 2, 2, 1), (4, 1, 2, 2), (3, 1, 1, 2), (3, 1, 2, 4), (1, 1, 1, 4)];

    /// <summary>images [N, 3, H, W] → logits and, in training, the auxiliary head's.</summary>
    public static TorchOutput ResNet18(Layers layers, torch.Tensor images)
    {
        torch.Tensor x = layers.ConvBn(images, "encoder.stem.0", stride: 2);
        if (layers.Has("encoder.stem.1"))
        {
            x = layers.ConvBn(layers.ConvBn(x, "encoder.stem.1"), "encoder.stem.2");
        }

        x = F.max_pool2d(x, 3, stride: 2, padding: 1);
        torch.Tensor third = x;
        for (int stage = 0; stage < ResNetStages; stage++)
        {
            third = x;
            for (int block = 0; block < BlocksPerStage; block++)
            {
                int dilation = s_dilations[stage];
                x = layers.BasicBlock(
                    x, $"encoder.layer{stage + 1}.{block}", block == 0 ? s_strides[stage] : 1, block == 0 ? Math.Max(1, dilation / 2) : dilation, dilation);
            }
        }

        return new TorchOutput(Head(layers, x), layers.Training ? Auxiliary(layers, third) : null, x);
    }

    /// <summary>images [N, 3, H, W] → logits.</summary>
    public static TorchOutput MobileNetV2(Layers layers, torch.Tensor images)
    {
        torch.Tensor x = layers.ConvBn(images, "encoder.features.0", stride: 2, then: Then.Relu6);
        int index = 1;
        foreach ((int blocks, int stride, int published, int dilation) in s_mobileRows)
        {
            for (int block = 0; block < blocks; block++, index++)
            {
                bool lostStride = block == 0 && stride != published;
                x = InvertedResidual(
                    layers,
                    x,
                    $"encoder.features.{index}",
                    block == 0 ? stride : 1,
                    lostStride ? dilation / 2 : dilation,
                    widen: index > 1,
                    residual: block > 0);
            }
        }

        return new TorchOutput(Head(layers, x), null, x);
    }

    private static torch.Tensor InvertedResidual(Layers layers, torch.Tensor x, string path, int stride, int dilation, bool widen, bool residual)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor hidden = widen ? layers.ConvBn(x, path + ".expand", then: Then.Relu6) : x;
        hidden = layers.ConvBn(hidden, path + ".depthwise", stride, dilation, groups: (int)hidden.shape[1], then: Then.Relu6);
        return layers.ConvBn(hidden, path + ".project", then: Then.Nothing, residual: residual ? x : null).MoveToOuterDisposeScope();
    }

    private static torch.Tensor Head(Layers layers, torch.Tensor x)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor average = layers.ConvBn(F.adaptive_avg_pool2d(x, 1), "head.aspp.pooled");
        List<torch.Tensor> branches = [layers.ConvBn(x, "head.aspp.point")];
        for (int i = 0; i < s_rates.Length; i++)
        {
            branches.Add(layers.ConvBn(x, $"head.aspp.atrous.{i}", dilation: s_rates[i]));
        }

        branches.Add(Layers.ResizeTo(average, x, alignCorners: true));
        torch.Tensor pyramid = layers.Dropout(layers.ConvBn(torch.cat(branches, 1), "head.aspp.project"), 0.5);
        return layers.Conv(layers.Dropout(layers.ConvBn(pyramid, "head.conv"), 0.1), "head.classifier").MoveToOuterDisposeScope();
    }

    private static torch.Tensor Auxiliary(Layers layers, torch.Tensor x) =>
        layers.Conv(layers.Dropout(layers.ConvBn(x, "aux_head.conv"), 0.1), "aux_head.classifier");
}
