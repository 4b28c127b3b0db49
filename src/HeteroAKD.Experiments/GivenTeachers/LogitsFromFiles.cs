using HeteroAKD.Distillation;
using HeteroAKD.Distillation.Terms;
using HeteroAKD.Experiments.TeacherCache;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.GivenTeachers;

/// <summary>Gives each batch the logits of its images from files: scaled, cut and mirrored as the images are.</summary>
/// <param name="folder">The files.</param>
/// <param name="names">Names of the images, by <see cref="ImageView.Source"/> and index.</param>
/// <param name="classes">Classes of the logits.</param>
/// <param name="stride">Pixels of the batch's images per cell of its logits, along one axis; the same for every batch, whichever comes first.</param>
internal sealed class LogitsFromFiles(LogitsFolder folder, IReadOnlyList<IReadOnlyList<string>> names, int classes, int stride) : ITeacherOutputs
{
    private Tensor? _logits;      // [N, C, h, w]
    private float[] _values = []; // the same on the host

    /// <inheritdoc/>
    public TermReads? GivesOnly => TermReads.Logits | TermReads.Labels;

    /// <inheritdoc/>
    public SegmentationOutput Of(Batch batch, Tensor images, TermReads reads, Func<Tensor, SegmentationOutput> teacher)
    {
        Tensor logits = Fitting(batch, images.Device);
        int size = logits.Shape.CountFrom(1);
        for (int n = 0; n < batch.Count; n++)
        {
            // The file covers the image, whatever its size.
            GivenLogits g = folder.Read(names[batch.Views[n].Source][batch.Indices[n]]);
            WholeMap whole = new(g.Classes, new MapAxis(g.Height, g.Height, g.Height), new MapAxis(g.Width, g.Width, g.Width), g.Values);
            MapWindow.Sample(whole, batch.Views[n], (batch.Height, batch.Width), (logits.Shape[2], logits.Shape[3]), _values.AsSpan(n * size, size));
        }

        logits.CopyFrom(_values.AsSpan(0, logits.Shape.Count));
        return new SegmentationOutput(logits, null, default, logits);
    }

    /// <inheritdoc/>
    public void Dispose() => _logits?.Dispose();

    private Tensor Fitting(Batch batch, Device device)
    {
        if (_logits is not null && _logits.Shape[0] == batch.Count)
        {
            return _logits;
        }

        _logits?.Dispose();
        _logits = Tensor.Persistent(device, new Shape(batch.Count, classes, Math.Max(1, batch.Height / stride), Math.Max(1, batch.Width / stride)));
        _values = new float[_logits.Shape.Count];
        return _logits;
    }
}
