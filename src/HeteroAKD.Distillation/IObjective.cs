using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation;

/// <summary>What a training step minimises for one network.</summary>
public interface IObjective : IDisposable
{
    /// <summary>Names of the terms, in the order of every result.</summary>
    IReadOnlyList<string> TermNames { get; }

    /// <summary>Those of the terms that a chart of losses shows.</summary>
    IReadOnlyList<string> CurveNames => [];

    /// <summary>Modules that are trained beside the network and dropped afterwards (projectors), or null.</summary>
    Module? Auxiliary { get; }

    /// <summary>Those parts of <see cref="Auxiliary"/> that are trained against the network, each by an Adam of its own.</summary>
    IReadOnlyList<Opponent> Opponents => [];

    /// <summary>
    /// Computes the loss of a batch. It may depend on its arguments only: a step is recorded and then replayed without coming here again, unless two steps
    /// in a row launched different work.
    /// </summary>
    /// <param name="student">The network being trained.</param>
    /// <param name="images">[N, 3, H, W].</param>
    /// <param name="labels">[N, H, W] int32.</param>
    /// <param name="pass">A training pass.</param>
    ObjectiveResult Loss(SegmentationModel student, Tensor images, Tensor labels, in Pass pass);

    /// <summary>Called before every step, outside what is recorded: what changes from step to step goes into device memory here.</summary>
    /// <param name="step">The step to come, counted from 0.</param>
    /// <param name="steps">All steps of the training.</param>
    void BeginStep(int step, int steps)
    {
    }

    /// <summary>Called before every pass over a batch, outside what is recorded.</summary>
    /// <param name="batch">The batch on the host.</param>
    /// <param name="images">[N, 3, H, W], the batch's images on the device.</param>
    void BeginBatch(Batch batch, Tensor images)
    {
    }

    /// <summary>What is trained before the network's first step, or null.</summary>
    WarmUp? WarmUp => null;
}

/// <summary>
/// A module that is trained against the network, such as a discriminator. The run's optimiser, schedule and gradient clipping leave it alone.
/// </summary>
/// <param name="Module">A part of <see cref="IObjective.Auxiliary"/>.</param>
/// <param name="Rule">How it is updated.</param>
public sealed record Opponent(Module Module, AdamRule Rule);

/// <summary>Adam at a constant learning rate without weight decay.</summary>
/// <param name="Lr">Learning rate.</param>
/// <param name="Beta1">Decay of the mean of g.</param>
/// <param name="Beta2">Decay of the mean of g².</param>
/// <param name="Eps">Guard in the denominator.</param>
public sealed record AdamRule(double Lr, double Beta1, double Beta2, double Eps);

/// <summary>A part of the auxiliary modules that gets its first values, or is trained alone, before the network's first step.</summary>
/// <param name="Steps">Steps of training; may be 0 with a fit.</param>
/// <param name="Module">What is fitted and trained.</param>
/// <param name="Loss">Loss [1] of images [N, 3, H, W] and labels [N, H, W] int32; may depend on its arguments only.</param>
/// <param name="Fit">First values in closed form; null leaves those that the module was built with.</param>
public sealed record WarmUp(int Steps, Module Module, Func<Tensor, Tensor, Pass, Tensor> Loss, IClosedFormFit? Fit = null);

/// <summary>Values of a module in closed form, from a few batches.</summary>
public interface IClosedFormFit
{
    /// <summary>How many batches it takes.</summary>
    int Batches { get; }

    /// <summary>Counts a batch in.</summary>
    /// <param name="images">[N, 3, H, W].</param>
    /// <param name="batch">The same batch on the host.</param>
    void Add(Tensor images, Batch batch);

    /// <summary>Sets the module's values.</summary>
    void Finish();
}
