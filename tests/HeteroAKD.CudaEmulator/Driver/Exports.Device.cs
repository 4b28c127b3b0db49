using System.Runtime.InteropServices;
using System.Text;

namespace HeteroAKD.CudaEmulator.Driver;

/// <summary>The driver, its device and contexts.</summary>
internal static unsafe partial class Exports
{
    private static readonly Dictionary<int, nint> s_errorTexts = [];

    [UnmanagedCallersOnly(EntryPoint = "cuInit")]
    public static int Init(int flags) => Run(_ => { });

    [UnmanagedCallersOnly(EntryPoint = "cuDriverGetVersion")]
    public static int DriverGetVersion(int* version) => Run(_ => *version = DeviceProfile.DriverVersion);

    [UnmanagedCallersOnly(EntryPoint = "cuDeviceGetCount")]
    public static int DeviceGetCount(int* count) => Run(_ => *count = 1);

    [UnmanagedCallersOnly(EntryPoint = "cuDeviceGet")]
    public static int DeviceGet(int* device, int ordinal) => Run(_ =>
    {
        EmulatedDriver.CheckDevice(ordinal);
        *device = 0;
    });

    [UnmanagedCallersOnly(EntryPoint = "cuDeviceGetName")]
    public static int DeviceGetName(byte* name, int length, int device) => Run(_ =>
    {
        EmulatedDriver.CheckDevice(device);
        WriteText(Encoding.UTF8.GetBytes(DeviceProfile.Name), name, length);
    });

    [UnmanagedCallersOnly(EntryPoint = "cuDeviceTotalMem_v2")]
    public static int DeviceTotalMem(nint* bytes, int device) => Run(driver =>
    {
        EmulatedDriver.CheckDevice(device);
        *bytes = (nint)driver.Profile.MemoryBytes;
    });

    [UnmanagedCallersOnly(EntryPoint = "cuDeviceGetAttribute")]
    public static int DeviceGetAttribute(int* value, int attribute, int device) => Run(driver =>
    {
        EmulatedDriver.CheckDevice(device);
        *value = driver.Profile.Attribute(attribute);
    });

    [UnmanagedCallersOnly(EntryPoint = "cuDeviceCanAccessPeer")]
    public static int DeviceCanAccessPeer(int* canAccess, int device, int peer) => Run(_ => *canAccess = 0);

    [UnmanagedCallersOnly(EntryPoint = "cuDeviceGetP2PAttribute")]
    public static int DeviceGetPeerAttribute(int* value, int attribute, int device, int peer) => Run(_ => *value = 0);

    [UnmanagedCallersOnly(EntryPoint = "cuCtxEnablePeerAccess")]
    public static int EnablePeerAccess(nint context, int flags) => (int)CudaResult.NotSupported;

    [UnmanagedCallersOnly(EntryPoint = "cuCtxDisablePeerAccess")]
    public static int DisablePeerAccess(nint context) => (int)CudaResult.NotSupported;

    [UnmanagedCallersOnly(EntryPoint = "cuDevicePrimaryCtxRetain")]
    public static int PrimaryContextRetain(nint* context, int device) => Run(driver => *context = driver.PrimaryContext(device));

    [UnmanagedCallersOnly(EntryPoint = "cuDevicePrimaryCtxRelease_v2")]
    public static int PrimaryContextRelease(int device) => Run(_ => EmulatedDriver.CheckDevice(device));

    [UnmanagedCallersOnly(EntryPoint = "cuCtxCreate_v2")]
    public static int ContextCreate(nint* context, int flags, int device) => Run(driver => *context = driver.CreateContext(device));

    [UnmanagedCallersOnly(EntryPoint = "cuCtxDestroy_v2")]
    public static int ContextDestroy(nint context) => Run(driver => driver.DestroyContext(context));

    [UnmanagedCallersOnly(EntryPoint = "cuCtxSetCurrent")]
    public static int ContextSetCurrent(nint context) => Run(driver => driver.SetContext(context));

    [UnmanagedCallersOnly(EntryPoint = "cuCtxGetCurrent")]
    public static int ContextGetCurrent(nint* context) => Run(driver => *context = driver.CurrentContext);

    [UnmanagedCallersOnly(EntryPoint = "cuCtxPushCurrent_v2")]
    public static int ContextPush(nint context) => Run(driver => driver.PushContext(context));

    [UnmanagedCallersOnly(EntryPoint = "cuCtxPopCurrent_v2")]
    public static int ContextPop(nint* context) => Run(driver =>
    {
        nint popped = driver.PopContext();
        if (context != null)
        {
            *context = popped;
        }
    });

    [UnmanagedCallersOnly(EntryPoint = "cuCtxGetDevice")]
    public static int ContextGetDevice(int* device) => Run(driver =>
    {
        driver.RequireContext();
        *device = 0;
    });

    [UnmanagedCallersOnly(EntryPoint = "cuCtxSynchronize")]
    public static int ContextSynchronize() => Run(driver => driver.SynchronizeContext());

    [UnmanagedCallersOnly(EntryPoint = "cuCtxGetCacheConfig")]
    public static int ContextGetCacheConfig(int* config) => Run(_ => *config = 0);

    [UnmanagedCallersOnly(EntryPoint = "cuCtxSetCacheConfig")]
    public static int ContextSetCacheConfig(int config) => Run(_ => { });

    [UnmanagedCallersOnly(EntryPoint = "cuCtxGetSharedMemConfig")]
    public static int ContextGetSharedMemConfig(int* config) => Run(_ => *config = 1);

    [UnmanagedCallersOnly(EntryPoint = "cuCtxSetSharedMemConfig")]
    public static int ContextSetSharedMemConfig(int config) => Run(_ => { });

    [UnmanagedCallersOnly(EntryPoint = "cuCtxSetLimit")]
    public static int ContextSetLimit(int limit, nint value) => Run(_ => { });

    [UnmanagedCallersOnly(EntryPoint = "cuCtxGetStreamPriorityRange")]
    public static int ContextGetStreamPriorityRange(int* least, int* greatest) => Run(_ => (*least, *greatest) = (0, 0));

    [UnmanagedCallersOnly(EntryPoint = "cuGetErrorString")]
    public static int GetErrorString(int error, byte** text) => Run(_ => *text = (byte*)ErrorText(error));

    [UnmanagedCallersOnly(EntryPoint = "cuGetErrorName")]
    public static int GetErrorName(int error, byte** text) => Run(_ => *text = (byte*)ErrorText(error));

    /// <summary>The address of a function of this library; the newest version of it where there are several.</summary>
    [UnmanagedCallersOnly(EntryPoint = "cuGetProcAddress")]
    public static int GetProcAddress(byte* symbol, nint* function, int version, ulong flags) => Run(_ => *function = FindExport(Text(symbol)));

    [UnmanagedCallersOnly(EntryPoint = "cuGetProcAddress_v2")]
    public static int GetProcAddress2(byte* symbol, nint* function, int version, ulong flags, int* status) => Run(_ =>
    {
        *function = FindExport(Text(symbol));
        if (status != null)
        {
            *status = 0;
        }
    });

    private static nint FindExport(string name)
    {
        nint library = NativeLibrary.Load("libcuda.so.1");
        foreach (string version in new[] { "_v3", "_v2", "" })
        {
            if (NativeLibrary.TryGetExport(library, name + version, out nint function))
            {
                return function;
            }
        }

        throw new DriverException(CudaResult.NotFound, $"the emulator has no function {name}");
    }

    private static nint ErrorText(int error)
    {
        // The text has to stay where it is for the life of the program.
        if (!s_errorTexts.TryGetValue(error, out nint text))
        {
            text = Marshal.StringToCoTaskMemUTF8(Enum.IsDefined((CudaResult)error) ? $"CUDA error {error} ({(CudaResult)error})" : $"CUDA error {error}");
            s_errorTexts.Add(error, text);
        }

        return text;
    }
}
