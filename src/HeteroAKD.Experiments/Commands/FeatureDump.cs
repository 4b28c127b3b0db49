using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Weights.Formats;

namespace HeteroAKD.Experiments.Commands;

/// <summary>Writes what a network makes of an image, stage by stage, so that imported weights can be held against the program they are from.</summary>
internal static class FeatureDump
{
    /// <summary>
    /// Writes a safetensors file with <c>image</c> [1, 3, H, W] as the network sees it, <c>stages.N</c> [1, C, H/s, W/s] from 0, and <c>logits</c>
    /// [1, classes, h, w].
    /// </summary>
    public static void Write(string path, FrozenNetwork network, Batch batch)
    {
        List<HostTensor> tensors = [];
        using (new NoGrad())
        using (network.Device.BeginStep())
        {
            Tensor image = Tensor.From(network.Device, new Shape(1, 3, batch.Height, batch.Width), batch.Images.AsSpan(0, 3 * batch.Height * batch.Width));
            SegmentationOutput output = network.Forward(image);
            tensors.Add(HostTensor.Of("image", image));
            for (int s = 0; s < output.Features.Count; s++)
            {
                tensors.Add(HostTensor.Of($"stages.{s}", output.Features[s]));
            }

            tensors.Add(HostTensor.Of("logits", output.Logits));
        }

        AtomicFile.Write(path, stream => SafeTensors.Write(stream, tensors));
    }
}
