using System.Globalization;
using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation;

/// <summary>How images are normalised: (v - mean) / std for v in [0, 1], a number a channel.</summary>
/// <param name="Mean">[3] mean of red, green and blue.</param>
/// <param name="Std">[3] deviation.</param>
public sealed record Normalization(IReadOnlyList<double> Mean, IReadOnlyList<double> Std)
{
    /// <summary>Whether both lists hold the same numbers.</summary>
    public bool Same(Normalization other) => Mean.SequenceEqual(other.Mean) && Std.SequenceEqual(other.Std);

    /// <summary>Both lists.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"mean [{string.Join(", ", Mean)}], std [{string.Join(", ", Std)}]");
}

/// <summary>Makes images that were normalised for the student into those that the teacher expects: one scale and one shift a channel.</summary>
public sealed class InputAdapter : IDisposable
{
    private readonly Tensor _scale; // [3]
    private readonly Tensor _shift; // [3]

    /// <summary>An adapter from one normalisation to another.</summary>
    public InputAdapter(Device device, Normalization from, Normalization to)
    {
        _scale = Channels(device, c => from.Std[c] / to.Std[c]);
        _shift = Channels(device, c => (from.Mean[c] - to.Mean[c]) / to.Std[c]);
    }

    /// <summary>images [N, 3, H, W] for the other network.</summary>
    public Tensor Apply(Tensor images) => (images * _scale) + _shift;

    /// <inheritdoc/>
    public void Dispose()
    {
        _scale.Dispose();
        _shift.Dispose();
    }

    private static Tensor Channels(Device device, Func<int, double> value)
    {
        Tensor channels = Tensor.Persistent(device, new Shape(3));
        channels.CopyFrom([(float)value(0), (float)value(1), (float)value(2)]);
        return channels;
    }
}
