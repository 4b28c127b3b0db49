using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace HeteroAKD.Bench.Libtorch.Models;

/// <summary>SegFormer's encoder and both of its heads here, as the published code composes them.</summary>
/// <param name="layers">Layers.</param>
/// <param name="depths">Blocks of each stage.</param>
/// <param name="heads">Attention heads of each stage.</param>
/// <param name="srRatios">Spatial reduction of each stage.</param>
/// <param name="dropPath">Drop-path probability of the last block.</param>
internal sealed class MixTransformer(Layers layers, int[] depths, int[] heads, int[] srRatios, double dropPath)
{
    private const double NormEps = 1e-6;
    private const double HeadDropout = 0.1;

    /// <summary>images [N, 3, H, W] → logits at stride 8, by the head of the tiny networks.</summary>
    public TorchOutput TinyForward(torch.Tensor images)
    {
        List<torch.Tensor> features = Encode(images);
        torch.Tensor middle = layers.Conv(features[1], "head.linear.1");
        torch.Tensor fine = F.avg_pool2d(layers.Conv(features[0], "head.linear.0"), 2);
        torch.Tensor deep = layers.Conv(features[2], "head.linear.2");
        torch.Tensor all = torch.cat([Layers.ResizeTo(fine, middle), middle, Layers.ResizeTo(deep, middle)], 1);
        return new TorchOutput(layers.Conv(layers.ConvBn(all, "head.fuse"), "head.classifier"), null, features[^1]);
    }

    /// <summary>images [N, 3, H, W] → logits at stride 4, by SegFormer's head.</summary>
    public TorchOutput SegFormerForward(torch.Tensor images)
    {
        List<torch.Tensor> features = Encode(images);
        torch.Tensor finest = layers.Conv(features[0], "head.linear.0");
        torch.Tensor all = torch.cat([Enlarged(features, 3, finest), Enlarged(features, 2, finest), Enlarged(features, 1, finest), finest], 1);
        return new TorchOutput(layers.Conv(layers.Dropout2d(layers.ConvBn(all, "head.fuse"), HeadDropout), "head.classifier"), null, features[^1]);
    }

    private torch.Tensor Enlarged(List<torch.Tensor> features, int stage, torch.Tensor finest) =>
        Layers.ResizeTo(layers.Conv(features[stage], $"head.linear.{stage}"), finest);

    private List<torch.Tensor> Encode(torch.Tensor images)
    {
        List<torch.Tensor> features = [];
        torch.Tensor x = images;
        int blocks = depths.Sum();
        int first = 0;
        for (int stage = 0; stage < depths.Length; stage++)
        {
            string path = $"encoder.stages.{stage}";
            (int kernel, int stride) = stage == 0 ? (7, 4) : (3, 2);
            torch.Tensor map = layers.Conv(x, $"{path}.patch_embed.proj", stride, kernel / 2);
            (long height, long width) = (map.shape[2], map.shape[3]);
            torch.Tensor tokens = layers.LayerNorm(ToTokens(map), $"{path}.patch_embed.norm", NormEps);
            for (int block = 0; block < depths[stage]; block++)
            {
                double drop = blocks > 1 ? dropPath * (first + block) / (blocks - 1) : 0;
                tokens = Block(tokens, $"{path}.blocks.{block}", stage, height, width, drop);
            }

            first += depths[stage];
            x = ToMap(layers.LayerNorm(tokens, $"{path}.norm", NormEps), height, width).contiguous();
            features.Add(x);
        }

        return features;
    }

    private torch.Tensor Block(torch.Tensor tokens, string path, int stage, long height, long width, double drop)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor attended = Attention(layers.LayerNorm(tokens, $"{path}.norm1", NormEps), $"{path}.attn", stage, height, width);
        tokens = tokens + layers.DropPath(attended, drop);
        torch.Tensor hidden = layers.Linear(layers.LayerNorm(tokens, $"{path}.norm2", NormEps), $"{path}.mlp.fc1");
        int channels = (int)hidden.shape[2];
        torch.Tensor mixed = layers.Conv(ToMap(hidden, height, width), $"{path}.mlp.dwconv", padding: 1, groups: channels);
        return (tokens + layers.DropPath(layers.Linear(F.gelu(ToTokens(mixed)), $"{path}.mlp.fc2"), drop)).MoveToOuterDisposeScope();
    }

    private torch.Tensor Attention(torch.Tensor tokens, string path, int stage, long height, long width)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor source = tokens;
        int ratio = srRatios[stage];
        if (ratio > 1)
        {
            torch.Tensor reduced = layers.Conv(ToMap(tokens, height, width), $"{path}.sr", ratio);
            source = layers.LayerNorm(ToTokens(reduced), $"{path}.norm", NormEps);
        }

        torch.Tensor attended = AttentionOps.ScaledDotProduct(layers.Linear(tokens, $"{path}.q"), layers.Linear(source, $"{path}.kv"), heads[stage]);
        return layers.Linear(attended, $"{path}.proj").MoveToOuterDisposeScope();
    }

    private static torch.Tensor ToTokens(torch.Tensor map) => map.flatten(2).transpose(1, 2);

    private static torch.Tensor ToMap(torch.Tensor tokens, long height, long width) =>
        tokens.transpose(1, 2).reshape(tokens.shape[0], tokens.shape[2], height, width);
}
