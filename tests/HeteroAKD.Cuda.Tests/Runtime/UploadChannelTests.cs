using HeteroAKD.Tensors;

namespace HeteroAKD.Cuda.Tests.Runtime;

/// <summary>Batches that travel ahead of the steps that read them.</summary>
public sealed class UploadChannelTests : IDisposable
{
    private const int Batches = 7;

    private readonly Device _device;

    public UploadChannelTests(EmulatedCard card)
    {
        card.Require();
        _device = Device.Open("cuda");
    }

    public void Dispose() => _device.Dispose();

    [Fact]
    public void Every_step_sees_its_own_batch_though_the_host_reuses_its_array_at_once()
    {
        using Tensor images = Tensor.Persistent(_device, new Shape(3, 500));
        using Tensor labels = Tensor.Persistent(_device, new Shape(500), DType.Int32);
        Tensor[] seen = [.. Enumerable.Range(0, Batches).Select(_ => Tensor.Persistent(_device, images.Shape))];
        int[][] seenLabels = new int[Batches][];
        float[] batch = new float[images.Shape.Count];
        int[] classes = new int[labels.Shape.Count];
        using (UploadChannel floats = _device.OpenChannel(images))
        using (UploadChannel integers = _device.OpenChannel(labels))
        {
            for (int k = 0; k < Batches; k++)
            {
                Fill(batch, k);
                Array.Fill(classes, k);
                floats.Send(batch);
                integers.Send(classes);
                Array.Fill(batch, float.NaN);
                Tensors.Ops.Copy.Run(images, seen[k]);
                seenLabels[k] = labels.ToInts();
            }
        }

        for (int k = 0; k < Batches; k++)
        {
            Fill(batch, k);
            Assert.Equal(batch, seen[k].ToFloats());
            Assert.All(seenLabels[k], label => Assert.Equal(k, label));
            seen[k].Dispose();
        }
    }

    [Fact]
    public void Values_longer_than_a_slot_of_the_ring_arrive_whole()
    {
        float[] values = new float[(20 << 20) / sizeof(float)];
        Fill(values, 3);
        using Tensor x = Tensor.From(_device, new Shape(values.Length), values);
        Assert.True(values.AsSpan().SequenceEqual(x.ToFloats()));
    }

    [Fact]
    public void A_channel_says_what_does_not_fit()
    {
        using Tensor x = Tensor.Persistent(_device, new Shape(4));
        using UploadChannel channel = _device.OpenChannel(x);
        Assert.Contains("3 values for 4 elements", Assert.Throws<ShapeMismatchException>(() => channel.Send([1f, 2f, 3f])).Message);
        Assert.Throws<DTypeMismatchException>(() => channel.Send([1, 2, 3, 4]));
    }

    [Fact]
    public void A_channel_leaves_no_memory_behind()
    {
        int blocks = _device.Allocator.LiveBlocks;
        using (Tensor x = Tensor.Persistent(_device, new Shape(4)))
        using (UploadChannel channel = _device.OpenChannel(x))
        {
            channel.Send([1f, 2f, 3f, 4f]);
        }

        Assert.Equal(blocks, _device.Allocator.LiveBlocks);
    }

    private static void Fill(float[] batch, int k)
    {
        for (int i = 0; i < batch.Length; i++)
        {
            batch[i] = (1000 * k) + (i % 997);
        }
    }
}
