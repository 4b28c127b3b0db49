using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Tiles;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Devices;
using HeteroAKD.Tensors.Devices.Cuda;

namespace HeteroAKD.Cuda.Tests.Runtime;

/// <summary>The choice between tiles: asked once, kept, never made in a recorded step.</summary>
public sealed class TileTunerTests(EmulatedCard card)
{
    private static readonly TiledProduct s_large = new(
        typeof(DepthMatrix<WholePieces>), typeof(LineMatrix<WholePieces>), MatrixPrecision.Fp32, 4096, 4096, 64, 1);

    [Fact]
    public void A_product_is_tried_once_and_the_answer_outlives_the_process()
    {
        card.Require();
        using TemporaryFolder folder = new();
        KernelCache cache = new(folder.Path);
        KernelKey key = new("test");
        using CudaDevice device = CudaDevice.Open(cache);
        TileTuner tuner = new(device, cache, key, enabled: true);
        Assert.Null(tuner.IsLarge(s_large, planned: true));
        List<bool> launched = [];
        bool answer = tuner.Try(s_large, launched.Add);
        Assert.Equal(launched.Count / 2, launched.Count(large => large));
        Assert.Equal(answer, tuner.IsLarge(s_large, planned: !answer));
        Assert.Equal(answer, new TileTuner(device, cache, key, enabled: true).IsLarge(s_large, planned: !answer));
        Assert.Equal(1, tuner.Tried);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Small_products_and_a_tuner_that_is_off_take_what_is_planned(bool planned)
    {
        card.Require();
        using TemporaryFolder folder = new();
        KernelCache cache = new(folder.Path);
        using CudaDevice device = CudaDevice.Open(cache);
        Assert.Equal(planned, new TileTuner(device, cache, new KernelKey("test"), enabled: true).IsLarge(s_large with { Rows = 16, Columns = 16 }, planned));
        Assert.Equal(planned, new TileTuner(device, cache, new KernelKey("test"), enabled: false).IsLarge(s_large, planned));
    }

    [Fact]
    public void A_recorded_step_is_not_tried_in()
    {
        card.Require();
        using TemporaryFolder folder = new();
        KernelCache cache = new(folder.Path);
        using CudaDevice device = CudaDevice.Open(cache);
        TileTuner tuner = new(device, cache, new KernelKey("test"), enabled: true);
        device.StartRecording();
        Assert.True(tuner.IsLarge(s_large, planned: true));
        device.StopRecording();
        Assert.Null(tuner.IsLarge(s_large, planned: true));
    }
}
