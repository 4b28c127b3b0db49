using HeteroAKD.Tensors.Checks;

namespace HeteroAKD.Tensors.Tests.Checks;

/// <summary>Products, convolutions and attention at real sizes on OpenCL: the tiled kernels with all their threads at once.</summary>
public sealed class RealSizeTests(TestDevices devices)
{
    public static TheoryData<string> Names => new(RealSizes.Names);

    [Theory]
    [MemberData(nameof(Names))]
    public void OpenCL(string name) => RealSizes.Check(devices.OpenCL, devices.Cpu, name, largeTiles: false);

    /// <summary>One of a kind: PoCL takes some ten seconds to compile a large tile. The emulated card runs all of them.</summary>
    [Fact]
    public void OpenCL_with_large_tiles() => RealSizes.Check(devices.OpenCL, devices.Cpu, "matmul 131x33x199", largeTiles: true);
}
