using HeteroAKD.Kernels.Losses;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of the cross-entropy.</summary>
/// <param name="IgnoreIndex">Label without a loss; ids outside the classes have none either.</param>
/// <param name="LabelSmoothing">Share of the target that is spread over all classes.</param>
/// <param name="AlignCorners">How logits of another size than the labels are sampled.</param>
public readonly record struct CrossEntropyAttributes(int IgnoreIndex = -100, float LabelSmoothing = 0, bool AlignCorners = false)
{
    /// <summary>The defaults. Without it <c>new()</c> would zero every field and so ignore class 0 in silence.</summary>
    public CrossEntropyAttributes()
        : this(IgnoreIndex: -100)
    {
    }
}

/// <summary>Losses over pixels. Each computes its gradient in the forward pass; backward scales it by numbers that stay on the device.</summary>
public static class Losses
{
    // Transcendental work of one class at one pixel, in the launcher's units.
    private const int CrossEntropyCost = 8;

    /// <summary>
    /// Cross-entropy on the label grid; logits of another size are sampled bilinearly inside the kernel. Results kept: 1 [4] loss, scale, valid pixels, pixel
    /// accuracy.
    /// </summary>
    public static readonly OpRow<CrossEntropyAttributes> CrossEntropy = new(
        "cross_entropy",
        "mean over labelled pixels, 0 where there is none; torch.nn.functional.cross_entropy(interpolate(input), target, weight, ignore_index, "
            + "label_smoothing)",
        [new("input", "[N, C, h, w]"), new("target", "[N, H, W]", Integer: true), new("weight", "[C]", Optional: true)],
        shape: n =>
        {
            CheckLabels("cross_entropy", n[0].Shape, n[1].Shape);
            CheckSampled("cross_entropy", "input", n[0].Shape, n[1].Shape);
            CheckWeights("cross_entropy", n[0].Shape, n.Optional(2));
            return new Shape(1);
        },
        forward: n =>
        {
            Tensor? gradient = n.WantsGradient ? n.Keep(0, n.NewGradient(0)) : null;
            CrossEntropyLoss loss = new(n[0].Shape[1], (n.Optional(2) ?? n[0]).Mem, n.Optional(2) is not null, n.Attributes.LabelSmoothing);
            Tensor sums = PixelLoss.Run(loss, new PixelLossRequest
            {
                Student = n[0],
                Labels = n[1],
                IgnoreIndex = n.Attributes.IgnoreIndex,
                Grid = new LossGrid(n[1].Shape[1], n[1].Shape[2], n.Attributes.AlignCorners),
                StudentGradient = gradient,
                Cost = CrossEntropyCost * n[0].Shape[1],
            });
            MeanResult(n, sums);
        },
        gradient: (n, dy) => Scale(n, input: 0, kept: 0, dy),
        "gradient",
        "result")
    {
        Float32Only = true,
    };

    /// <summary>Plain distillation: τ² · mean KL(target ‖ student). Results kept: 1 [4] loss, scale, pixels that count, mean KL.</summary>
    public static readonly OpRow<KdAttributes> Kd = new(
        "kd_loss",
        "tau² · mean over pixels of KL(softmax(teacher/tau) ‖ softmax(input/tau)); paper Eq. 1. Pixels that target ignores are left out; weight makes a "
            + "pixel weigh Σ p_t·w. "
            + "where, pixel_weight and target_logits: which pixels, what they weigh, towards what (docs/method.md)",
        [
            new("input", "[N, C, h, w]"), new("teacher", "[N, C, h', w']"), new("target", "[N, H, W]", Optional: true, Integer: true),
            new("weight", "[C]", Optional: true)
        ],
        PlainDistillation.ShapeOf,
        forward: n => MeanResult(n, PlainDistillation.Sums(n)),
        gradient: (n, dy) => Scale(n, input: 0, kept: 0, dy, final: PlainDistillation.KnownPixels(n) > 0),
        "gradient",
        "result")
    {
        Float32Only = true,
    };

    internal static void CheckLabels(string operation, Shape logits, Shape labels)
    {
        if (logits.Rank != 4 || labels.Rank != 3 || logits[0] != labels[0])
        {
            throw new ShapeMismatchException(operation, "target", $"labels {labels} do not fit logits {logits}; expected [N, H, W] for [N, C, h, w]");
        }

        CheckClasses(operation, logits);
    }

    internal static void CheckTeacher(string operation, Shape student, Shape teacher)
    {
        if (student.Rank != 4 || teacher.Rank != 4 || student[0] != teacher[0] || student[1] != teacher[1])
        {
            throw new ShapeMismatchException(operation, "teacher", $"{teacher} does not fit input {student}; images and classes must agree");
        }

        CheckClasses(operation, student);
    }

    /// <summary>A map of no pixel cannot be sampled onto a grid that has some.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="parameter">Name of the map.</param>
    /// <param name="map">[..., h, w].</param>
    /// <param name="grid">[..., H, W].</param>
    internal static void CheckSampled(string operation, string parameter, Shape map, Shape grid)
    {
        if ((map[-2] == 0 || map[-1] == 0) && grid[-2] > 0 && grid[-1] > 0)
        {
            throw new ShapeMismatchException(operation, parameter, $"{map} has no pixel to be sampled onto {grid[-2]} x {grid[-1]}");
        }
    }

    private static void CheckClasses(string operation, Shape logits)
    {
        if (logits[1] < 1)
        {
            throw new ShapeMismatchException(operation, "input", $"{logits} has no class");
        }
    }

    internal static void CheckWeights(string operation, Shape logits, Tensor? weights)
    {
        if (weights is not null && weights.Shape != new Shape(logits[1]))
        {
            throw new ShapeMismatchException(operation, "weight", $"{weights.Shape} does not fit logits {logits}; it must be [{logits[1]}]");
        }
    }

    /// <summary>
    /// An input's gradient: what the forward pass left, times the upstream gradient and, unless it is <paramref name="final"/>, 1/N, both read on the
    /// device. In place, since a tape is walked only once: a map of logits less to write. What was kept is gone then.
    /// </summary>
    internal static void Scale<TAttributes>(OpNode<TAttributes> n, int input, int kept, Tensor upstream, bool final = false)
        where TAttributes : struct
    {
        if (n.NeedsGradient(input))
        {
            Tensor gradient = n.Take(kept);
            n.Device.Pixel(new LossGradientKernel(gradient.Mem, upstream.Mem, n.Extra(1)!.Mem, final ? 1 : 0), 1, gradient.Shape.Count, 1, n.DType);
            n.AddGradient(input, gradient);
        }
    }

    private static void MeanResult<TAttributes>(OpNode<TAttributes> n, Tensor sums)
        where TAttributes : struct
    {
        Tensor result = n.Keep(1, n.New(new Shape(MeanResultKernel.Length)));
        n.Device.Pixel(new MeanResultKernel(sums.Mem, sums.Shape[0], result.Mem), 1, 1, 1, n.DType);
        Copy.Run(result.View(new Shape(1)), n.Output);
    }
}
