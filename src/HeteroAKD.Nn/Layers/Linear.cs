using HeteroAKD.Nn.Initialization;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Layers;

/// <summary>input · weightᵀ + bias over the last dimension. [..., I] → [..., O].</summary>
public sealed class Linear : Layer
{
    private readonly Tensor _weight; // [O, I]
    private readonly Tensor? _bias; // [O]

    /// <summary>Options and defaults as <c>torch.nn.Linear</c>.</summary>
    /// <param name="site">Where it is built.</param>
    /// <param name="inFeatures">I.</param>
    /// <param name="outFeatures">O.</param>
    /// <param name="bias">Whether a bias is added.</param>
    /// <param name="initializer">Initial weight, with a bias of zero; null takes PyTorch's default for both.</param>
    public Linear(in Site site, int inFeatures, int outFeatures, bool bias = true, Initializer? initializer = null)
        : base(site)
    {
        _weight = AddParameter("weight", new Shape(outFeatures, inFeatures), initializer ?? Init.KaimingUniform());
        _bias = bias ? AddParameter("bias", new Shape(outFeatures), initializer is null ? Init.BiasUniform(inFeatures) : Init.Constant(0)) : null;
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, in Pass pass) => Functional.Linear(input, _weight, _bias);
}
