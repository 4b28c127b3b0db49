using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace HeteroAKD.Bench.Libtorch.Models;

/// <summary>The tiny CNNs: strided stem, three stages of basic blocks, pyramid head.</summary>
internal static class TinyCnn
{
    private const int Stages = 3;

    /// <summary>images [N, 3, H, W] → logits [N, classes, H/8, W/8].</summary>
    public static TorchOutput Forward(Layers layers, torch.Tensor images, int depth)
    {
        torch.Tensor x = layers.ConvBn(images, "encoder.stem", stride: 2);
        for (int stage = 0; stage < Stages; stage++)
        {
            bool dilated = stage == Stages - 1;
            for (int block = 0; block < depth; block++)
            {
                x = layers.BasicBlock(x, $"encoder.stages.{stage}.blocks.{block}", block == 0 && !dilated ? 2 : 1, dilated ? 2 : 1);
            }
        }

        torch.Tensor all = torch.cat([x, Pooled(layers, x, 0, 1), Pooled(layers, x, 1, 2), Pooled(layers, x, 2, 4)], 1);
        return new TorchOutput(layers.Conv(layers.ConvBn(all, "head.conv"), "head.classifier"), null, x);
    }

    private static torch.Tensor Pooled(Layers layers, torch.Tensor x, int level, int bins) =>
        Layers.ResizeTo(layers.ConvBn(F.adaptive_avg_pool2d(x, [bins, bins]), $"head.reduce.{level}"), x);
}
