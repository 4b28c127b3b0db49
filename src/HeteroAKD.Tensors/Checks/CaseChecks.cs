namespace HeteroAKD.Tensors.Checks;

/// <summary>The runs that every case of <see cref="CaseTable"/> goes through. Each throws <see cref="CaseFailure"/> with the element that is off.</summary>
public static class CaseChecks
{
    /// <summary>The seed of all cases; another one is another set of numbers.</summary>
    public const int Seed = 1;

    // Both sides compute in double but in another order.
    private const double DoubleTolerance = 1e-13;

    /// <summary>float64 on the host against plain loops.</summary>
    public static void AgainstReference(Device cpu, OpCase opCase)
    {
        CaseValues values = opCase.Values(Seed);
        IReadOnlyDictionary<string, double[]> results = CaseRun.On(cpu, DType.Float64, opCase, values, gradients: false);
        foreach (NamedValues expected in opCase.Reference(values))
        {
            Comparison.Check($"{opCase.Name}: {expected.Name}", results[expected.Name], expected.Values, DoubleTolerance);
        }
    }

    /// <summary>Results and gradients in float32 on any device against float64 on the host.</summary>
    public static void Float32(Device device, Device cpu, OpCase opCase)
    {
        CaseValues values = opCase.Values(Seed);
        IReadOnlyDictionary<string, double[]> expected = CaseRun.On(cpu, DType.Float64, opCase, values, gradients: true);
        IReadOnlyDictionary<string, double[]> actual = CaseRun.On(device, DType.Float32, opCase, values, gradients: true);
        foreach ((string result, double[] numbers) in expected)
        {
            double tolerance = FloatTolerance.Of(opCase.ErrorOf(result), opCase.Terms(values, result));
            Comparison.Check($"{opCase.Name}: {result} on {device.Name}", actual[result], numbers, tolerance);
        }
    }

    /// <summary>
    /// Results and gradients from bfloat16 on a device that stores it against float64 on the host, both from numbers rounded to bfloat16: sums are as exact as
    /// in float32, and <see cref="FloatTolerance.OfBFloat16"/> says what storing costs.
    /// </summary>
    public static void BFloat16(Device device, Device cpu, OpCase opCase)
    {
        CaseValues values = opCase.Values(Seed).Rounded();
        IReadOnlyDictionary<string, double[]> expected = CaseRun.On(cpu, DType.Float64, opCase, values, gradients: true);
        IReadOnlyDictionary<string, double[]> actual = CaseRun.On(device, DType.BFloat16, opCase, values, gradients: true);
        foreach ((string result, double[] numbers) in expected)
        {
            ErrorClass error = opCase.ErrorOf(result);
            double tolerance = FloatTolerance.OfBFloat16(error) + FloatTolerance.Of(error, opCase.Terms(values, result));
            Comparison.Check($"{opCase.Name}: {result} in bfloat16 on {device.Name}", actual[result], numbers, tolerance);
        }
    }

    /// <summary>Gradients in float64 against central differences, or against plain loops where differences do not apply.</summary>
    public static void Gradient(Device cpu, OpCase opCase)
    {
        double error = GradientOfCase.Error(cpu, opCase, Seed);
        if (!(error <= GradientOfCase.Tolerance))
        {
            throw new CaseFailure($"{opCase.Name}: the gradient is off by {error:0.0e0}, allowed {GradientOfCase.Tolerance:0.0e0}");
        }
    }

    /// <summary>
    /// The same numbers, in both precisions, where every block lies between sentinels and starts as NaN: nothing is written beside an output, nothing left
    /// unwritten, nothing read before it was written.
    /// </summary>
    /// <param name="guarded">A device whose allocator is guarded.</param>
    /// <param name="cpu">A device whose is not.</param>
    /// <param name="opCase">The case.</param>
    public static void Guarded(Device guarded, Device cpu, OpCase opCase)
    {
        foreach (DType type in new[] { DType.Float32, DType.Float64 })
        {
            SameBits(guarded, cpu, opCase, type, "between sentinels");
        }
    }

    /// <summary>The same bits on two devices that differ only in their threads.</summary>
    public static void Threads(Device one, Device several, OpCase opCase) => SameBits(several, one, opCase, DType.Float32, "with more threads");

    /// <summary>The same bits from two runs on one device.</summary>
    public static void Repeats(Device device, OpCase opCase) => SameBits(device, device, opCase, DType.Float32, $"on {device.Name}, the second time");

    private static void SameBits(Device device, Device other, OpCase opCase, DType type, string how)
    {
        CaseValues values = opCase.Values(Seed);
        IReadOnlyDictionary<string, double[]> expected = CaseRun.On(other, type, opCase, values, gradients: true);
        IReadOnlyDictionary<string, double[]> actual = CaseRun.On(device, type, opCase, values, gradients: true);
        foreach ((string result, double[] numbers) in expected)
        {
            Comparison.CheckBits($"{opCase.Name}: {result} in {type} {how}", actual[result], numbers);
        }
    }
}
