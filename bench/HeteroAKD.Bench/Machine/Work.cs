namespace HeteroAKD.Bench.Machine;

/// <summary>What an iteration of a case has to compute and to move at the least: the two axes of its roofline.</summary>
/// <param name="Flops">Floating-point operations: a fused multiply-add counts 2, a transcendental <see cref="Transcendental"/>.</param>
/// <param name="Bytes">Bytes read plus bytes written if each tensor crosses memory once in each pass that needs it.</param>
internal readonly record struct Work(double Flops, double Bytes)
{
    /// <summary>Operations of an exponential, logarithm or error function: some 16 vector instructions, each worth the 2 of a multiply-add.</summary>
    public const int Transcendental = 32;

    /// <summary>Elements that are read or written, all float32.</summary>
    public static Work Elements(double flops, double elements) => new(flops, sizeof(float) * elements);
}
