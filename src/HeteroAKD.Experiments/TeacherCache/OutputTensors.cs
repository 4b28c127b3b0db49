using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.TeacherCache;

/// <summary>The tensors that every batch of one shape gets as its teacher's output, so that a recorded step finds them where they were.</summary>
internal sealed class OutputTensors : IDisposable
{
    private Tensor[] _all = []; // logits, classifier input, stages
    private Shape _images;

    /// <summary>The maps, in the order of <see cref="Parts"/>.</summary>
    public IReadOnlyList<Tensor> All => _all;

    /// <summary>The same as an output.</summary>
    public SegmentationOutput Output { get; private set; }

    /// <summary>The maps of an output: logits, classifier input, stages.</summary>
    public static IReadOnlyList<Tensor> Parts(SegmentationOutput output) =>
        [output.Logits, output.HeadFeature, .. Enumerable.Range(0, output.Features.Count).Select(stage => output.Features[stage])];

    /// <summary>Makes them for images of another shape than before, of the shapes that the teacher gives.</summary>
    public void Fit(Tensor images, Func<Tensor, SegmentationOutput> teacher)
    {
        if (images.Shape == _images)
        {
            return;
        }

        Dispose();
        (Shape Shape, DType Type)[] forms;
        using (images.Device.BeginStep())
        {
            forms = [.. Parts(teacher(images)).Select(t => (t.Shape, t.DType))];
        }

        _all = [.. forms.Select(form => Tensor.Persistent(images.Device, form.Shape, form.Type))];
        FeatureMaps features = default;
        foreach (Tensor stage in _all.AsSpan(2))
        {
            features = features.With(stage);
        }

        Output = new SegmentationOutput(_all[0], null, features, _all[1]);
        _images = images.Shape;
    }

    /// <summary>Frees them.</summary>
    public void Dispose()
    {
        foreach (Tensor tensor in _all)
        {
            tensor.Dispose();
        }

        _all = [];
        _images = default;
    }
}
