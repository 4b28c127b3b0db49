using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;

namespace HeteroAKD.Experiments.Tests.Commands;

/// <summary>Weights that are finite, and too large for float32's range once they meet an image.</summary>
public sealed class NonFiniteLogitsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TinyFolder _data;
    private readonly string _checkpoint;

    public NonFiniteLogitsTests()
    {
        _data = new TinyFolder(_folder.File("set"));
        _checkpoint = SavedNetwork.Write(_folder.File("network.safetensors"), _data.Config(""), 2, Overflow);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Predict_names_the_image_and_writes_nothing_for_it()
    {
        PredictRequest request = new(_checkpoint, [_data.Image("t0")], _folder.File("out"), []);
        CheckpointException error = Assert.Throws<CheckpointException>(() => new InferenceService().Run(request, new SilentSink(), CancellationToken.None));
        Assert.Contains(
            $"{_checkpoint}: cannot be used on {_data.Image("t0")}: the network's logits are NaN or infinite", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("out")));
    }

    [Theory]
    [InlineData("evaluation.scales=[1]")]
    [InlineData("evaluation.scales=[0.5, 1]")]
    [InlineData("evaluation.mode=slide")]
    public void Eval_gives_no_score(string setting)
    {
        EvaluateRequest request = new([_checkpoint], "val", [setting], "", SavedPictures.None);
        CheckpointException error = Assert.Throws<CheckpointException>(() => new InferenceService().Run(request, new SilentSink(), CancellationToken.None));
        Assert.Contains(
            "cannot be used on the images behind the 0 that were scored: the network's logits are NaN or infinite", error.Message, StringComparison.Ordinal);
    }

    private static void Overflow(SegmentationModel model)
    {
        Tensor classifier = model.Parameters().Last(p => p.Shape.Rank == 4);
        classifier.CopyFrom([.. Enumerable.Repeat(3e38f, (int)classifier.Shape.Count)]);
    }
}
