using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>The two numbers of a line.</summary>
/// <param name="Scale">What the input is multiplied by.</param>
/// <param name="Shift">What is added then.</param>
public readonly record struct ScaleShiftAttributes(float Scale = 1, float Shift = 0)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public ScaleShiftAttributes()
        : this(Scale: 1)
    {
    }
}

/// <summary>Arithmetic with numbers that are known when the operation is launched: what <c>2 * x</c>, <c>1 - x</c> and <c>-x</c> become.</summary>
public static class ScaleShift
{
    /// <summary>The row of the table.</summary>
    public static readonly OpRow<ScaleShiftAttributes> Row = new(
        "scale_shift",
        "scale · input + shift, rounded once; torch.add(shift, input, alpha=scale)",
        [new("input", "any")],
        shape: n => n[0].Shape,
        forward: n => Run(n[0], n.Output, n.Attributes.Scale, n.Attributes.Shift),
        gradient: (n, dy) =>
        {
            if (n.Attributes.Scale == 1)
            {
                n.PassGradient(0, dy);
                return;
            }

            Tensor dx = n.NewGradient(0);
            Run(dy, dx, n.Attributes.Scale, 0);
            n.AddGradient(0, dx);
        });

    /// <summary>y = scale · x + shift.</summary>
    /// <exception cref="HeteroAkdException">They differ in count, type or device.</exception>
    public static void Run(Tensor x, Tensor y, float scale, float shift)
    {
        Operands.RequireAlike("scale_shift", x, y);
        x.Device.Pixel(new UnaryKernel<Kernels.Pixelwise.ScaleShift>(new(scale, shift), x.Mem, y.Mem, y.Shape.Count), 1, y.Shape.Count, 1, y.DType);
    }
}
