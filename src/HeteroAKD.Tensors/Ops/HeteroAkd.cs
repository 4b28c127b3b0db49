using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Losses;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>The grid that L_hakd is computed on.</summary>
public enum WorkingGrid
{
    /// <summary>That of the student's logits; labels are taken nearest to each pixel's centre.</summary>
    Student,

    /// <summary>That of the labels; logits are sampled bilinearly inside the kernel.</summary>
    Label,
}

/// <summary>Attributes of L_hakd: the readings of the paper's equations that change numbers (docs/method.md).</summary>
/// <param name="Axis">What the softmax of Eq. 9 runs over.</param>
/// <param name="Form">Which divergence Eq. 10 weighs.</param>
/// <param name="Tau">Temperature of q and p.</param>
/// <param name="ScaleTau2">Whether the loss is multiplied by tau².</param>
/// <param name="Reliability">How Eq. 5 measures H.</param>
/// <param name="Detach">Whether Ẑ, S, W and H are constants in the gradient.</param>
/// <param name="Supervision">Supervision of both projectors by the labels.</param>
/// <param name="Lambda2">Weight of L_hakd in the result.</param>
/// <param name="SupervisionWeight">Weight of each projector's supervision in the result.</param>
/// <param name="Grid">Working grid.</param>
/// <param name="AlignCorners">How maps of another size are sampled.</param>
/// <param name="IgnoreIndex">Label of pixels left out of every sum and denominator.</param>
/// <param name="Reduction">What L_hakd is a mean over.</param>
/// <param name="Mixing">Whether the target is the mixture of Eq. 7 (KMM); without it, the teacher's own logits.</param>
/// <param name="Weighting">Whether W is the softmax of Eq. 9 (KEM); without it, every class or pixel of the axis weighs the same.</param>
/// <param name="WeightScale">What W adds up to over its axis.</param>
public readonly record struct HeteroAkdAttributes(
    WeightAxis Axis = WeightAxis.Class,
    DistillationForm Form = DistillationForm.Ce,
    float Tau = 1,
    bool ScaleTau2 = false,
    Reliability Reliability = Reliability.Bce,
    bool Detach = true,
    ProjectorSupervision Supervision = ProjectorSupervision.Bce,
    float Lambda2 = 1,
    float SupervisionWeight = 1,
    WorkingGrid Grid = WorkingGrid.Student,
    bool AlignCorners = false,
    int IgnoreIndex = -100,
    LossUnit Reduction = LossUnit.Pixel,
    bool Mixing = true,
    bool Weighting = true,
    WeightScale WeightScale = WeightScale.One)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public HeteroAkdAttributes()
        : this(Axis: WeightAxis.Class)
    {
    }

    internal HeteroAkdOptions Options => new()
    {
        Axis = Axis,
        Form = Form,
        Tau = Tau,
        ScaleTauSquared = ScaleTau2,
        Reliability = Reliability,
        Detach = Detach,
        Supervision = Supervision,
        Weight = Lambda2,
        Unit = Reduction,
        SupervisionWeight = SupervisionWeight,
        Mixing = Mixing,
        Weighting = Weighting,
        WeightScale = WeightScale,
    };
}

/// <summary>The maps of KMM and KEM on the working grid, for pictures.</summary>
/// <param name="Share">[N, C, H, W] the teacher's share S (Eq. 6).</param>
/// <param name="Weight">[N, C, H, W] importance W (Eq. 9), without class weights.</param>
/// <param name="Discrepancy">[N, C, H, W] ΔH (Eq. 8).</param>
public readonly record struct KnowledgeMaps(Tensor Share, Tensor Weight, Tensor Discrepancy);

/// <summary>
/// The HeteroAKD loss (paper Eq. 5-10) with the supervision of the projectors: one pass gives the loss, the gradients of both inputs and the diagnostics.
/// </summary>
public static class HeteroAkd
{
    /// <summary>Where the named results start in the kept result tensor.</summary>
    public const int FirstResult = 3;

    // Transcendental work of one class at one pixel, in the launcher's units.
    private const int Cost = 18;

    /// <summary>Means, from <see cref="FirstResult"/> on: L_hakd, supervision of teacher and student, KL(q ‖ p), S, H_t, H_s.</summary>
    public static IReadOnlyList<string> ResultNames { get; } =
        ["hakd", "projector_teacher", "projector_student", "kl_hybrid", "share", "unreliability_teacher", "unreliability_student"];

    /// <summary>The row of the table. Kept: 0 gradient of input, 1 result, 2 gradient of teacher.</summary>
    public static readonly OpRow<HeteroAkdAttributes> Row = new(
        "heteroakd_loss",
        "lambda2 · L_hakd + supervision of the projected logits; HeteroAKD (AAAI 2025) Eq. 5-10, mean over labelled pixels of the working grid. weight "
            + "makes a pixel's L_hakd weigh w of its label",
        [new("input", "[N, C, h, w]"), new("teacher", "[N, C, h', w']"), new("target", "[N, H, W]", Integer: true), new("weight", "[C]", Optional: true)],
        shape: n =>
        {
            Losses.CheckTeacher("heteroakd_loss", n[0].Shape, n[1].Shape);
            Losses.CheckLabels("heteroakd_loss", n[0].Shape, n[2].Shape);
            Shape grid = n.Attributes.Grid == WorkingGrid.Label ? n[2].Shape : n[0].Shape;
            Losses.CheckSampled("heteroakd_loss", "input", n[0].Shape, grid);
            Losses.CheckSampled("heteroakd_loss", "teacher", n[1].Shape, grid);
            Losses.CheckSampled("heteroakd_loss", "target", n[2].Shape, grid);
            Losses.CheckWeights("heteroakd_loss", n[0].Shape, n.Optional(3));
            return n.Attributes.Tau > 0 ? new Shape(1) : throw new HeteroAkdException($"heteroakd_loss: tau = {n.Attributes.Tau} must be above 0");
        },
        Forward,
        gradient: (n, dy) =>
        {
            Losses.Scale(n, input: 0, kept: 0, dy);
            Losses.Scale(n, input: 1, kept: 2, dy);
        },
        "gradient",
        "result",
        "teacher_gradient")
    {
        Float32Only = true,
    };

    /// <summary>The maps behind a loss.</summary>
    /// <param name="student">[N, C, h, w] projected logits.</param>
    /// <param name="teacher">[N, C, h', w'] projected logits.</param>
    /// <param name="labels">[N, H, W] int32.</param>
    /// <param name="attributes">As in the loss.</param>
    public static KnowledgeMaps Maps(Tensor student, Tensor teacher, Tensor labels, in HeteroAkdAttributes attributes)
    {
        PixelLossRequest request = Request(student, teacher, labels, attributes);
        HeteroAkdOptions options = attributes.Options;
        Tensor? totals = SpatialTotals(request, options);
        Shape shape = new(student.Shape[0], student.Shape[1], request.Grid.Height, request.Grid.Width);
        KnowledgeMaps maps = new(
            Tensor.Empty(student.Device, shape, student.DType), Tensor
                .Empty(student.Device, shape, student.DType), Tensor.Empty(student.Device, shape, student.DType));
        request.Pictures = new LossOutputs
        {
            Output0 = maps.Share.Mem,
            Output1 = maps.Weight.Mem,
            Output2 = maps.Discrepancy.Mem,
            Write0 = 1,
            Write1 = 1,
            Write2 = 1,
        };
        PixelLoss.Run(new HeteroAkdMaps(student.Shape[1], options, (totals ?? student).Mem), request);
        return maps;
    }

    private static void Forward(OpNode<HeteroAkdAttributes> n)
    {
        HeteroAkdOptions options = n.Attributes.Options;
        PixelLossRequest request = Request(n[0], n[1], n[2], n.Attributes);
        if (n.WantsGradient)
        {
            request.StudentGradient = n.Keep(0, n.NewGradient(0));
            request.TeacherGradient = n.NeedsGradient(1) ? n.Keep(2, n.NewGradient(1)) : null;
        }

        int classes = n[0].Shape[1];
        Tensor? weights = n.Optional(3) is { } classWeights && !PixelLoss.IsEmpty(request) ? MeanOneWeights(request, classWeights) : null;
        Tensor sums = weights is null && options.HasFixedParts ? Run<FixedParts>(n, ref request, options, weights)
            : Run<ChosenParts>(n, ref request, options, weights);
        Tensor result = n.Keep(1, n.New(new Shape(HeteroAkdResultKernel.Length)));
        n.Device.Pixel(new HeteroAkdResultKernel(sums.Mem, sums.Shape[0], classes, options, result.Mem), 1, 1, 1, n.DType);
        Copy.Run(result.View(new Shape(1)), n.Output);
    }

    /// <summary>Runs the loss; returns its sums [chunks, 8].</summary>
    private static Tensor Run<TParts>(OpNode<HeteroAkdAttributes> n, ref PixelLossRequest request, in HeteroAkdOptions options, Tensor? weights)
        where TParts : struct, IHeteroAkdParts
    {
        int classes = n[0].Shape[1];
        Mem any = n[0].Mem;
        Mem weighted = weights?.Mem ?? any;
        Tensor? totals = SpatialTotals(request, options);
        Tensor? averages = totals is not null && !options.Detach && options.Weighting
            ? PixelLoss.SpatialSums(
                new HeteroAkdLoss<ChosenParts>(classes, options, totals.Mem, any, weighted, weights is not null), request, SpatialSum.Weighted)
            : null;
        HeteroAkdLoss<TParts> loss = new(classes, options, totals?.Mem ?? any, averages?.Mem ?? any, weighted, weights is not null);
        if (request.TeacherGradient is { } teacherGradient && loss.Outputs < 2)
        {
            // With everything detached and no supervision the teacher's projector learns nothing.
            Fill.Run(teacherGradient, 0);
            request.TeacherGradient = null;
        }

        return PixelLoss.Run(loss, request);
    }

    /// <summary>[C] class weights with a mean of one over the labels of the working grid, by numbers that stay on the device.</summary>
    private static Tensor MeanOneWeights(in PixelLossRequest request, Tensor weights)
    {
        Device device = weights.Device;
        using Tensor sums = Tensor.Empty(device, new Shape(Sums<F32>.Count), weights.DType);
        Tensor result = Tensor.Empty(device, weights.Shape, weights.DType);
        int pixels = request.Grid.Height * request.Grid.Width;
        device.PixelSums(new LabelWeightKernel(PixelLoss.Labels(request), weights.Mem), request.Student.Shape[0], pixels, 1, sums.Mem, weights.DType);
        device.Pixel(new MeanOneWeightsKernel(weights.Mem, sums.Mem, result.Mem), 1, weights.Shape[0], 1, weights.DType);
        return result;
    }

    private static Tensor? SpatialTotals(in PixelLossRequest request, in HeteroAkdOptions options)
    {
        if (options.Axis != WeightAxis.Spatial || PixelLoss.IsEmpty(request))
        {
            return null;
        }

        Mem none = request.Student.Mem;
        return PixelLoss.SpatialSums(new HeteroAkdLoss<ChosenParts>(request.Student.Shape[1], options, none, none, none, false), request, SpatialSum.Exponents);
    }

    private static PixelLossRequest Request(Tensor student, Tensor teacher, Tensor labels, in HeteroAkdAttributes attributes)
    {
        Shape grid = attributes.Grid == WorkingGrid.Label ? labels.Shape : new Shape(1, student.Shape[2], student.Shape[3]);
        return new PixelLossRequest
        {
            Student = student,
            Teacher = teacher,
            Labels = labels,
            IgnoreIndex = attributes.IgnoreIndex,
            Grid = new LossGrid(grid[1], grid[2], attributes.AlignCorners),
            Cost = Cost * student.Shape[1],
        };
    }
}
