using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Checks;

/// <summary>
/// Products, convolutions and attention at sizes that take every way through the tiled kernels: large tiles, sums cut into pieces, edges that are no multiples
/// of anything. Too large for central differences: both devices run the same operation with its gradients, and the host in float64 is the truth.
/// </summary>
internal static class RealSizes
{
    private static readonly Dictionary<string, (Shape[] Inputs, Func<Tensor[], Tensor> Function)> s_all = new()
    {
        ["matmul 150x40x260"] = ([new(150, 40), new(40, 260)], x => MatMul.Row.Apply(default, x[0], x[1])),
        ["matmul 131x33x199"] = ([new(131, 33), new(33, 199)], x => MatMul.Row.Apply(default, x[0], x[1])),
        ["matmul 70x600x50"] = ([new(70, 600), new(600, 50)], x => MatMul.Row.Apply(default, x[0], x[1])),
        ["linear 300x64 to 140"] = ([new(300, 64), new(140, 64), new(140)], x => Functional.Linear(x[0], x[1], x[2])),
        ["conv 3x3"] = ([new(1, 24, 20, 28), new(136, 24, 3, 3), new(136)], x => Functional.Conv2d(x[0], x[1], x[2], padding: 1)),
        ["conv 3x3 dilation 2"] = ([new(2, 20, 16, 19), new(40, 20, 3, 3)], x => Functional.Conv2d(x[0], x[1], padding: 2, dilation: 2)),
        ["conv 7x7 stride 2"] = ([new(2, 3, 32, 36), new(32, 3, 7, 7)], x => Functional.Conv2d(x[0], x[1], stride: 2, padding: 3)),
        ["conv 1x1"] = ([new(2, 96, 16, 20), new(64, 96, 1, 1), new(64)], x => Functional.Conv2d(x[0], x[1], x[2])),
        ["conv depth-wise"] = ([new(2, 16, 12, 20), new(16, 1, 3, 3)], x => Functional.Conv2d(x[0], x[1], padding: 1, groups: 16)),
        ["attention 2 heads of 32"] = ([new(2, 140, 64), new(2, 72, 128)], x => Functional.Attention(x[0], x[1], 2)),
        ["attention 1 head of 64"] = ([new(1, 130, 64), new(1, 75, 128)], x => Functional.Attention(x[0], x[1], 1)),
    };

    /// <summary>The names.</summary>
    public static IReadOnlyCollection<string> Names => s_all.Keys;

    /// <summary>Runs one on a device and compares output and gradients with the host's in float64.</summary>
    /// <param name="device">The device, in the precision that is to be checked.</param>
    /// <param name="cpu">The host.</param>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="largeTiles">Which tile products take, whatever their sizes say.</param>
    /// <param name="type">How the device stores activations; weights and biases are float32.</param>
    /// <exception cref="CaseFailure">A result is off.</exception>
    public static void Check(Device device, Device cpu, string name, bool largeTiles, DType type = DType.Float32)
    {
        (Shape[] inputs, Func<Tensor[], Tensor> function) = s_all[name];
        int dropped = device.MatrixPrecision switch { MatrixPrecision.Tf32 => 13, MatrixPrecision.Bf16 => 16, _ => 0 };
        bool weighted = name.StartsWith("conv", StringComparison.Ordinal) || name.StartsWith("linear", StringComparison.Ordinal);
        float[][] values = [.. inputs.Select((shape, i) => Numbers(shape.Count, i, dropped))];
        double[][] expected = Run(cpu, DType.Float64, inputs, values, function, dropped, weighted);
        double[][] actual;
        try
        {
            device.ForcedTile = largeTiles;
            actual = Run(device, type, inputs, values, function, dropped, weighted);
        }
        finally
        {
            device.ForcedTile = null;
        }

        for (int i = 0; i < expected.Length; i++)
        {
            string what = $"{name} on {device.Name} in {device.MatrixPrecision}, stored as {type}: by {(largeTiles ? "large" : "small")} tiles: "
                + $"{(i == 0 ? "output" : $"gradient {i - 1}")}";

            // Attention rounds its own weights as well, so the format's error is in its results; in all else only sums are rounded.
            bool rounds = dropped > 0 && name.StartsWith("attention", StringComparison.Ordinal);
            double stored = type == DType.BFloat16 ? FloatTolerance.OfBFloat16(rounds ? ErrorClass.Attention : ErrorClass.Sum) : 0;
            Comparison.Check(what, actual[i], expected[i], stored + (rounds ? 4 * Math.Pow(2, dropped - 24) : FloatTolerance.Of(ErrorClass.Sum, 4096)));
        }
    }

    private static double[][] Run(Device device, DType type, Shape[] inputs, float[][] values, Func<Tensor[], Tensor> function, int dropped, bool weighted)
    {
        using Autograd.StepScope step = device.BeginStep();
        Tensor[] tensors = [.. inputs.Select((shape, i) => Tensor.From(device, shape, values[i], TypeOf(i)))];
        foreach (Tensor tensor in tensors)
        {
            tensor.RequiresGrad = true;
        }

        Tensor output = function(tensors);
        double[] result = output.ToDoubles();
        device.Tape.Backward(output, Tensor.From(device, output.Shape, Numbers(output.Shape.Count, 99, dropped), output.DType));
        return [result, .. tensors.Select(t => t.Grad!.ToDoubles())];

        DType TypeOf(int input) => type == DType.BFloat16 && weighted && input > 0 ? DType.Float32 : type;
    }

    // Numbers that the format of the products holds, so that rounding them is no error.
    private static float[] Numbers(int count, int seed, int dropped)
    {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++)
        {
            float uniform = (Kernels.Lanes.CounterHash.Hash(seed + 1, i) >> 8) * Kernels.Lanes.CounterHash.ToUnit;
            numbers[i] = BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits((2 * uniform) - 1) >> dropped << dropped);
        }

        return numbers;
    }
}
