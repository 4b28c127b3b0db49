using HeteroAKD.Tensors.Devices.Cuda;

namespace HeteroAKD.Tensors.Tests.Devices.Cuda;

public sealed class CudaDiagnosisTests
{
    [Theory]
    [InlineData(false, 0, "", 0, null, "no libcuda.so.1")]
    [InlineData(true, 803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803)", 0, null, "cuInit failed: CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803)")]
    [InlineData(true, 100, "CUDA_ERROR_NO_DEVICE (100)", 0, "", "CUDA_VISIBLE_DEVICES='' decides which cards")]
    [InlineData(true, 0, "", 0, "7", "reports 0 devices. CUDA_VISIBLE_DEVICES='7'")]
    public void A_missing_card_is_explained(bool library, int result, string text, int devices, string? visible, string expected) =>
        Assert.Contains(expected, CudaDiagnosis.Explain(library, result, text, devices, visible));

    [Fact]
    public void A_card_needs_no_explanation() => Assert.Null(CudaDiagnosis.Explain(true, 0, "", 1, "0"));

    [Fact]
    public void A_driver_without_an_instruction_set_is_too_old()
    {
        Assert.Null(CudaDiagnosis.ExplainDriver("card", "8.0", "12.4", found: true));
        Assert.Contains(
            "speaks CUDA 8.0, and card (compute capability 8.0) needs a later one", CudaDiagnosis.ExplainDriver("card", "8.0", "8.0", found: false));
    }
}
