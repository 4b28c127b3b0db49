using HeteroAKD.Tensors;

namespace HeteroAKD.DeviceBench.Rows;

/// <summary>What products and convolutions round their factors to before they multiply.</summary>
internal static class PrecisionSetting
{
    /// <summary>What <c>--precision</c> takes.</summary>
    public static IReadOnlyList<string> Names { get; } = ["fp32", "tf32", "bf16"];

    /// <summary>Sets a device to a precision.</summary>
    /// <exception cref="DeviceNotAvailableException">The device does not have it.</exception>
    public static void Apply(Device device, string precision)
    {
        device.UseMatrixPrecision(Enum.Parse<MatrixPrecision>(precision, ignoreCase: true));
    }

    /// <summary>The error of rounding a factor once, in units of float32's: 10 bits of fraction for TF32, 7 for bf16, 23 for float32.</summary>
    public static double UnitsOfFloat32(string precision) => precision switch { "tf32" => 1 << 13, "bf16" => 1 << 16, _ => 1 };

    /// <summary>How much further a whole step may be off than in float32: roundings of many layers, of which ReLUs at zero decide little more.</summary>
    public static double StepFactor(string precision) => precision switch { "tf32" => 8, "bf16" => 64, _ => 1 };
}
