using HeteroAKD.Cuda.Tests.Cases;
using HeteroAKD.Cuda.Tests.Runtime;
using HeteroAKD.Tensors;

[assembly: AssemblyFixture(typeof(CudaDevices))]

namespace HeteroAKD.Cuda.Tests.Cases;

/// <summary>The emulated device and the host, opened once for all cases, as each kernel is compiled once for a device.</summary>
public sealed class CudaDevices : IDisposable
{
    private readonly Lazy<Device> _cuda = new(() => Device.Open("cuda"));

    /// <summary>The host.</summary>
    public Device Cpu { get; } = Device.Open("cpu", 1);

    /// <summary>
    /// Runs a check on the emulated device; where the emulator stops a kernel, the error says which and why. Skips the test where there is no device.
    /// </summary>
    public void Run(EmulatedCard card, Action<Device> check)
    {
        card.Require();
        try
        {
            check(_cuda.Value);
        }
        catch (Exception e) when (e.GetType().Name.Contains("Cuda", StringComparison.Ordinal))
        {
            Assert.Fail($"{e.Message} {card.LastError}");
        }
    }

    public void Dispose()
    {
        Cpu.Dispose();
        if (_cuda.IsValueCreated)
        {
            _cuda.Value.Dispose();
        }
    }
}
