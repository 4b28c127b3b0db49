using HeteroAKD.Nn.Initialization;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Layers;

/// <summary>
/// Batch normalisation of [N, C, H, W] as <c>torch.nn.BatchNorm2d</c>, with what usually follows it done in the same pass over memory:
/// an added residual and a ReLU.
/// </summary>
public sealed class BatchNorm2d : Layer
{
    private readonly Tensor _weight; // [C]
    private readonly Tensor _bias; // [C]
    private readonly Tensor _runningMean; // [C]
    private readonly Tensor _runningVar; // [C], unbiased
    private readonly float _momentum;
    private readonly float _eps;
    private readonly bool _relu;

    /// <summary>Options and defaults as <c>torch.nn.BatchNorm2d</c>.</summary>
    /// <param name="site">Where it is built.</param>
    /// <param name="numFeatures">C.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <param name="momentum">Share of the batch in the running statistics.</param>
    /// <param name="relu">Whether max(·, 0) follows.</param>
    public BatchNorm2d(in Site site, int numFeatures, float eps = 1e-5f, float momentum = 0.1f, bool relu = false)
        : base(site)
    {
        _eps = eps;
        _momentum = momentum;
        _relu = relu;
        Shape shape = new(numFeatures);
        _weight = AddParameter("weight", shape, Init.Constant(1));
        _bias = AddParameter("bias", shape, Init.Constant(0));
        _runningMean = AddBuffer("running_mean", shape, 0);
        _runningVar = AddBuffer("running_var", shape, 1);
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, in Pass pass) => Forward(input, null, pass);

    /// <summary>relu?(bn(input) + residual).</summary>
    /// <param name="input">[N, C, H, W].</param>
    /// <param name="residual">[N, C, H, W], or null.</param>
    /// <param name="pass">Training: statistics of the batch, and the running ones move towards them.</param>
    public Tensor Forward(Tensor input, Tensor? residual, in Pass pass) =>
        Functional.BatchNorm(input, _weight, _bias, _runningMean, _runningVar, residual, pass.Training, _momentum, _eps, _relu);
}
