using System.Runtime.InteropServices;

namespace HeteroAKD.CudaEmulator.Driver;

/// <summary>Streams, events, captures and graphs.</summary>
internal static unsafe partial class Exports
{
    [UnmanagedCallersOnly(EntryPoint = "cuStreamCreate")]
    public static int StreamCreate(nint* stream, int flags) => Run(driver => *stream = driver.CreateStream(flags));

    [UnmanagedCallersOnly(EntryPoint = "cuStreamCreateWithPriority")]
    public static int StreamCreateWithPriority(nint* stream, int flags, int priority) => Run(driver => *stream = driver.CreateStream(flags));

    [UnmanagedCallersOnly(EntryPoint = "cuStreamDestroy_v2")]
    public static int StreamDestroy(nint stream) => Run(driver => driver.DestroyStream(stream));

    [UnmanagedCallersOnly(EntryPoint = "cuStreamSynchronize")]
    public static int StreamSynchronize(nint stream) => Run(driver => driver.Synchronize(stream));

    [UnmanagedCallersOnly(EntryPoint = "cuStreamQuery")]
    public static int StreamQuery(nint stream) => Run(driver => driver.Synchronize(stream));

    [UnmanagedCallersOnly(EntryPoint = "cuStreamWaitEvent")]
    public static int StreamWaitEvent(nint stream, nint mark, int flags) => Run(driver => driver.WaitEvent(stream, mark));

    [UnmanagedCallersOnly(EntryPoint = "cuLaunchHostFunc")]
    public static int LaunchHostFunction(nint stream, nint function, nint data) => Run(driver => driver.Submit(stream, new HostWork(function, data)));

    [UnmanagedCallersOnly(EntryPoint = "cuEventCreate")]
    public static int EventCreate(nint* mark, int flags) => Run(driver => *mark = driver.CreateEvent());

    [UnmanagedCallersOnly(EntryPoint = "cuEventDestroy_v2")]
    public static int EventDestroy(nint mark) => Run(driver => driver.DestroyEvent(mark));

    [UnmanagedCallersOnly(EntryPoint = "cuEventRecord")]
    public static int EventRecord(nint mark, nint stream) => Run(driver => driver.RecordEvent(mark, stream));

    [UnmanagedCallersOnly(EntryPoint = "cuEventQuery")]
    public static int EventQuery(nint mark) => Run(driver => driver.CheckEvent(mark));

    [UnmanagedCallersOnly(EntryPoint = "cuEventSynchronize")]
    public static int EventSynchronize(nint mark) => Run(driver => driver.CheckEvent(mark));

    [UnmanagedCallersOnly(EntryPoint = "cuEventElapsedTime")]
    public static int EventElapsedTime(float* milliseconds, nint start, nint end) => Run(driver => *milliseconds = driver.ElapsedTime(start, end));

    [UnmanagedCallersOnly(EntryPoint = "cuStreamBeginCapture_v2")]
    public static int StreamBeginCapture(nint stream, int mode) => Run(driver => driver.BeginCapture(stream, (CaptureMode)mode));

    [UnmanagedCallersOnly(EntryPoint = "cuStreamEndCapture")]
    public static int StreamEndCapture(nint stream, nint* graph) => Run(driver =>
    {
        *graph = 0;
        *graph = driver.EndCapture(stream);
    });

    [UnmanagedCallersOnly(EntryPoint = "cuStreamIsCapturing")]
    public static int StreamIsCapturing(nint stream, int* status) => Run(driver => *status = EmulatedDriver.CaptureStatus(driver.StreamOf(stream)));

    [UnmanagedCallersOnly(EntryPoint = "cuStreamGetCaptureInfo")]
    public static int StreamGetCaptureInfo(nint stream, int* status, ulong* id) => Run(driver => WriteCaptureInfo(driver.StreamOf(stream), status, id));

    [UnmanagedCallersOnly(EntryPoint = "cuStreamGetCaptureInfo_v2")]
    public static int StreamGetCaptureInfo2(nint stream, int* status, ulong* id, nint* graph, nint** dependencies, nint* count) => Run(driver =>
    {
        WriteCaptureInfo(driver.StreamOf(stream), status, id);
        if (graph != null || dependencies != null || count != null)
        {
            throw new DriverException(CudaResult.NotSupported, "the emulator does not tell the graph and the dependencies of a capture under way");
        }
    });

    [UnmanagedCallersOnly(EntryPoint = "cuThreadExchangeStreamCaptureMode")]
    public static int ThreadExchangeStreamCaptureMode(int* mode) => Run(driver => *mode = (int)driver.ExchangeThreadMode((CaptureMode)(*mode)));

    [UnmanagedCallersOnly(EntryPoint = "cuGraphInstantiateWithFlags")]
    public static int GraphInstantiateWithFlags(nint* executable, nint graph, ulong flags) => Run(driver => *executable = driver.Instantiate(graph));

    [UnmanagedCallersOnly(EntryPoint = "cuGraphInstantiate_v2")]
    public static int GraphInstantiate(nint* executable, nint graph, nint* errorNode, byte* log, nint logBytes) =>
        Run(driver => *executable = driver.Instantiate(graph));

    [UnmanagedCallersOnly(EntryPoint = "cuGraphGetNodes")]
    public static int GraphGetNodes(nint graph, nint* nodes, nint* count) => Run(driver =>
    {
        if (nodes != null)
        {
            throw new DriverException(CudaResult.NotSupported, "the emulator tells how many nodes a graph has, not which");
        }

        *count = driver.CountNodes(graph);
    });

    [UnmanagedCallersOnly(EntryPoint = "cuGraphLaunch")]
    public static int GraphLaunch(nint executable, nint stream) => Run(driver => driver.LaunchGraph(executable, stream));

    [UnmanagedCallersOnly(EntryPoint = "cuGraphUpload")]
    public static int GraphUpload(nint executable, nint stream) => Run(_ => { });

    [UnmanagedCallersOnly(EntryPoint = "cuGraphExecDestroy")]
    public static int GraphExecDestroy(nint executable) => Run(driver => driver.DestroyExecutable(executable));

    [UnmanagedCallersOnly(EntryPoint = "cuGraphDestroy")]
    public static int GraphDestroy(nint graph) => Run(driver => driver.DestroyGraph(graph));

    private static void WriteCaptureInfo(DriverStream stream, int* status, ulong* id)
    {
        *status = EmulatedDriver.CaptureStatus(stream);
        if (id != null)
        {
            *id = stream.Capture?.Id ?? 0;
        }
    }
}
