using HeteroAKD.Experiments.Commands;

namespace HeteroAKD.Experiments.Tests.Commands;

public sealed class InfoServiceTests
{
    [Fact]
    public void Devices_are_listed_whether_they_are_there_or_not()
    {
        IReadOnlyList<DeviceInfo> devices = new InfoService().Devices();
        Assert.Equal(["cpu", "cuda", "opencl", "ilgpu-cpu"], devices.Select(d => d.Name));
        DeviceInfo cpu = devices[0];
        Assert.True(cpu.Available);
        Assert.Contains("floats a lane", cpu.Description);
        Assert.True(cpu.MemoryBytes > 1 << 28);
        Assert.All(devices, d => Assert.NotEmpty(d.Note));
        Assert.All(devices.Where(d => d.Available), d => Assert.InRange(d.MemoryBytes, 1, 1L << 50));
    }
}
