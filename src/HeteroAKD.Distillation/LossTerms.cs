using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation;

/// <summary>A number that an objective reports beside its loss; read back only where it is logged.</summary>
/// <param name="Name">Column in the log: <c>ce</c>, <c>kd</c>, <c>hakd</c>, …</param>
/// <param name="Values">A tensor that holds it.</param>
/// <param name="Index">Which element.</param>
public readonly record struct LossTerm(string Name, Tensor Values, int Index)
{
    /// <summary>The number; waits for the device.</summary>
    public double Read() => Values.View(new Shape(1), Index).Item();
}

/// <summary>A loss and the terms it consists of.</summary>
/// <param name="Total">[1] what is minimised.</param>
/// <param name="Terms">Its terms, unweighted, and diagnostics; the same list object every step.</param>
public readonly record struct ObjectiveResult(Tensor Total, IReadOnlyList<LossTerm> Terms);
