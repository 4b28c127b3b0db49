using HeteroAKD.Tensors.Memory;

namespace HeteroAKD.Tensors;

/// <summary>An error whose message is meant for the user: what failed, on which values, and what to do. Programs print it without a stack trace.</summary>
public class HeteroAkdException : Exception
{
    /// <summary>Creates the error.</summary>
    public HeteroAkdException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the error with its cause.</summary>
    public HeteroAkdException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

/// <summary>Shapes that do not fit the operation.</summary>
public sealed class ShapeMismatchException(string operation, string parameter, string problem)
    : HeteroAkdException($"{operation}: {parameter}: {problem}")
{
    /// <summary>What could not be done.</summary>
    public string Operation { get; } = operation;

    /// <summary>What is wrong, without operation and parameter.</summary>
    public string Problem { get; } = problem;
}

/// <summary>Tensors on different devices.</summary>
public sealed class DeviceMismatchException(string operation, string parameter, Device expected, Device found)
    : HeteroAkdException(
        found.Name == expected.Name
            ? $"{operation}: {parameter} is on '{found.Label}', the first input is on '{expected.Label}': two devices, each with memory of its own. Copy it "
                + $"with To(device), or open one device"
            : $"{operation}: {parameter} is on device '{found.Name}', the first input is on '{expected.Name}'. Copy it with To(device)");

/// <summary>A tensor of the wrong element type.</summary>
public sealed class DTypeMismatchException(string operation, string parameter, string expected, DType found)
    : HeteroAkdException($"{operation}: {parameter} holds {found}, expected {expected}.");

/// <summary>A device that this machine does not have, or that does not work.</summary>
public sealed class DeviceNotAvailableException(string device, string reason, Exception? inner = null)
    : HeteroAkdException($"device '{device}' is not available: {reason} Run 'heteroakd info' to see what is there, or take --device cpu.", inner!)
{
    /// <summary>Why, without what to do.</summary>
    public string Reason { get; } = reason;
}

/// <summary>A request that the device's memory cannot hold.</summary>
/// <param name="device">The device.</param>
/// <param name="asked">Bytes of the request.</param>
/// <param name="inUse">Bytes that tensors use.</param>
/// <param name="reserved">Bytes that the process holds of the device.</param>
/// <param name="free">Bytes that the hardware has left, or null.</param>
/// <param name="owners">The largest tensors.</param>
/// <param name="inner">What the system said.</param>
public sealed class OutOfDeviceMemoryException(string device, long asked, long inUse, long reserved, long? free, string owners, Exception? inner = null)
    : HeteroAkdException(
        $"out of memory on '{device}': asked for {ProcessMemory.Size(asked)} with {ProcessMemory.Size(inUse)} in use, {ProcessMemory.Size(reserved)} reserved"
        + $"{(free is { } left ? $" and {ProcessMemory.Size(left)} free on the card" : $"; {ProcessMemory.Describe()}")}. Largest: {owners}. "
        + $"Use a smaller batch, crop or model{(free is null ? ", or raise the limit" : ", or end other processes on the card (nvidia-smi lists them)")}. "
        + "Large pictures can be evaluated in windows: evaluation.mode=slide.",
        inner!);

/// <summary>A NaN or an infinity where a number was needed.</summary>
public sealed class NonFiniteException(string operation, string tensor, long step, string detail)
    : HeteroAkdException(
        $"non-finite value at step {step}: operation '{operation}' made {detail} in tensor '{tensor}'. Lower the learning rate, clip gradients, or look at "
            + "the batch.");

/// <summary>Tensors that nobody gave back.</summary>
public sealed class LeakException(string report)
    : HeteroAkdException($"device memory leaked:{Environment.NewLine}{report}");
