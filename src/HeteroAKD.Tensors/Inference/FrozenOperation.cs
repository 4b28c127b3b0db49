using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Inference;

/// <summary>A step of a <see cref="FrozenGraph"/>. Inputs and output are named by the tensors of the trace that the graph was made of.</summary>
internal abstract class FrozenOperation : IDisposable
{
    /// <summary>The inputs in order; parameters are themselves, null was left out.</summary>
    public abstract IReadOnlyList<Tensor?> Inputs { get; }

    /// <summary>The result.</summary>
    public required Tensor Output { get; set; }

    /// <summary>Whether the result is the first input's memory in another shape.</summary>
    public virtual bool IsView => false;

    /// <summary>The input whose memory the result may take over if nobody reads it afterwards, or -1.</summary>
    public virtual int InPlaceInput => -1;

    /// <summary>Bytes of what <see cref="Prepare"/> made.</summary>
    public virtual long OwnBytes => 0;

    /// <summary>Folds and packs what no later run changes.</summary>
    public virtual void Prepare()
    {
    }

    /// <summary>Runs the step.</summary>
    /// <param name="inputs">In the order of <see cref="Inputs"/>.</param>
    /// <param name="inPlace">Whether the result goes to the memory of input <see cref="InPlaceInput"/>, which is then returned.</param>
    public abstract Tensor Run(ReadOnlySpan<Tensor?> inputs, bool inPlace);

    /// <summary>Gives back what <see cref="Prepare"/> made.</summary>
    public virtual void Dispose()
    {
    }
}

/// <summary>An operation as it was traced.</summary>
internal sealed class RepeatedOperation(TracedOperation traced) : FrozenOperation
{
    /// <summary>The row of the table of operations.</summary>
    public OpRow Row => traced.Row;

    /// <summary>The row's attributes.</summary>
    public object Attributes => traced.Attributes;

    public override IReadOnlyList<Tensor?> Inputs => traced.Inputs;

    public override bool IsView => traced.Row.IsView;

    public override Tensor Run(ReadOnlySpan<Tensor?> inputs, bool inPlace) => traced.Row.Repeat(traced.Attributes, inputs);
}

/// <summary>A convolution or linear layer whose parameters are constants, with what was fused into it.</summary>
internal abstract class FrozenProduct : FrozenOperation
{
    /// <summary>Name of the operation that it began as.</summary>
    public abstract string Name { get; }

    /// <summary>What it multiplies.</summary>
    public required Tensor Input { get; set; }

    /// <summary>As <see cref="FrozenOperation.Output"/>, added before the activation; or null.</summary>
    public Tensor? Residual { get; set; }

    /// <summary>Applied last.</summary>
    public ActivationKind Activation { get; set; }

    /// <summary>Whether nothing follows its sums but the bias.</summary>
    public bool IsBare => Residual is null && Activation == ActivationKind.None;

    public sealed override IReadOnlyList<Tensor?> Inputs => [Input, Residual];

    // Kernels of accelerators may add the residual after the sums were stored.
    public sealed override int InPlaceInput => Residual is not null && Input.Device is HostDevice ? 1 : -1;

    /// <summary>The tensor that gets the result.</summary>
    protected Tensor Target(ReadOnlySpan<Tensor?> inputs, bool inPlace) =>
        inPlace ? inputs[InPlaceInput]! : Tensor.Empty(inputs[0]!.Device, Output.Shape, inputs[0]!.DType);
}
