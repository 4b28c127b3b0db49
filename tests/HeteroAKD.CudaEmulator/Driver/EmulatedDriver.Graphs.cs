namespace HeteroAKD.CudaEmulator.Driver;

/// <summary>Captures and graphs.</summary>
internal sealed partial class EmulatedDriver
{
    private readonly ThreadLocal<CaptureMode> _threadMode = new();
    private readonly HashSet<Capture> _captures = [];
    private ulong _nextCapture = 1;

    /// <summary>Exchanges what the calling thread lets captures forbid.</summary>
    public CaptureMode ExchangeThreadMode(CaptureMode mode)
    {
        CaptureMode before = _threadMode.Value;
        _threadMode.Value = mode;
        return before;
    }

    /// <summary>Begins a capture.</summary>
    public void BeginCapture(nint streamHandle, CaptureMode mode)
    {
        RequireContext();
        DriverStream stream = StreamOf(streamHandle);
        Require(!stream.IsLegacy, CudaResult.StreamCaptureUnsupported, "the default stream cannot capture");
        Require(
            stream.Capture is null && mode is >= CaptureMode.Global and <= CaptureMode.Relaxed,
            CudaResult.InvalidValue,
            "the stream captures already, or the mode is none");
        stream.Capture = new Capture(stream, mode, _nextCapture++);
        _captures.Add(stream.Capture);
    }

    /// <summary>Ends a capture.</summary>
    /// <returns>The graph.</returns>
    public nint EndCapture(nint streamHandle)
    {
        DriverStream stream = StreamOf(streamHandle);
        Capture? capture = stream.Capture;
        Require(capture is not null && capture.Origin == stream, CudaResult.StreamCaptureUnmatched, "the stream did not begin a capture");
        Require(
            capture!.Mode == CaptureMode.Relaxed || capture.Thread == Environment.CurrentManagedThreadId,
            CudaResult.StreamCaptureWrongThread,
            "the capture began in another thread");
        bool unjoined = capture.Streams.Any(s => s.HasUnjoinedWork);
        _captures.Remove(capture);
        foreach (DriverStream member in capture.Streams)
        {
            member.Capture = null;
            member.HasUnjoinedWork = false;
        }

        Require(!capture.IsInvalid, CudaResult.StreamCaptureInvalidated, "a call during the capture spoilt it");
        Require(!unjoined, CudaResult.StreamCaptureUnjoined, "the first stream of the capture does not wait for the work of another");
        return _handles.Add(capture.Graph);
    }

    /// <summary>0: none; 1: a capture; 2: a capture that was spoilt.</summary>
    public static int CaptureStatus(DriverStream stream) => stream.Capture is null ? 0 : stream.Capture.IsInvalid ? 2 : 1;

    /// <summary>How much work a graph has.</summary>
    public int CountNodes(nint graph) => _handles.Get<Graph>(graph).Work.Count;

    /// <summary>Makes a graph that can be launched.</summary>
    public nint Instantiate(nint graph)
    {
        ForbidWhileCapturing("instantiating a graph");
        return _handles.Add(new ExecutableGraph([.. _handles.Get<Graph>(graph).Work]));
    }

    /// <summary>Does, or captures, all work of a graph in the order in which it was captured.</summary>
    public void LaunchGraph(nint graph, nint streamHandle)
    {
        foreach (Work work in _handles.Get<ExecutableGraph>(graph).Work)
        {
            Submit(streamHandle, work);
        }
    }

    /// <summary>Ends a graph.</summary>
    public void DestroyGraph(nint graph) => _handles.Remove<Graph>(graph);

    /// <summary>Ends a graph that can be launched.</summary>
    public void DestroyExecutable(nint graph) => _handles.Remove<ExecutableGraph>(graph);

    private static void Invalidate(Capture? capture)
    {
        if (capture is not null)
        {
            capture.IsInvalid = true;
        }
    }

    private static void RequireValid(Capture capture) => Require(!capture.IsInvalid, CudaResult.StreamCaptureInvalidated, "an earlier call spoilt the capture");

    private void InvalidateAll()
    {
        foreach (Capture capture in _captures)
        {
            Invalidate(capture);
        }
    }

    /// <summary>Calls that might wait for the device are errors while a capture forbids them, and spoil it.</summary>
    private void ForbidWhileCapturing(string what)
    {
        bool isForbidden = false;
        foreach (Capture capture in _captures.Where(Forbids))
        {
            Invalidate(capture);
            isForbidden = true;
        }

        Require(!isForbidden, CudaResult.StreamCaptureUnsupported, $"{what} is not possible while a stream captures");
    }

    private void ForbidLegacyWhileCapturing(DriverStream stream)
    {
        if (stream.IsLegacy && _captures.Any(c => c.Streams.Any(s => s.IsBlocking)))
        {
            InvalidateAll();
            throw new DriverException(CudaResult.StreamCaptureImplicit, "the default stream is used while a stream captures that waits for it");
        }
    }

    private bool Forbids(Capture capture) =>
        _threadMode.Value != CaptureMode.Relaxed
        && (capture.Mode == CaptureMode.Global || (capture.Mode == CaptureMode.ThreadLocal && capture.Thread == Environment.CurrentManagedThreadId));
}
