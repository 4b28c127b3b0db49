using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Layers;

/// <summary>
/// A layer that zeroes a random part of its input while training and scales the rest by 1/(1-p). Its mask depends on the pass's key and its
/// own name, so adding a layer elsewhere changes no other layer's masks.
/// </summary>
public abstract class RandomMask : Layer
{
    private readonly int _layerId;

    private protected RandomMask(in Site site, float p)
        : base(site)
    {
        if (p is not (>= 0 and < 1))
        {
            throw new HeteroAkdException($"{GetType().Name} '{site.Path}': probability {p} is not in [0, 1).");
        }

        P = p;
        _layerId = site.Id;
    }

    /// <summary>Probability of zeroing.</summary>
    public float P { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, in Pass pass)
    {
        if (!pass.Training || P == 0)
        {
            return input;
        }

        (int key, Tensor? counter) = pass.StreamOf(_layerId);
        return Mask(input, key, counter);
    }

    private protected abstract Tensor Mask(Tensor input, int key, Tensor? counter);
}

/// <summary>Zeroes single elements, as <c>torch.nn.Dropout</c>. Any shape.</summary>
public sealed class Dropout(in Site site, float p = 0.5f) : RandomMask(site, p)
{
    private protected override Tensor Mask(Tensor input, int key, Tensor? counter) => Functional.Dropout(input, P, key, counter);
}

/// <summary>Zeroes whole channels of a sample, as <c>torch.nn.Dropout2d</c>. [N, C, H, W].</summary>
public sealed class Dropout2d(in Site site, float p = 0.5f) : RandomMask(site, p)
{
    private protected override Tensor Mask(Tensor input, int key, Tensor? counter)
    {
        // A channel of a sample is a sample of its own to drop-path; the reshapes move nothing.
        Shape shape = input.Shape;
        Tensor channels = Functional.Reshape(input, new Shape(shape[0] * shape[1], shape.CountFrom(2)));
        return Functional.Reshape(Functional.DropPath(channels, P, key, counter), shape);
    }
}

/// <summary>Zeroes whole samples: stochastic depth on a residual branch, as timm's <c>DropPath</c>. [N, ...].</summary>
public sealed class DropPath(in Site site, float p) : RandomMask(site, p)
{
    private protected override Tensor Mask(Tensor input, int key, Tensor? counter) => Functional.DropPath(input, P, key, counter);
}
