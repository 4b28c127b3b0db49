using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Devices;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Tests.Autograd;

public sealed class GraphTraceTests
{
    [Fact]
    public void Notes_operations_with_attributes_inputs_and_output_until_it_ends()
    {
        using Device device = Device.Open("cpu", 1);
        using (device.BeginStep())
        {
            Tensor image = Tensor.Zeros(device, new Shape(1, 3, 8, 8));
            Tensor weight = Tensor.Zeros(device, new Shape(4, 3, 3, 3));
            using GraphTrace trace = new(device);
            Tensor map = Functional.Conv2d(image, weight, stride: 2, padding: 1);
            Tensor rectified = Functional.Relu(map);
            trace.Dispose();
            Functional.Relu(rectified);

            Assert.Equal(["conv2d", "relu"], trace.Operations.Select(o => o.Row.Name));
            TracedOperation convolution = trace.Operations[0];
            Assert.Equal(new Conv2dAttributes { Stride = 2, Padding = 1 }, convolution.Attributes);
            Assert.Equal([image, weight, null], convolution.Inputs);
            Assert.Same(map, convolution.Output);
            Assert.Same(map, trace.Operations[1].Inputs[0]);
        }
    }

    [Fact]
    public void Two_traces_of_a_device_exclude_each_other()
    {
        using Device device = new MetaDevice();
        using GraphTrace trace = new(device);
        Assert.Throws<InvalidOperationException>(() => new GraphTrace(device));
    }

    // 64 GB of activations: more than the machine has, and none of it is written.
    [Fact]
    public void The_meta_device_follows_shapes_of_any_size()
    {
        using Device device = new MetaDevice();
        using StepScope step = device.BeginStep();
        Tensor weight = Tensor.Empty(device, new Shape(128, 128, 3, 3));
        Tensor x = Tensor.Empty(device, new Shape(1, 128, 2048, 4096));
        for (int i = 0; i < 14; i++)
        {
            x = Functional.Conv2d(x, weight, padding: 1);
        }

        Assert.Equal(new Shape(1, 128, 1024, 2048), Functional.MaxPool2d(x, 2, 2).Shape);
    }
}
