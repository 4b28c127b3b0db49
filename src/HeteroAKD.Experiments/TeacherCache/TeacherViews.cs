using HeteroAKD.Data;
using HeteroAKD.Distillation;
using HeteroAKD.Distillation.Terms;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.TeacherCache;

/// <summary>
/// Asks the teacher once for every whole image; the windows, scales and mirror images of training are cut out of its maps (<c>data.teacherCache</c>). That is
/// an approximation: the teacher never sees the scaled or re-coloured image, sees beyond the window, and its maps are interpolated and kept with 16 bits.
/// </summary>
internal sealed class TeacherViews : ITeacherOutputs
{
    // What the deepest maps of the networks here divide an image by.
    private const int SizeDivisor = 32;

    private readonly IReadOnlyList<ISegmentationDataset> _sources;
    private readonly Augmentation _whole;
    private readonly IWholeOutputs _kept;
    private readonly Action<string> _say;
    private readonly OutputTensors _tensors = new();
    private float[] _values = [];  // [N, C, h, w] of one map
    private float[] _scratch = []; // [C, h, w] of one whole image's map

    /// <summary>Cuts the outputs of batches out of those of whole images.</summary>
    /// <param name="sources">The data sets that batches come from, by <see cref="ImageView.Source"/>.</param>
    /// <param name="evaluation">How whole images are normalised and padded.</param>
    /// <param name="kept">Keeps the outputs of whole images; taken over.</param>
    /// <param name="say">Hears how many images the teacher was asked for.</param>
    public TeacherViews(IReadOnlyList<ISegmentationDataset> sources, Augmentation evaluation, IWholeOutputs kept, Action<string> say)
    {
        (_sources, _kept, _say) = (sources, kept, say);
        _whole = evaluation with { SizeDivisor = SizeDivisor };
    }

    /// <summary>Whole images that the teacher was asked for.</summary>
    public int Asked { get; private set; }

    /// <inheritdoc/>
    public SegmentationOutput Of(Batch batch, Tensor images, TermReads reads, Func<Tensor, SegmentationOutput> teacher)
    {
        _tensors.Fit(images, teacher);
        int[] parts = [.. Enumerable.Range(0, _tensors.All.Count).Where(part => IsRead(part, reads))];
        WholeOutput[] wholes = [.. Enumerable.Range(0, batch.Count).Select(n => Whole(batch.Views[n].Source, batch.Indices[n], parts, images.Device, teacher))];
        for (int i = 0; i < parts.Length; i++)
        {
            Tensor map = _tensors.All[parts[i]];
            int size = map.Shape.CountFrom(1);
            Array.Resize(ref _values, Math.Max(_values.Length, map.Shape.Count));
            for (int n = 0; n < batch.Count; n++)
            {
                WholeMap whole = wholes[n].Map(i, ref _scratch);
                MapWindow.Sample(whole, batch.Views[n], (batch.Height, batch.Width), (map.Shape[2], map.Shape[3]), _values.AsSpan(n * size, size));
            }

            map.CopyFrom(_values.AsSpan(0, map.Shape.Count));
        }

        return _tensors.Output;
    }

    /// <summary>Frees what is kept in memory.</summary>
    public void Dispose()
    {
        _tensors.Dispose();
        _kept.Dispose();
        _say($"{NetworkRoles.Teacher}: saw {Asked} whole images; its outputs for batches were cut out of those (data.teacherCache)");
    }

    private static bool IsRead(int part, TermReads reads) => reads.HasFlag(part switch
    {
        0 => TermReads.Logits,
        1 => TermReads.ClassifierInput,
        _ => TermReads.EncoderStages,
    });

    private WholeOutput Whole(int source, int index, int[] parts, Device device, Func<Tensor, SegmentationOutput> teacher)
    {
        ISegmentationDataset dataset = _sources[source];
        RgbImage? loaded = null;
        RgbImage Image() => loaded ??= dataset.Load(index).Image;
        if (_kept.Find(source, index, parts, Image) is { } found)
        {
            return found;
        }

        using BatchLoader loader = new(new SingleImage(Image(), dataset.Classes), LoaderOptions.ForEvaluation(1, _whole) with { Threads = 0 });
        Batch batch = loader.Next();
        WholeOutput output;
        using (device.BeginStep())
        {
            Shape shape = new(1, 3, batch.Height, batch.Width);
            IReadOnlyList<Tensor> maps = OutputTensors.Parts(teacher(Tensor.From(device, shape, batch.Images.AsSpan(0, shape.Count))));
            output = new WholeOutput((Image().Height, Image().Width), (batch.Height, batch.Width), [.. parts.Select(part => WholeOutput.Kept(maps[part]))]);
        }

        Asked++;
        _kept.Add(source, index, output);
        return output;
    }
}
