using HeteroAKD.Distillation;
using HeteroAKD.Nn;
using HeteroAKD.Tensors;

namespace HeteroAKD.Training.Optimization;

/// <summary>Parameters that share hyper-parameters.</summary>
/// <param name="Name">For logs, such as <c>student</c> or <c>projectors</c>.</param>
/// <param name="LrMultiplier">What the learning rate is multiplied by.</param>
/// <param name="WeightDecay">Weight decay.</param>
/// <param name="Parameters">The tensors, in order.</param>
/// <param name="Own">What updates them instead of the run's optimiser; such groups stand after all others.</param>
public sealed record ParameterGroup(string Name, double LrMultiplier, double WeightDecay, IReadOnlyList<Tensor> Parameters, AdamRule? Own = null)
{
    /// <summary>
    /// Splits a module's parameters as is usual: what has one dimension (norms, biases) is not decayed where <paramref name="spareNormsAndBiases"/>.
    /// </summary>
    public static IEnumerable<ParameterGroup> Of(Module module, string name, double lrMultiplier, double weightDecay, bool spareNormsAndBiases) =>
        Of(module.Parameters(), name, lrMultiplier, weightDecay, spareNormsAndBiases);

    /// <summary>As <see cref="Of(Module, string, double, double, bool)"/>, of some parameters.</summary>
    public static IEnumerable<ParameterGroup> Of(IReadOnlyList<Tensor> all, string name, double lrMultiplier, double weightDecay, bool spareNormsAndBiases)
    {
        List<Tensor> decayed = [.. all.Where(p => !spareNormsAndBiases || p.Shape.Rank > 1)];
        List<Tensor> spared = [.. all.Where(p => spareNormsAndBiases && p.Shape.Rank <= 1)];
        if (decayed.Count > 0)
        {
            yield return new ParameterGroup(name, lrMultiplier, weightDecay, decayed);
        }

        if (spared.Count > 0)
        {
            yield return new ParameterGroup($"{name}, norms and biases", lrMultiplier, 0, spared);
        }
    }
}

/// <summary>
/// All trainable values of a run in one stretch of memory, and their gradients in another: clearing, measuring, clipping and updating are then one
/// launch a group. The modules' tensors become views of it.
/// </summary>
public sealed class FlatParameters : IDisposable
{
    // Pieces start at whole cache lines (and at what a device aligns vector loads to).
    private const int Alignment = 64;

    /// <summary>Moves the parameters of all groups together.</summary>
    public FlatParameters(Device device, IReadOnlyList<ParameterGroup> groups)
    {
        Groups = groups;
        List<(int Start, int Count)> ranges = [];
        int count = 0;
        foreach (ParameterGroup group in groups)
        {
            int start = count;
            foreach (Tensor parameter in group.Parameters)
            {
                count += Padded(parameter.Shape.Count);
            }

            ranges.Add((start, count - start));
        }

        Ranges = ranges;
        Values = Tensor.Persistent(device, new Shape(count));
        Gradients = Tensor.Persistent(device, new Shape(count));
        Values.Name = "parameters";
        Gradients.Name = "gradients";
        Tensors.Ops.Fill.Run(Values, 0);
        Tensors.Ops.Fill.Run(Gradients, 0);
        int offset = 0;
        foreach (Tensor parameter in groups.SelectMany(g => g.Parameters))
        {
            parameter.MoveInto(Values, offset);
            parameter.BindGrad(Gradients.View(parameter.Shape, offset));
            offset += Padded(parameter.Shape.Count);
        }
    }

    /// <summary>The groups.</summary>
    public IReadOnlyList<ParameterGroup> Groups { get; }

    /// <summary>Where each group lies in <see cref="Values"/>, padding included.</summary>
    public IReadOnlyList<(int Start, int Count)> Ranges { get; }

    /// <summary>[count] all values; padding is zero.</summary>
    public Tensor Values { get; }

    /// <summary>[count] all gradients; padding is zero.</summary>
    public Tensor Gradients { get; }

    /// <summary>Clears the gradients.</summary>
    public void ZeroGrad() => Tensors.Ops.Fill.Run(Gradients, 0);

    /// <summary>Gives the parameters memory of their own again, with their values and without a gradient, and frees the rest.</summary>
    public void Dispose()
    {
        foreach (Tensor parameter in Groups.SelectMany(g => g.Parameters).Where(p => p.IsAlive))
        {
            parameter.MoveOut();
        }

        Values.Dispose();
        Gradients.Dispose();
    }

    private static int Padded(int count) => (count + Alignment - 1) / Alignment * Alignment;
}
