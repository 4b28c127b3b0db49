using HeteroAKD.Nn.Initialization;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Layers;

/// <summary>Layer normalisation over the last dimension, as <c>torch.nn.LayerNorm</c>. [..., C] → [..., C].</summary>
public sealed class LayerNorm : Layer
{
    private readonly Tensor _weight; // [C]
    private readonly Tensor _bias; // [C]
    private readonly float _eps;

    /// <summary>Options and defaults as <c>torch.nn.LayerNorm</c>.</summary>
    /// <param name="site">Where it is built.</param>
    /// <param name="normalizedShape">C.</param>
    /// <param name="eps">Added to the variance.</param>
    public LayerNorm(in Site site, int normalizedShape, float eps = 1e-5f)
        : base(site)
    {
        _eps = eps;
        _weight = AddParameter("weight", new Shape(normalizedShape), Init.Constant(1));
        _bias = AddParameter("bias", new Shape(normalizedShape), Init.Constant(0));
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, in Pass pass) => Functional.LayerNorm(input, _weight, _bias, _eps);
}
