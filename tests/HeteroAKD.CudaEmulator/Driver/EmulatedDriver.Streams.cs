using System.Diagnostics;

namespace HeteroAKD.CudaEmulator.Driver;

/// <summary>Streams, events, and what is done in them.</summary>
internal sealed unsafe partial class EmulatedDriver
{
    private readonly DriverStream _legacyStream = new(isLegacy: true, isBlocking: true);

    /// <summary>A new stream.</summary>
    /// <param name="flags">1 for one that does not wait for the default stream.</param>
    public nint CreateStream(int flags)
    {
        RequireContext();
        return _handles.Add(new DriverStream(isLegacy: false, isBlocking: (flags & 1) == 0));
    }

    /// <summary>Ends a stream.</summary>
    public void DestroyStream(nint handle)
    {
        RequireContext();
        DriverStream stream = _handles.Remove<DriverStream>(handle);
        Invalidate(stream.Capture);
    }

    /// <summary>The stream of a handle: 0, 1 and 2 name the default one.</summary>
    public DriverStream StreamOf(nint handle) => handle is 0 or 1 or 2 ? _legacyStream : _handles.Get<DriverStream>(handle);

    /// <summary>Does work, or captures it.</summary>
    public void Submit(nint streamHandle, Work work)
    {
        RequireContext();
        DriverStream stream = StreamOf(streamHandle);
        if (stream.Capture is null)
        {
            ForbidLegacyWhileCapturing(stream);
            Do(work);
            return;
        }

        RequireValid(stream.Capture);
        stream.Capture.Graph.Work.Add(work);
        stream.HasUnjoinedWork |= stream != stream.Capture.Origin;
    }

    /// <summary>Waits for a stream: there is nothing to wait for.</summary>
    public void Synchronize(nint streamHandle)
    {
        RequireContext();
        DriverStream stream = StreamOf(streamHandle);
        if (stream.Capture is not null)
        {
            Invalidate(stream.Capture);
            throw new DriverException(CudaResult.StreamCaptureUnsupported, "a stream that captures cannot be waited for");
        }

        ForbidLegacyWhileCapturing(stream);
    }

    /// <summary>Waits for all streams.</summary>
    public void SynchronizeContext()
    {
        RequireContext();
        if (_captures.Count > 0)
        {
            InvalidateAll();
            throw new DriverException(CudaResult.StreamCaptureUnsupported, "the context cannot be waited for while a stream captures");
        }
    }

    /// <summary>A new event.</summary>
    public nint CreateEvent()
    {
        RequireContext();
        return _handles.Add(new DriverEvent());
    }

    /// <summary>Ends an event.</summary>
    public void DestroyEvent(nint handle)
    {
        RequireContext();
        _handles.Remove<DriverEvent>(handle);
    }

    /// <summary>Marks where a stream is.</summary>
    public void RecordEvent(nint eventHandle, nint streamHandle)
    {
        RequireContext();
        DriverEvent mark = _handles.Get<DriverEvent>(eventHandle);
        DriverStream stream = StreamOf(streamHandle);
        if (stream.Capture is not null)
        {
            RequireValid(stream.Capture);
        }

        mark.Capture = stream.Capture;
        mark.Stream = stream;
        mark.Timestamp = Stopwatch.GetTimestamp();
    }

    /// <summary>Checks that an event can be asked or waited for.</summary>
    public void CheckEvent(nint handle)
    {
        RequireContext();
        DriverEvent mark = _handles.Get<DriverEvent>(handle);
        if (mark.Capture is not null && _captures.Contains(mark.Capture))
        {
            Invalidate(mark.Capture);
            throw new DriverException(CudaResult.CapturedEvent, "an event of a capture has not happened");
        }
    }

    /// <summary>Milliseconds between two events.</summary>
    public float ElapsedTime(nint start, nint end)
    {
        CheckEvent(start);
        CheckEvent(end);
        DriverEvent first = _handles.Get<DriverEvent>(start);
        DriverEvent last = _handles.Get<DriverEvent>(end);
        Require(first.Timestamp != 0 && last.Timestamp != 0, CudaResult.InvalidHandle, "an event was not recorded");
        return (float)Stopwatch.GetElapsedTime(first.Timestamp, last.Timestamp).TotalMilliseconds;
    }

    /// <summary>Lets a stream wait for an event: one that was recorded in a capture brings the stream into it, or joins it.</summary>
    public void WaitEvent(nint streamHandle, nint eventHandle)
    {
        RequireContext();
        DriverStream stream = StreamOf(streamHandle);
        DriverEvent mark = _handles.Get<DriverEvent>(eventHandle);
        Capture? capture = mark.Capture is not null && _captures.Contains(mark.Capture) ? mark.Capture : null;
        if (capture is null)
        {
            if (stream.Capture is not null)
            {
                Invalidate(stream.Capture);
                throw new DriverException(CudaResult.StreamCaptureUnsupported, "a stream that captures waits for an event outside the capture");
            }

            return;
        }

        RequireValid(capture);
        if (stream.IsLegacy || (stream.Capture is not null && stream.Capture != capture))
        {
            Invalidate(capture);
            Invalidate(stream.Capture);
            throw new DriverException(
                stream.IsLegacy ? CudaResult.StreamCaptureImplicit : CudaResult.StreamCaptureMerge,
                "a stream that captures elsewhere waits for an event of a capture");
        }

        stream.Capture = capture;
        capture.Streams.Add(stream);
        if (mark.Stream is not null && mark.Stream != stream)
        {
            // Whoever waits has to be joined in turn, unless it is the first stream.
            stream.HasUnjoinedWork |= stream != capture.Origin;
            mark.Stream.HasUnjoinedWork = false;
        }
    }

    private void Do(Work work)
    {
        switch (work)
        {
            case LaunchWork launch:
                _runner.Run(launch.Launch);
                break;
            case CopyWork copy:
                Copy(copy);
                break;
            case FillWork fill:
                Fill(fill);
                break;
            case HostWork host:
                ((delegate* unmanaged<nint, void>)host.Function)(host.Data);
                break;
            default:
                throw new InvalidOperationException($"work of an unknown kind: {work}");
        }
    }
}
