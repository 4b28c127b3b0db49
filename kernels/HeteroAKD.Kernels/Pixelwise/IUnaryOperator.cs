using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Pixelwise;

/// <summary>A function of one number and its derivative; constants of the function are fields of the implementing struct.</summary>
public interface IUnaryOperator
{
    /// <summary>Whether <see cref="Gradient{TLane}"/> looks at x; if not, any memory may stand for x there and x need not be kept.</summary>
    static abstract bool GradientReadsInput { get; }

    /// <summary>Whether <see cref="Gradient{TLane}"/> looks at y.</summary>
    static abstract bool GradientReadsOutput { get; }

    /// <summary>y = f(x).</summary>
    TLane Forward<TLane>(TLane x)
        where TLane : unmanaged, ILane<TLane>;

    /// <summary>f'(x), from x, from y = f(x), or from both.</summary>
    TLane Gradient<TLane>(TLane x, TLane y)
        where TLane : unmanaged, ILane<TLane>;

    /// <summary>The specification of f.</summary>
    double Reference(double x);

    /// <summary>The specification of f'; at a kink the value PyTorch takes.</summary>
    double ReferenceGradient(double x);
}
