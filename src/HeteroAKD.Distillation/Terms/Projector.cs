using HeteroAKD.Nn;
using HeteroAKD.Nn.Layers;
using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation.Terms;

/// <summary>
/// G_proj of the paper (Eq. 2-4): 1x1 convolution without bias, batch norm, and with the <c>paper</c> preset a ReLU. Takes last-stage features [N, d, h, w] of
/// one network to float32 logits [N, classes, h, w]. It is trained with the student and dropped afterwards.
/// </summary>
public sealed class Projector : Layer
{
    private readonly Conv2d _conv;
    private readonly BatchNorm2d _bn;

    /// <summary>Builds a projector; convolution with PyTorch's default initialisation, batch norm with weight 1 and bias 0.</summary>
    /// <param name="site">Where it is built.</param>
    /// <param name="channels">d.</param>
    /// <param name="classes">Classes.</param>
    /// <param name="relu">Whether a ReLU follows. It keeps logits from going below 0, so a negative can never be called reliable (spec 1.2).</param>
    public Projector(in Site site, int channels, int classes, bool relu)
        : base(site)
    {
        _conv = Add(new Conv2d(site.At("conv"), channels, classes, kernelSize: 1, bias: false));
        _bn = Add(new BatchNorm2d(site.At("bn"), classes, relu: relu));
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, in Pass pass) => Functional.To(_bn.Forward(_conv.Forward(input, pass), pass), DType.Float32);

    /// <summary>Its parameters and running statistics on the host.</summary>
    internal Projection Values()
    {
        float[][] state = [.. State().Select(e => e.Tensor.ToFloats())];
        return new Projection(state[0], state[1], state[2], state[3], state[4]);
    }

    /// <summary>Sets them.</summary>
    internal void Set(Projection values)
    {
        float[][] state = [values.Directions, values.Weight, values.Bias, values.Mean, values.Variance];
        foreach ((StateEntry entry, float[] value) in State().Zip(state))
        {
            entry.Tensor.CopyFrom(value);
        }
    }
}

/// <summary>
/// What a projector holds, in the order of its state: the convolution's weight [C, d], the batch norm's weight, bias, running mean and running variance [C].
/// </summary>
internal sealed record Projection(float[] Directions, float[] Weight, float[] Bias, float[] Mean, float[] Variance);
