using HeteroAKD.Nn.Initialization;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Layers;

/// <summary>Layer normalisation over the last dimension, as <c>torch.nn.LayerNorm</c>. [..., C] → [..., C].</summary>
public sealed class LayerNorm : Layer
{
    private readonly Tensor _weight; // [C]
    private readonly Tensor _bias; // [C]

    /// <summary>Options and defaults as <c>torch.nn.LayerNorm</c>.</summary>
    /// <param name="site">Where it is built.</param>
    /// <param name="normalizedShape">C.</param>
    /// <param name="eps">Added to the variance.</param>
    public LayerNorm(in Site site, int normalizedShape, float eps = 1e-5f)
        : base(site)
    {
        Eps = eps;
        _weight = AddParameter("weight", new Shape(normalizedShape), Init.Constant(1));
        _bias = AddParameter("bias", new Shape(normalizedShape), Init.Constant(0));
    }

    /// <summary>Added to the variance.</summary>
    public float Eps { get; set; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, in Pass pass) => Functional.LayerNorm(input, _weight, _bias, Eps);
}
