using HeteroAKD.Distillation;
using HeteroAKD.Distillation.Terms;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Experiments.GivenTeachers;

/// <summary>Asks a graph for the logits of each batch.</summary>
/// <param name="graph">The graph; taken over.</param>
/// <param name="map">What its classes mean.</param>
/// <param name="adapter">How its images follow from the student's; null where both are normalised alike. Taken over.</param>
internal sealed class LogitsFromGraph(OnnxTeacher graph, ClassMap map, InputAdapter? adapter) : ITeacherOutputs
{
    private Tensor? _logits; // [N, C, h, w]

    /// <inheritdoc/>
    public bool GivesLogitsAlone => true;

    /// <inheritdoc/>
    public SegmentationOutput Of(Batch batch, Tensor images, TermReads reads, Func<Tensor, SegmentationOutput> teacher)
    {
        (float[] values, Shape shape) = Logits(images);
        if (_logits?.Shape != shape)
        {
            _logits?.Dispose();
            _logits = Tensor.Persistent(images.Device, shape);
        }

        _logits.CopyFrom(values);
        return new SegmentationOutput(_logits, null, default, _logits);
    }

    /// <summary>The table of its classes; none where they are those of the data.</summary>
    public IEnumerable<string> ClassLines => map.Lines(graph.ClassNames);

    /// <summary>The logits of images for the classes here.</summary>
    /// <param name="images">[N, 3, H, W], normalised for the student.</param>
    public (float[] Values, Shape Shape) Logits(Tensor images)
    {
        using NoGrad noGrad = new();
        using StepScope scope = images.Device.BeginStep();
        (int height, int width) = (graph.Fixed.Height > 0 ? graph.Fixed.Height : images.Shape[2], graph.Fixed.Width > 0 ? graph.Fixed.Width : images.Shape[3]);
        Tensor adapted = adapter?.Apply(images) ?? images;
        Tensor seen = (height, width) == (images.Shape[2], images.Shape[3]) ? adapted : Functional.Interpolate(adapted, height, width);
        (float[] values, Shape shape) = graph.Run(seen.ToFloats(), seen.Shape);
        int size = shape.CountFrom(1);
        float[] mapped = map.IsIdentity ? values : [.. Enumerable.Range(0, shape[0]).SelectMany(n => map.Apply(values[(n * size)..((n + 1) * size)], shape.CountFrom(2)))];
        return (mapped, new Shape(shape[0], mapped.Length / shape[0] / shape.CountFrom(2), shape[2], shape[3]));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _logits?.Dispose();
        adapter?.Dispose();
        graph.Dispose();
    }
}
