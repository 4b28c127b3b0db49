using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Kernels.Pixelwise;

/// <summary>The element-wise function at the end of a layer.</summary>
public enum ActivationKind
{
    /// <summary>x.</summary>
    None,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>min(max(x, 0), 6).</summary>
    Relu6,

    /// <summary>x Φ(x) with the error function, as <c>torch.nn.GELU()</c>.</summary>
    Gelu,

    /// <summary>x σ(x).</summary>
    Silu,
}

/// <summary>An activation chosen at run time, for the epilogues of products and convolutions; the formulas are those of the element-wise operators.</summary>
public static class Activation
{
    /// <summary>f(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Apply<TLane>(ActivationKind kind, TLane x)
        where TLane : unmanaged, ILane<TLane>
    {
        if (kind == ActivationKind.Relu)
        {
            return default(Relu).Forward(x);
        }

        if (kind == ActivationKind.Relu6)
        {
            return default(Relu6).Forward(x);
        }

        if (kind == ActivationKind.Gelu)
        {
            return default(Gelu).Forward(x);
        }

        return kind == ActivationKind.Silu ? default(Silu).Forward(x) : x;
    }
}
