using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Checks;

namespace HeteroAKD.Experiments.Commands;

/// <summary>Checks gradients on the <c>cpu</c> device, in float64, over the one list of cases.</summary>
public sealed class GradcheckService : IGradcheckCommand
{
    /// <inheritdoc/>
    public IEnumerable<GradientCheck> Run(string filter, int seed, int threads, CancellationToken cancellation)
    {
        using Device cpu = Device.Open("cpu", threads);
        foreach (OpCase opCase in CaseTable.All.Where(c => c.Row.Name.Contains(filter, StringComparison.OrdinalIgnoreCase) && c.Differentiable.Any()))
        {
            cancellation.ThrowIfCancellationRequested();
            yield return new GradientCheck(opCase.Row.Name, opCase.Description, GradientOfCase.Error(cpu, opCase, seed), GradientOfCase.Tolerance);
        }
    }
}
