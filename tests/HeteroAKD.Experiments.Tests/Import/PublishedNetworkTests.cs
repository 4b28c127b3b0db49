using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Weights.Formats;
using HeteroAKD.Weights.Import;

namespace HeteroAKD.Experiments.Tests.Import;

/// <summary>Whole networks of torchvision against torchvision's own logits (<c>tests/python/torchvision_networks.py</c>).</summary>
public sealed class TorchvisionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("deeplabv3_resnet50", "deeplabv3-resnet50b")]
    [InlineData("deeplabv3_resnet101", "deeplabv3-resnet101b")]
    public void A_whole_network_has_torchvisions_logits(string theirs, string ours)
    {
        Python.Require();
        Python.Script("torchvision_networks.py", _folder.Path, theirs);
        using Device device = Device.Open("cpu", 2);
        using SegmentationModel model = ModelZoo.Create(ours, 5, device, seed: null);
        WeightImport import = WeightImport.Of(Checkpoint.ReadWeights(_folder.File($"{theirs}.pth")).File);
        Assert.Equal(5, import.Classes);
        ImportReport report = import.CopyTo(model, backboneOnly: false);
        Assert.True(report.Complete, string.Join('\n', report.Lines()));
        float[] expected = Of("logits").ToFloats().ToArray();
        using StepScope scope = device.BeginStep();
        using NoGrad noGrad = new();
        Tensor logits = model.Forward(Of("images").ToTensor(device), Pass.Evaluation).Logits;
        int[] sizes = Of("logits").Sizes;
        float[] found = Functional.Interpolate(logits, sizes[2], sizes[3], alignCorners: false).ToFloats();
        float largest = expected.Max(MathF.Abs);
        Assert.True(largest > 0.1f, $"the logits are {largest} at most");
        float worst = expected.Zip(found, (a, b) => MathF.Abs(a - b)).Max();
        Assert.True(worst <= 1e-5f * largest, $"they differ by {worst / largest:G3} of the largest");

        HostTensor Of(string what) => TorchFile.Read(_folder.File($"{theirs}.{what}.pth")).Tensors[0];
    }
}
