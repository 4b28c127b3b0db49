using HeteroAKD.Tensors;

namespace HeteroAKD.Cuda.Tests.Runtime;

/// <summary>What is said where cuBLAS was asked for and cannot be had.</summary>
public sealed class CublasTests(EmulatedCard card)
{
    [Fact]
    public void A_missing_library_is_named()
    {
        card.Require();
        using Device cuda = Device.Open("cuda");
        Assert.SkipWhen(
            Tensors.Devices.Cuda.Cublas.Names.Any(name => System.Runtime.InteropServices.NativeLibrary.TryLoad(name, out _)), "cuBLAS is installed");
        Assert.Contains("libcublas.so.13", Assert.Throws<DeviceNotAvailableException>(cuda.UseCublas).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_devices_have_none()
    {
        using Device cpu = Device.Open("cpu", 1);
        Assert.Contains("cuda only", Assert.Throws<DeviceNotAvailableException>(cpu.UseCublas).Message, StringComparison.Ordinal);
    }
}
