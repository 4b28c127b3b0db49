using HeteroAKD.Distillation;
using HeteroAKD.Distillation.Terms;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Experiments.GivenTeachers;

/// <summary>Asks a graph for the logits of each batch, and for its feature maps where it gives some.</summary>
/// <param name="graph">The graph; taken over. Its maps are those of <paramref name="stages"/> stages, then perhaps the classifier's input.</param>
/// <param name="stages">How many of its maps are stages of its encoder.</param>
/// <param name="map">What its classes mean.</param>
/// <param name="adapter">How its images follow from the student's; null where both are normalised alike. Taken over.</param>
internal sealed class GraphOutputs(OnnxTeacher graph, int stages, ClassMap map, InputAdapter? adapter) : ITeacherOutputs
{
    private readonly Tensor?[] _tensors = new Tensor?[graph.Channels.Count]; // the logits, then the maps

    /// <inheritdoc/>
    public TermReads? GivesOnly =>
        TermReads.Logits | TermReads.Labels | (stages > 0 ? TermReads.EncoderStages : 0) | (HasClassifierInput ? TermReads.ClassifierInput : 0);

    /// <summary>The table of its classes; none where they are those of the data.</summary>
    public IEnumerable<string> ClassLines => map.Lines(graph.ClassNames);

    /// <summary>Where the graph runs, where that is not the CPU; empty else.</summary>
    public string Note => graph.Note;

    private bool HasClassifierInput => graph.Channels.Count > 1 + stages;

    /// <inheritdoc/>
    public SegmentationOutput Of(Batch batch, Tensor images, TermReads reads, Func<Tensor, SegmentationOutput> teacher)
    {
        IReadOnlyList<(float[] Values, Shape Shape)> results = Run(images);
        for (int i = 0; i < results.Count; i++)
        {
            if (_tensors[i]?.Shape != results[i].Shape)
            {
                _tensors[i]?.Dispose();
                _tensors[i] = Tensor.Persistent(images.Device, results[i].Shape);
            }

            _tensors[i]!.CopyFrom(results[i].Values);
        }

        FeatureMaps features = default;
        foreach (Tensor? stage in _tensors.AsSpan(1, stages))
        {
            features = features.With(stage!);
        }

        return new SegmentationOutput(_tensors[0]!, null, features, _tensors[HasClassifierInput ? ^1 : 0]!);
    }

    /// <summary>The logits of images for the classes here.</summary>
    /// <param name="images">[N, 3, H, W], normalised for the student.</param>
    public (float[] Values, Shape Shape) Logits(Tensor images) => Run(images)[0];

    /// <inheritdoc/>
    public void Dispose()
    {
        Array.ForEach(_tensors, tensor => tensor?.Dispose());
        adapter?.Dispose();
        graph.Dispose();
    }

    private IReadOnlyList<(float[] Values, Shape Shape)> Run(Tensor images)
    {
        using NoGrad noGrad = new();
        using StepScope scope = images.Device.BeginStep();
        (int height, int width) = (graph.Fixed.Height > 0 ? graph.Fixed.Height : images.Shape[2], graph.Fixed.Width > 0 ? graph.Fixed.Width : images.Shape[3]);
        Tensor adapted = adapter?.Apply(images) ?? images;
        Tensor seen = (height, width) == (images.Shape[2], images.Shape[3]) ? adapted : Functional.Interpolate(adapted, height, width);
        IReadOnlyList<(float[] Values, Shape Shape)> results = graph.Run(seen.ToFloats(), seen.Shape);
        return map.IsIdentity ? results : [Mapped(results[0]), .. results.Skip(1)];
    }

    private (float[] Values, Shape Shape) Mapped((float[] Values, Shape Shape) logits)
    {
        (float[] values, Shape shape) = logits;
        int size = shape.CountFrom(1);
        float[] mapped = [.. Enumerable.Range(0, shape[0]).SelectMany(n => map.Apply(values[(n * size)..((n + 1) * size)], shape.CountFrom(2)))];
        return (mapped, new Shape(shape[0], mapped.Length / shape[0] / shape.CountFrom(2), shape[2], shape[3]));
    }
}
