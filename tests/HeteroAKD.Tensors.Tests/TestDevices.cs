using System.Reflection;

[assembly: AssemblyFixture(typeof(HeteroAKD.Tensors.Tests.TestDevices))]

namespace HeteroAKD.Tensors.Tests;

/// <summary>
/// The devices of this machine, opened once for all tests, as an accelerator compiles each kernel once. At the end it says how many cases, devices and gates
/// were run.
/// </summary>
public sealed class TestDevices : IDisposable
{
    private readonly HashSet<string> _cases = [];
    private readonly HashSet<string> _devices = [];
    private readonly HashSet<MethodInfo> _gates = [];
    private readonly Lazy<(Device? Device, string Reason)> _openCL = new(() => Open("opencl"));
    private readonly Lazy<(Device? Device, string Reason)> _cuda = new(() => Open("cuda"));
    private readonly Lazy<Device> _simulator = new(() => Device.Open("ilgpu-cpu"));

    public TestDevices()
    {
        Guarded = Device.Open("cpu", 2);
        Guarded.Allocator.Guarded = true;
    }

    /// <summary>The host with two threads.</summary>
    public Device Cpu { get; } = Device.Open("cpu", 2);

    /// <summary>The host with one thread.</summary>
    public Device OneThread { get; } = Device.Open("cpu", 1);

    /// <summary>The host with more threads than this machine may have.</summary>
    public Device ManyThreads { get; } = Device.Open("cpu", 5);

    /// <summary>The host with sentinels around every block.</summary>
    public Device Guarded { get; }

    /// <summary>ILGPU's simulator.</summary>
    public Device Simulator => _simulator.Value;

    /// <summary>The OpenCL device; skips the test, with the reason, where there is none.</summary>
    public Device OpenCL => Present(_openCL.Value);

    /// <summary>The CUDA device; skips the test, with the reason, where there is none.</summary>
    public Device Cuda => Present(_cuda.Value);

    /// <summary>Notes what was run, for the last line.</summary>
    public void Ran(string opCase, Device device)
    {
        _cases.Add(opCase);
        _devices.Add(device.Name);
    }

    /// <summary>Notes that a kernel is compiled and looked through, for the last line; false if it was before.</summary>
    public bool Gated(MethodInfo entry) => _gates.Add(entry);

    public void Dispose()
    {
        TestContext.Current.SendDiagnosticMessage(
            "{0} op cases run on {1} devices ({2}), {3} kernels' PTX looked through", _cases.Count, _devices.Count, string.Join(", ", _devices), _gates.Count);
        foreach (Device device in new[] { Cpu, OneThread, ManyThreads, Guarded })
        {
            device.Dispose();
        }

        if (_simulator.IsValueCreated)
        {
            _simulator.Value.Dispose();
        }

        Close(_openCL);
        Close(_cuda);
    }

    private static void Close(Lazy<(Device? Device, string Reason)> device)
    {
        if (device.IsValueCreated)
        {
            device.Value.Device?.Dispose();
        }
    }

    private static Device Present((Device? Device, string Reason) opened)
    {
        Assert.SkipWhen(opened.Device is null, opened.Reason);
        return opened.Device!;
    }

    private static (Device? Device, string Reason) Open(string name)
    {
        try
        {
            return (Device.Open(name), "");
        }
        catch (DeviceNotAvailableException e)
        {
            return (null, e.Message);
        }
    }
}
