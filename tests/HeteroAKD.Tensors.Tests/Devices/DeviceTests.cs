namespace HeteroAKD.Tensors.Tests.Devices;

public sealed class DeviceTests
{
    [Fact]
    public void An_unknown_device_is_an_error_that_lists_those_that_there_are()
    {
        DeviceNotAvailableException error = Assert.Throws<DeviceNotAvailableException>(() => Device.Open("gpu"));
        Assert.Equal("there are cpu, cuda, opencl, ilgpu-cpu and auto.", error.Reason);
        Assert.Contains("device 'gpu' is not available", error.Message);
    }

    [Fact]
    public void Auto_is_cuda_where_there_is_one_and_else_the_cpu()
    {
        using Device device = Device.Open();
        Assert.Equal(AcceleratorDevice.HasCuda ? "cuda" : "cpu", device.Name);
    }

    [Fact]
    public void A_missing_card_is_said_with_the_remedy()
    {
        Assert.SkipWhen(AcceleratorDevice.HasCuda, "this machine has a card");
        DeviceNotAvailableException error = Assert.Throws<DeviceNotAvailableException>(() => Device.Open("cuda"));
        Assert.Contains("take --device cpu", error.Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void The_host_says_what_it_is(int threads)
    {
        using Device device = Device.Open("cpu", threads);
        Assert.Contains($"{threads} thread", device.Description);
        Assert.Contains("floats a lane", device.Description);
        Assert.True(device.MemoryBytes > 0);
        Assert.True(device.IsHost);
    }

    [Fact]
    public void A_closed_device_has_given_everything_back()
    {
        Device device = Device.Open("cpu", 1);
        Tensor.Zeros(device, new Shape(1000));
        device.Dispose();
        Assert.Equal(0, device.Allocator.Reserved);
        Assert.Equal(0, device.Allocator.LiveBlocks);
    }

    [Fact]
    public void A_kernel_is_compiled_once()
    {
        using AcceleratorDevice device = (AcceleratorDevice)Device.Open("ilgpu-cpu");
        using (device.BeginStep())
        {
            Tensor x = Tensor.Full(device, new Shape(5), 2);
            Functional.Relu(x);
            int compiled = device.CompiledKernels;
            Functional.Relu(x);
            Functional.Relu(Tensor.Full(device, new Shape(7, 3), 2));
            Assert.Equal(compiled, device.CompiledKernels);
        }
    }
}
