using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace HeteroAKD.Bench.Libtorch.Models;

/// <summary>What follows a normalisation.</summary>
internal enum Then
{
    /// <summary>Nothing.</summary>
    Nothing,

    /// <summary>ReLU.</summary>
    Relu,

    /// <summary>ReLU6.</summary>
    Relu6,
}

/// <summary>
/// Layers of libtorch on the parameters of a network of ours; a layer is named by its path there. A block has a scope of its own, so that maps which nobody
/// reads any more are freed within the pass, as Python frees them.
/// </summary>
/// <param name="parameters">The parameters.</param>
/// <param name="training">Batch statistics, dropout and drop-path.</param>
internal sealed class Layers(Parameters parameters, bool training)
{
    /// <summary>Whether this is a training pass.</summary>
    public bool Training => training;

    /// <summary>Whether the network has a convolution there.</summary>
    public bool Has(string path) => parameters.Optional(path + ".conv.weight") is not null;

    /// <summary>Convolution, with bias where there is one.</summary>
    public torch.Tensor Conv(torch.Tensor x, string path, int stride = 1, int padding = 0, int dilation = 1, int groups = 1) => F.conv2d(
        x, parameters[path + ".weight"], parameters.Optional(path + ".bias"), strides: [stride, stride], padding: [padding, padding],
        dilation: [dilation, dilation], groups: groups);

    /// <summary>
    /// Convolution that keeps the size (at stride 1), batch norm, perhaps a residual, activation; in place where libtorch's own networks do so.
    /// </summary>
    public torch.Tensor ConvBn(
        torch.Tensor x, string path, int stride = 1, int dilation = 1, int groups = 1, Then then = Then.Relu, torch.Tensor? residual = null)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        int kernel = (int)parameters[path + ".conv.weight"].shape[2];
        torch.Tensor y = BatchNorm(Conv(x, path + ".conv", stride, dilation * (kernel / 2), dilation, groups), path + ".bn");
        y = residual is null ? y : y.add_(residual);
        y = then switch { Then.Relu => y.relu_(), Then.Relu6 => F.relu6(y, inplace: true), _ => y };
        return y.MoveToOuterDisposeScope();
    }

    /// <summary>Batch norm.</summary>
    public torch.Tensor BatchNorm(torch.Tensor x, string path) => F.batch_norm(
        x, parameters[path + ".running_mean"], parameters[path + ".running_var"], parameters[path + ".weight"], parameters[path + ".bias"], training);

    /// <summary>Layer norm over the last dimension.</summary>
    public torch.Tensor LayerNorm(torch.Tensor x, string path, double eps)
    {
        torch.Tensor weight = parameters[path + ".weight"];
        return F.layer_norm(x, weight.shape, weight, parameters[path + ".bias"], eps);
    }

    /// <summary>Linear layer.</summary>
    public torch.Tensor Linear(torch.Tensor x, string path) => F.linear(x, parameters[path + ".weight"], parameters.Optional(path + ".bias"));

    /// <summary>Dropout of single elements.</summary>
    public torch.Tensor Dropout(torch.Tensor x, double p) => F.dropout(x, p, training);

    /// <summary>Dropout of channels.</summary>
    public torch.Tensor Dropout2d(torch.Tensor x, double p) => F.dropout2d(x, p, training);

    /// <summary>Stochastic depth, as timm writes it.</summary>
    public torch.Tensor DropPath(torch.Tensor x, double p)
    {
        if (!training || p == 0)
        {
            return x;
        }

        torch.Tensor mask = torch.empty([x.shape[0], 1, 1], x.dtype).bernoulli_(1 - p);
        return x * mask.div_(1 - p);
    }

    /// <summary>Two 3x3 convolutions with a shortcut.</summary>
    public torch.Tensor BasicBlock(torch.Tensor x, string path, int stride = 1, int dilation1 = 1, int dilation2 = 1)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        bool same = parameters.Optional(path + ".downsample.conv.weight") is null;
        torch.Tensor shortcut = same ? x : ConvBn(x, path + ".downsample", stride, then: Then.Nothing);
        return ConvBn(ConvBn(x, path + ".conv1", stride, dilation1), path + ".conv2", dilation: dilation2, residual: shortcut).MoveToOuterDisposeScope();
    }

    /// <summary>Bilinear resize to the size of another map; the map itself where it has that size.</summary>
    public static torch.Tensor ResizeTo(torch.Tensor x, torch.Tensor target, bool alignCorners = false)
    {
        long height = target.shape[2];
        long width = target.shape[3];
        return x.shape[2] == height && x.shape[3] == width
            ? x
            : F.interpolate(x, size: [height, width], mode: torch.InterpolationMode.Bilinear, align_corners: alignCorners);
    }
}
