namespace HeteroAKD.Tensors.Devices.Cuda;

/// <summary>A call of the CUDA driver that failed.</summary>
/// <param name="operation">The call, with what it was about.</param>
/// <param name="result">Its result.</param>
/// <param name="detail">What else is known: the log of a compilation.</param>
public sealed class CudaDriverException(string operation, int result, string detail = "")
    : HeteroAkdException($"{operation}: {CudaDriver.Describe(result)}{(detail.Length > 0 ? $": {detail}" : "")}{Advice(result)}")
{
    // What a kernel did wrong is reported by a later call.
    private const int ErrorIllegalAddress = 700;
    private const int ErrorLaunchFailed = 719;

    /// <summary>The driver's result.</summary>
    public int Result { get; } = result;

    private static string Advice(int result) => result switch
    {
        ErrorIllegalAddress or ErrorLaunchFailed => ". A kernel launched before this call failed; with CUDA_LAUNCH_BLOCKING=1 the error comes at its launch.",
        CudaDriver.ErrorOutOfMemory => ". Use a smaller batch, crop or model, or end other processes on the card.",
        _ => "",
    };
}
