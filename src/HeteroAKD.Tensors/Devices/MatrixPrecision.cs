namespace HeteroAKD.Tensors;

/// <summary>
/// How the factors of matrix products, convolutions and attention are rounded, and how networks store activations; sums are floats in any case.
/// </summary>
public enum MatrixPrecision
{
    /// <summary>Not at all.</summary>
    Fp32,

    /// <summary>To 10 bits of mantissa, by tensor cores.</summary>
    Tf32,

    /// <summary>To 7 bits of mantissa, by tensor cores; activations and their gradients are stored so (<see cref="Device.ActivationType"/>).</summary>
    Bf16,
}
