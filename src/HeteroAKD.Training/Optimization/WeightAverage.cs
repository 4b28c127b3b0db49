using HeteroAKD.Nn;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Training.Optimization;

/// <summary>
/// An exponential moving average of a network's parameters and running statistics: average = d · average + (1 - d) · value after every update. d is the smaller
/// of the asked decay and (1 + n)/(10 + n) after n updates, so that a short training forgets its first weights (TensorFlow's <c>ExponentialMovingAverage</c>
/// with <c>num_updates</c>). Parameters of modules trained beside the network are averaged with it, their running statistics are not: nothing may read them
/// while swapped.
/// </summary>
public sealed class WeightAverage : IDisposable
{
    private readonly double _decay;
    private readonly IReadOnlyList<(string Name, Tensor Value, Tensor Average)> _pairs;
    private int _updates;

    /// <summary>Starts from the network's values.</summary>
    /// <param name="model">The network.</param>
    /// <param name="parameters">The flat memory of its parameters, and of the modules trained beside it.</param>
    /// <param name="decay">d, in (0, 1).</param>
    public WeightAverage(Module model, FlatParameters parameters, double decay)
    {
        _decay = decay;
        IEnumerable<(string, Tensor)> values = model.State().Where(e => e.IsBuffer).Select(e => (e.Name, e.Tensor)).Prepend(("parameters", parameters.Values));
        _pairs = [.. values.Select(v => (v.Item1, v.Item2, CopyOf(v.Item1, v.Item2)))];
    }

    /// <summary>Takes in the values after an update.</summary>
    public void Update()
    {
        double decay = Math.Min(_decay, (1.0 + _updates) / (10.0 + _updates));
        _updates++;
        foreach ((_, Tensor value, Tensor average) in _pairs)
        {
            ScaleShift.Run(average, average, (float)decay, 0);
            Accumulate.Run(value, average, (float)(1 - decay));
        }
    }

    /// <summary>Exchanges the network's values and their average; a second time exchanges them back.</summary>
    public void Swap()
    {
        foreach ((_, Tensor value, Tensor average) in _pairs)
        {
            using Tensor held = CopyOf("held", value);
            Copy.Run(average, value);
            Copy.Run(held, average);
        }
    }

    /// <summary>What a checkpoint keeps.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> State(string prefix) => _pairs.Select(p => (prefix + p.Name, p.Average));

    /// <summary>Goes on from a checkpoint whose averages have been copied in.</summary>
    public void Resume(int updates) => _updates = updates;

    /// <summary>Frees the averages.</summary>
    public void Dispose()
    {
        foreach ((_, _, Tensor average) in _pairs)
        {
            average.Dispose();
        }
    }

    private static Tensor CopyOf(string name, Tensor value)
    {
        Tensor copy = Tensor.Persistent(value.Device, value.Shape, value.DType);
        copy.Name = $"average of {name}";
        Copy.Run(value, copy);
        return copy;
    }
}
