using HeteroAKD.Nn.Initialization;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Layers;

/// <summary>Group normalisation, as <c>torch.nn.GroupNorm</c>: it needs no statistics of a mini-batch. [N, C, ...] → [N, C, ...].</summary>
public sealed class GroupNorm : Layer
{
    private readonly Tensor _weight; // [C]
    private readonly Tensor _bias; // [C]
    private readonly int _numGroups;
    private readonly float _eps;

    /// <summary>Options and defaults as <c>torch.nn.GroupNorm</c>.</summary>
    /// <param name="site">Where it is built.</param>
    /// <param name="numGroups">Groups of channels that are normalised together.</param>
    /// <param name="numChannels">C.</param>
    /// <param name="eps">Added to the variance.</param>
    public GroupNorm(in Site site, int numGroups, int numChannels, float eps = 1e-5f)
        : base(site)
    {
        if (numGroups < 1 || numChannels % numGroups != 0)
        {
            throw new ShapeMismatchException("GroupNorm", site.Path, $"{numChannels} channels do not divide into {numGroups} groups");
        }

        (_numGroups, _eps) = (numGroups, eps);
        _weight = AddParameter("weight", new Shape(numChannels), Init.Constant(1));
        _bias = AddParameter("bias", new Shape(numChannels), Init.Constant(0));
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, in Pass pass) => Functional.GroupNorm(input, _numGroups, _weight, _bias, _eps);
}
