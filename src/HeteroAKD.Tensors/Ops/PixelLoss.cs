using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Losses;
using HeteroAKD.Kernels.Resize;

namespace HeteroAKD.Tensors.Ops;

/// <summary>The working grid of a pixel loss.</summary>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
/// <param name="AlignCorners">Coordinates of inputs that are sampled onto it.</param>
internal readonly record struct LossGrid(int Height, int Width, bool AlignCorners);

/// <summary>What a pixel loss reads and where its results go.</summary>
internal struct PixelLossRequest
{
    public required Tensor Student; // [N, C, h, w]
    public Tensor? Teacher; // [N, C, h', w']
    public Tensor? Labels; // [N, H, W] int32
    public int IgnoreIndex;
    public LossGrid Grid;
    public Tensor? StudentGradient; // as student; null where not wanted
    public Tensor? TeacherGradient; // as teacher; null where not wanted
    public LossOutputs Pictures; // outputs that are not gradients
    public int Cost; // work of one pixel for the launcher
}

/// <summary>
/// Launches a pixel loss: in one go where every map lies on the working grid, else strip by strip with maps sampled inside the kernel and their gradients
/// collected in a bounded workspace.
/// </summary>
internal static class PixelLoss
{
    // On an accelerator more strips in flight keep the card busy; on the host they stay in the last cache level.
    private const long AcceleratorWorkspaceBytes = 64L << 20;

    /// <summary>Whether there is no pixel: then sums and gradients are 0, as where every pixel is ignored.</summary>
    public static bool IsEmpty(in PixelLossRequest request) => request.Student.Shape[0] == 0 || request.Grid.Height == 0 || request.Grid.Width == 0;

    /// <summary>Runs the loss; returns its sums [chunks, 8].</summary>
    public static Tensor Run<TLoss>(in TLoss loss, in PixelLossRequest request)
        where TLoss : struct, IPixelLoss
    {
        if (IsEmpty(request))
        {
            return Nothing(request);
        }

        Shape student = request.Student.Shape;
        bool onGrid = OnGrid(student, request.Grid) && (request.Teacher is null || OnGrid(request.Teacher.Shape, request.Grid));
        return onGrid ? RunGrid(loss, request) : RunStrips(loss, request);
    }

    /// <summary>Sums over the pixels of each image, class by class: [N, planes]. What the spatial softmax needs before the loss itself.</summary>
    public static Tensor SpatialSums(in HeteroAkdLoss<ChosenParts> loss, in PixelLossRequest r, SpatialSum sum)
    {
        Device device = r.Student.Device;
        DType type = r.Student.DType;
        int images = r.Student.Shape[0];
        int classes = r.Student.Shape[1];
        int planes = SpatialPlanes.Of(sum, classes);
        LogitsSource student = new Input(r.Student, null, r.Grid).Source(r.Student, 0);
        LogitsSource teacher = new Input(r.Teacher!, null, r.Grid).Source(r.Teacher!, 0);
        StripGrid grid = new(r.Grid.Height, r.Grid.Width, Math.Min(StripPlan.StripRows, r.Grid.Height));
        int strips = images * grid.StripsPerImage;
        using Tensor partials = Tensor.Empty(device, new Shape(strips, planes, r.Grid.Width), type);
        using Tensor unused = Tensor.Empty(device, new Shape(Sums<F32>.Count), type);
        Tensor result = Tensor.Empty(device, new Shape(images, planes), type);
        SpatialFoldKernel fold = new(loss, student, teacher, Labels(r), grid, sum, partials.Mem);
        device.PixelSums(fold, strips, r.Grid.Width, r.Cost * grid.StripRows, unused.Mem, type);
        SpatialReduceKernel reduce = new(partials.Mem, result.Mem, grid, classes, sum);
        device.Rows(reduce, images * planes, r.Grid.Width, grid.StripsPerImage * r.Grid.Width, type);
        return result;
    }

    /// <summary>The labels as the kernels read them.</summary>
    public static LabelSource Labels(in PixelLossRequest request) => request.Labels is not { } labels
        ? default
        : new LabelSource(
            labels.IndexMem, labels.Shape[1], labels.Shape[2], request.Grid.Height, request.Grid.Width, request.Student.Shape[1], request.IgnoreIndex);

    private static Tensor Nothing(in PixelLossRequest r)
    {
        foreach (Tensor? gradient in (ReadOnlySpan<Tensor?>)[r.StudentGradient, r.TeacherGradient])
        {
            if (gradient is { Shape.Count: > 0 })
            {
                Fill.Run(gradient, 0);
            }
        }

        return Tensor.Zeros(r.Student.Device, new Shape(1, Sums<F32>.Count), r.Student.DType);
    }

    private static bool OnGrid(Shape map, in LossGrid grid) => map[2] == grid.Height && map[3] == grid.Width;

    private static Tensor RunGrid<TLoss>(in TLoss loss, in PixelLossRequest r)
        where TLoss : struct, IPixelLoss
    {
        Device device = r.Student.Device;
        Tensor sums = Tensor.Empty(device, new Shape(1, Sums<F32>.Count), r.Student.DType);
        int pixels = r.Grid.Height * r.Grid.Width;
        LossOutputs outputs = Outputs(r, r.StudentGradient, r.TeacherGradient);
        GridLossKernel<TLoss> kernel = new(loss, r.Student.Mem, (r.Teacher ?? r.Student).Mem, Labels(r), outputs, pixels);
        device.PixelSums(kernel, r.Student.Shape[0], pixels, r.Cost, sums.Mem, r.Student.DType);
        return sums;
    }

    private static Tensor RunStrips<TLoss>(in TLoss loss, in PixelLossRequest r)
        where TLoss : struct, IPixelLoss
    {
        Device device = r.Student.Device;
        DType type = r.Student.DType;
        Input student = new(r.Student, r.StudentGradient, r.Grid);
        Input teacher = new(r.Teacher ?? r.Student, r.Teacher is null ? null : r.TeacherGradient, r.Grid);
        int classes = r.Student.Shape[1];
        StripPlan plan = new(
            r.Student.Shape[0], classes, r.Grid.Height, r.Grid.Width, student.Collected, teacher.Collected, device.IsHost ? StripPlan.HostWorkspaceBytes
                : AcceleratorWorkspaceBytes);
        Tensor sums = Tensor.Empty(device, new Shape(plan.Chunks, Sums<F32>.Count), type);
        using Tensor studentWork = Tensor.Empty(device, new Shape(Math.Max(1, plan.StudentWorkspaceLength)), type);
        using Tensor teacherWork = Tensor.Empty(device, new Shape(Math.Max(1, plan.TeacherWorkspaceLength)), type);
        student.ClearGradient();
        teacher.ClearGradient();
        LossOutputs outputs = Outputs(r, student.Sampled ? null : r.StudentGradient, teacher.Sampled ? null : r.TeacherGradient);
        LogitsSource studentSource = student.Source(studentWork, plan.StudentSlots);
        LogitsSource teacherSource = teacher.Source(teacherWork, plan.TeacherSlots);
        for (int chunk = 0; chunk < plan.Chunks; chunk++)
        {
            int first = plan.FirstStrip(chunk);
            int count = plan.StripCount(chunk);
            StripLossKernel<TLoss> kernel = new(loss, studentSource, teacherSource, Labels(r), outputs, plan.Grid, first);
            device.PixelSums(
                kernel, count, r.Grid.Width, r.Cost * plan.Grid.StripRows, sums.View(new Shape(Sums<F32>.Count), chunk * Sums<F32>.Count).Mem, type);
            student.Gather(studentWork, plan, plan.StudentSlots, first, count);
            teacher.Gather(teacherWork, plan, plan.TeacherSlots, first, count);
        }

        return sums;
    }

    private static LossOutputs Outputs(in PixelLossRequest r, Tensor? studentGradient, Tensor? teacherGradient)
    {
        LossOutputs outputs = r.Pictures;
        Mem any = r.Student.Mem;
        if (outputs.Write0 == 0)
        {
            outputs.Output0 = (studentGradient ?? r.Student).Mem;
            outputs.Write0 = studentGradient is null ? 0 : 1;
        }

        if (outputs.Write1 == 0)
        {
            outputs.Output1 = (teacherGradient ?? r.Student).Mem;
            outputs.Write1 = teacherGradient is null ? 0 : 1;
        }

        // An accelerator wants a memory object for every view, written or not.
        outputs.Output2 = outputs.Write2 == 0 ? any : outputs.Output2;
        outputs.Output3 = outputs.Write3 == 0 ? any : outputs.Output3;
        return outputs;
    }

    /// <summary>One map of logits against the working grid.</summary>
    private readonly struct Input
    {
        private readonly Tensor _logits;
        private readonly Tensor? _gradient;
        private readonly BilinearAxis _vertical;
        private readonly BilinearAxis _horizontal;

        public Input(Tensor logits, Tensor? gradient, in LossGrid grid)
        {
            _logits = logits;
            _gradient = gradient;
            Sampled = !OnGrid(logits.Shape, grid);
            _vertical = new BilinearAxis(logits.Shape[2], grid.Height, grid.AlignCorners);
            _horizontal = new BilinearAxis(logits.Shape[3], grid.Width, grid.AlignCorners);
        }

        public bool Sampled { get; }

        /// <summary>The vertical axis where a gradient is to be collected, else null.</summary>
        public BilinearAxis? Collected => Sampled && _gradient is not null ? _vertical : null;

        public LogitsSource Source(Tensor workspace, int slots) => Sampled
            ? new LogitsSource(_logits.Mem, _logits.Shape[1], _vertical, _horizontal, workspace.Mem, slots)
            : new LogitsSource(_logits.Mem, _logits.Shape[1], _logits.Shape[2], _logits.Shape[3]);

        public void ClearGradient()
        {
            if (Sampled && _gradient is not null)
            {
                Fill.Run(_gradient, 0);
            }
        }

        public void Gather(Tensor workspace, in StripPlan plan, int slots, int first, int count)
        {
            if (Sampled && _gradient is not null)
            {
                StripGradientKernel kernel = new(workspace.Mem, _gradient.Mem, _vertical, _horizontal, plan.Grid, _logits.Shape[1], slots, first, count);
                _logits.Device.Pixel(kernel, kernel.Rows, kernel.Columns, kernel.Cost, _logits.DType);
            }
        }
    }
}
