using HeteroAKD.Distillation.Terms;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation.Tests;

/// <summary>A teacher, a student of the other family and two random images with blocks of labels, a corner of which does not count.</summary>
internal sealed class TinyBatch : IDisposable
{
    public const int Classes = 5;
    public const int IgnoreIndex = 255;

    private const int Count = 2;

    public TinyBatch(string teacher = "tiny-mit-student", string student = "tiny-cnn-student", int side = 32)
    {
        Device = Device.Open("cpu", 1);
        Teacher = ModelZoo.Create(teacher, Classes, Device, seed: 1);
        Student = ModelZoo.Create(student, Classes, Device, seed: 2);
        float[] images = new float[Count * 3 * side * side];
        int[] labels = new int[Count * side * side];
        for (int i = 0; i < images.Length; i++)
        {
            images[i] = (CounterHash.Hash(7, i) & 0xffff) / 32768f - 1;
        }

        for (int i = 0; i < labels.Length; i++)
        {
            (int y, int x) = (i / side % side, i % side);
            labels[i] = y < 8 && x < 8 ? IgnoreIndex : (y / 11 + x / 8 + i / (side * side)) % Classes;
        }

        Images = Tensor.From(Device, new Shape(Count, 3, side, side), images);
        Labels = Tensor.From(Device, new Shape(Count, side, side), labels);
    }

    public Device Device { get; }

    public SegmentationModel Teacher { get; }

    public SegmentationModel Student { get; }

    /// <summary>[2, 3, side, side].</summary>
    public Tensor Images { get; }

    /// <summary>[2, side, side].</summary>
    public Tensor Labels { get; }

    /// <summary>Eq. 11 for this pair; L_hakd as the <c>practical</c> preset has it unless given.</summary>
    public DistillationObjective Objective(double lambda1 = 0.1, HeteroAkdTermOptions? heteroAkd = null, double lambda2 = 1) =>
        Objective(new WeightedTerm("kd", new KdTermOptions(), lambda1), new WeightedTerm("heteroakd", heteroAkd ?? new HeteroAkdTermOptions(), lambda2));

    /// <summary>The side of images whose logits a term can work on.</summary>
    public static int SideFor(string name) => name == "adversarial" ? 64 : 32;

    /// <summary>A term's defaults, where these small maps allow them.</summary>
    public static TermOptions Options(string name) => new TermSet()[name] switch
    {
        AdversarialTermOptions options => options with { Layers = 1 },
        AfDcdTermOptions options => options with { Pool = 1, Patch = 2 },
        TermOptions options => options,
    };

    /// <summary>An objective of any terms.</summary>
    public DistillationObjective Objective(params IReadOnlyList<WeightedTerm> terms) =>
        new(Teacher, Student, new TaskLoss(Device, Classes, new TaskLossOptions(IgnoreIndex)), new DistillationOptions(terms, IgnoreIndex), seed: 3);

    public void Dispose() => Device.Dispose();
}
