using HeteroAKD.CudaEmulator.Execution;

namespace HeteroAKD.CudaEmulator.Driver;

/// <summary>The state of the driver: one device, whose work is done when it is asked for. Callers take turns (<see cref="Exports"/> sees to it).</summary>
internal sealed partial class EmulatedDriver
{
    // Of each thread: the context in use on top, those before below it.
    private readonly ThreadLocal<Stack<nint>> _contexts = new(() => new Stack<nint>());
    private readonly HandleTable _handles = new();
    private readonly GridRunner _runner;
    private nint _primaryContext;

    /// <summary>A driver with a device.</summary>
    public EmulatedDriver(DeviceProfile profile)
    {
        Profile = profile;
        _runner = new GridRunner(Memory);
    }

    /// <summary>The device.</summary>
    public DeviceProfile Profile { get; }

    /// <summary>What kernels reach.</summary>
    public DeviceMemory Memory { get; } = new();

    /// <summary>Counts of what ran.</summary>
    public Statistics Statistics => _runner.Statistics;

    /// <summary>The last error in words; empty before one.</summary>
    public string LastError { get; set; } = "";

    /// <summary>The context of the calling thread; 0 without one.</summary>
    public nint CurrentContext => _contexts.Value!.TryPeek(out nint context) ? context : 0;

    /// <summary>Checks the number of a device.</summary>
    public static void CheckDevice(int device) => Require(device == 0, CudaResult.InvalidDevice, $"there is device 0 only, not {device}");

    /// <summary>A new context, current for the calling thread.</summary>
    public nint CreateContext(int device)
    {
        CheckDevice(device);
        nint context = _handles.Add(new DriverContext());
        PushContext(context);
        return context;
    }

    /// <summary>The context that all parts of a program share.</summary>
    public nint PrimaryContext(int device)
    {
        CheckDevice(device);
        _primaryContext = _primaryContext == 0 ? _handles.Add(new DriverContext()) : _primaryContext;
        return _primaryContext;
    }

    /// <summary>Ends a context.</summary>
    public void DestroyContext(nint context)
    {
        _handles.Remove<DriverContext>(context);
        if (CurrentContext == context)
        {
            PopContext();
        }
    }

    /// <summary>Makes a context current for the calling thread; 0 for none.</summary>
    public void SetContext(nint context)
    {
        if (context != 0)
        {
            _handles.Get<DriverContext>(context);
        }

        PopContext();
        _contexts.Value!.Push(context);
    }

    /// <summary>Makes a context current and remembers the one before.</summary>
    public void PushContext(nint context)
    {
        _handles.Get<DriverContext>(context);
        _contexts.Value!.Push(context);
    }

    /// <summary>Goes back to the context before.</summary>
    /// <returns>The one that was current.</returns>
    public nint PopContext() => _contexts.Value!.TryPop(out nint context) ? context : 0;

    /// <summary>Checks that the calling thread has a context that is alive.</summary>
    public void RequireContext()
    {
        Require(CurrentContext != 0, CudaResult.InvalidContext, "no context is current for the calling thread");
        _handles.Get<DriverContext>(CurrentContext);
    }

    private static void Require(bool condition, CudaResult result, string problem)
    {
        if (!condition)
        {
            throw new DriverException(result, problem);
        }
    }
}
