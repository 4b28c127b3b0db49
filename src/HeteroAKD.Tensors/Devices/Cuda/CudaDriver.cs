using System.Runtime.InteropServices;

namespace HeteroAKD.Tensors.Devices.Cuda;

/// <summary>
/// The functions of the CUDA driver that ILGPU does not bind, or binds only with a wait behind them. Names, order of arguments and constants are those of the
/// driver API; every caller hands the result to <see cref="Check(int, string)"/>. The context must be current on the calling thread.
/// </summary>
internal static unsafe partial class CudaDriver
{
    public const int Success = 0;
    public const int ErrorOutOfMemory = 2;
    public const int ErrorNoDevice = 100;

    /// <summary>CU_STREAM_NON_BLOCKING: no order with the NULL stream.</summary>
    public const uint StreamNonBlocking = 1;

    /// <summary>CU_EVENT_DISABLE_TIMING: cheaper to record.</summary>
    public const uint EventDisableTiming = 2;

    /// <summary>CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: what other threads do meanwhile is no error.</summary>
    public const int CaptureThreadLocal = 1;

    /// <summary>CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES.</summary>
    public const int FunctionMaxDynamicSharedBytes = 8;

    /// <summary>CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN.</summary>
    public const int DeviceMaxSharedBytes = 97;

    /// <summary>CU_JIT_ERROR_LOG_BUFFER.</summary>
    public const int JitErrorLogBuffer = 5;

    /// <summary>CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES.</summary>
    public const int JitErrorLogBytes = 6;

    private const string Library = DriverLibraries.Cuda;

    /// <summary>Throws if a call failed.</summary>
    /// <param name="result">What the call returned.</param>
    /// <param name="operation">The call, with what it was about.</param>
    /// <exception cref="CudaDriverException">The result is not <see cref="Success"/>.</exception>
    public static void Check(int result, string operation)
    {
        if (result != Success)
        {
            throw new CudaDriverException(operation, result);
        }
    }

    /// <summary>A result as the driver names it, with its explanation.</summary>
    public static string Describe(int result)
    {
        string name = cuGetErrorName(result, out nint text) == Success ? Marshal.PtrToStringAnsi(text) ?? "" : "";
        string explanation = cuGetErrorString(result, out text) == Success ? Marshal.PtrToStringAnsi(text) ?? "" : "";
        return $"{(name.Length > 0 ? name : "error")} ({result}{(explanation.Length > 0 ? $", {explanation}" : "")})";
    }

    [LibraryImport(Library)]
    public static partial int cuInit(uint flags);

    [LibraryImport(Library)]
    public static partial int cuDeviceGetCount(out int count);

    [LibraryImport(Library)]
    public static partial int cuDeviceGetAttribute(out int value, int attribute, int device);

    [LibraryImport(Library)]
    public static partial int cuMemGetInfo_v2(out nuint free, out nuint total);

    [LibraryImport(Library)]
    public static partial int cuMemAllocHost_v2(out nint memory, nuint bytes);

    [LibraryImport(Library)]
    public static partial int cuMemFreeHost(nint memory);

    [LibraryImport(Library)]
    public static partial int cuMemcpyHtoDAsync_v2(nint target, void* source, nuint bytes, nint stream);

    [LibraryImport(Library)]
    public static partial int cuMemcpyDtoHAsync_v2(void* target, nint source, nuint bytes, nint stream);

    [LibraryImport(Library)]
    public static partial int cuMemcpyDtoDAsync_v2(nint target, nint source, nuint bytes, nint stream);

    [LibraryImport(Library)]
    public static partial int cuStreamCreate(out nint stream, uint flags);

    [LibraryImport(Library)]
    public static partial int cuStreamDestroy_v2(nint stream);

    [LibraryImport(Library)]
    public static partial int cuStreamSynchronize(nint stream);

    [LibraryImport(Library)]
    public static partial int cuStreamWaitEvent(nint stream, nint awaited, uint flags);

    [LibraryImport(Library)]
    public static partial int cuStreamBeginCapture_v2(nint stream, int mode);

    [LibraryImport(Library)]
    public static partial int cuStreamEndCapture(nint stream, out nint graph);

    [LibraryImport(Library)]
    public static partial int cuGraphInstantiateWithFlags(out nint executable, nint graph, ulong flags);

    [LibraryImport(Library)]
    public static partial int cuGraphLaunch(nint executable, nint stream);

    [LibraryImport(Library)]
    public static partial int cuGraphExecDestroy(nint executable);

    [LibraryImport(Library)]
    public static partial int cuGraphDestroy(nint graph);

    [LibraryImport(Library)]
    public static partial int cuEventCreate(out nint created, uint flags);

    [LibraryImport(Library)]
    public static partial int cuEventDestroy_v2(nint destroyed);

    [LibraryImport(Library)]
    public static partial int cuEventRecord(nint recorded, nint stream);

    [LibraryImport(Library)]
    public static partial int cuEventSynchronize(nint awaited);

    [LibraryImport(Library)]
    public static partial int cuEventElapsedTime(out float milliseconds, nint first, nint last);

    [LibraryImport(Library)]
    public static partial int cuModuleLoadDataEx(out nint module, byte* image, uint options, int* optionNames, void** optionValues);

    [LibraryImport(Library)]
    public static partial int cuModuleUnload(nint module);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int cuModuleGetFunction(out nint function, nint module, string name);

    [LibraryImport(Library)]
    public static partial int cuFuncSetAttribute(nint function, int attribute, int value);

    [LibraryImport(Library)]
    public static partial int cuLaunchKernel(
        nint function,
        uint gridX,
        uint gridY,
        uint gridZ,
        uint blockX,
        uint blockY,
        uint blockZ,
        uint sharedBytes,
        nint stream,
        void** parameters,
        void** extra);

    [LibraryImport(Library)]
    private static partial int cuGetErrorName(int result, out nint text);

    [LibraryImport(Library)]
    private static partial int cuGetErrorString(int result, out nint text);
}
