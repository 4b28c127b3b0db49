using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Layers;

/// <summary>Max pooling, as <c>torch.nn.MaxPool2d</c>. [N, C, H, W] → [N, C, H', W'].</summary>
/// <param name="site">Where it is built.</param>
/// <param name="kernelSize">Size of the window.</param>
/// <param name="stride">Step of the window; 0 takes the kernel size.</param>
/// <param name="padding">Minus infinity on each side.</param>
public sealed class MaxPool2d(in Site site, int kernelSize, int stride = 0, int padding = 0) : Layer(site)
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, in Pass pass) => Functional.MaxPool2d(input, kernelSize, stride == 0 ? kernelSize : stride, padding);
}

/// <summary>Average pooling into a number of bins, as <c>torch.nn.AdaptiveAvgPool2d</c>. [N, C, H, W] → [N, C, height, width].</summary>
/// <param name="site">Where it is built.</param>
/// <param name="height">Bins down.</param>
/// <param name="width">Bins across.</param>
public sealed class AdaptiveAvgPool2d(in Site site, int height, int width) : Layer(site)
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, in Pass pass) => Functional.AdaptiveAvgPool2d(input, height, width);
}

/// <summary>Bilinear enlargement by a factor, as <c>torch.nn.Upsample(mode="bilinear")</c>. [N, C, H, W] → [N, C, H·factor, W·factor].</summary>
/// <param name="site">Where it is built.</param>
/// <param name="scaleFactor">The factor.</param>
/// <param name="alignCorners">Whether corner pixels keep their centres.</param>
public sealed class Upsample(in Site site, int scaleFactor, bool alignCorners = false) : Layer(site)
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, in Pass pass) =>
        Functional.Interpolate(input, input.Shape[2] * scaleFactor, input.Shape[3] * scaleFactor, alignCorners);
}
