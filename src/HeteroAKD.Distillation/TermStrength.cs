using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation;

/// <summary>
/// What the distillation's terms are multiplied by: 1, and over the last part of the training half a cosine down to an end value. It lies in device memory, so
/// that a replayed step sees its new value.
/// </summary>
internal sealed class TermStrength : IDisposable
{
    private readonly double _end;
    private readonly double _fraction;
    private readonly Tensor _value; // [1]

    public TermStrength(Device device, double end, double fraction)
    {
        (_end, _fraction) = (end, fraction);
        _value = Tensor.Persistent(device, new Shape(1));
        _value.Name = "strength of the distillation";
        _value.CopyFrom([1f]);
    }

    /// <summary>The value of a step of a training.</summary>
    public static double At(int step, int steps, double end, double fraction)
    {
        // At least the last step has the end value, however short the part.
        double first = Math.Max(0, Math.Min(steps * (1 - fraction), steps - 2));
        double part = step <= first ? 0 : Math.Min(1, (step - first) / Math.Max(1, steps - 1 - first));
        return end + ((1 - end) * (1 + Math.Cos(Math.PI * part)) / 2);
    }

    public void Set(int step, int steps) => _value.CopyFrom([(float)At(step, steps, _end, _fraction)]);

    public Tensor Scale(Tensor loss) => loss * _value;

    public void Dispose() => _value.Dispose();
}
