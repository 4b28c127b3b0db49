using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Losses;
using HeteroAKD.Kernels.Resize;

namespace HeteroAKD.Kernels.Tests.Losses;

/// <summary>Sums and outputs of one run.</summary>
public sealed record LossRun(double[] Sums, double[] Student, double[] Teacher);

/// <summary>One problem, run through either access layer: logits as doubles, labels, sizes.</summary>
public sealed class LossProblem
{
    public required int Images { get; init; }

    public required int Classes { get; init; }

    public required int Height { get; init; }

    public required int Width { get; init; }

    public required double[] Student { get; init; }

    public double[] Teacher { get; init; } = [];

    public int[] Labels { get; init; } = [];

    public int LabelHeight { get; init; }

    public int LabelWidth { get; init; }

    public int IgnoreIndex { get; init; } = 255;

    public HostPrecision Precision { get; init; } = HostPrecision.Float64;

    public int Threads { get; init; } = 1;

    /// <summary>Source sizes of inputs that are sampled; null where they lie on the grid.</summary>
    public (int Height, int Width)? StudentSize { get; init; }

    public (int Height, int Width)? TeacherSize { get; init; }

    public bool AlignCorners { get; init; }

    public long WorkspaceBytes { get; init; } = StripPlan.HostWorkspaceBytes;

    public int Pixels => Height * Width;

    public LossRun OnGrid<TLoss>(Func<Func<double[], Mem>, TLoss> make)
        where TLoss : struct, IPixelLoss
    {
        using Scope scope = new(this);
        TLoss loss = make(scope.Constant);
        LossOutputs outputs = scope.Outputs(loss, Student.Length, Teacher.Length);
        GridLossKernel<TLoss> kernel = new(loss, scope.Constant(Student), scope.Constant(Teacher), scope.Labels, outputs, Pixels);
        TestMemory sums = scope.Make(Sums<F64>.Count);
        scope.Launcher.PixelSums(kernel, Images, Pixels, Classes * 16, sums.Mem, Precision);
        return scope.Result(sums.Read());
    }

    public LossRun OnStrips<TLoss>(Func<Func<double[], Mem>, TLoss> make)
        where TLoss : struct, IPixelLoss
    {
        using Scope scope = new(this);
        TLoss loss = make(scope.Constant);
        scope.Outputs(loss, Student.Length, Teacher.Length);
        Axes student = new(this, StudentSize);
        Axes teacher = new(this, TeacherSize);
        bool teacherWanted = TeacherSize != null && loss.Outputs == 2;
        BilinearAxis? studentCollected = StudentSize != null ? student.Vertical : null;
        StripPlan plan = new(Images, Classes, Height, Width, studentCollected, teacherWanted ? teacher.Vertical : null, WorkspaceBytes);
        TestMemory studentWorkspace = scope.Make(plan.StudentWorkspaceLength);
        TestMemory teacherWorkspace = scope.Make(plan.TeacherWorkspaceLength);
        LogitsSource studentSource = student.Source(scope.Constant(Student), StudentSize != null, studentWorkspace.Mem, plan.StudentSlots);
        LogitsSource teacherSource = teacher.Source(scope.Constant(Teacher), TeacherSize != null, teacherWorkspace.Mem, plan.TeacherSlots);
        LossOutputs outputs = scope.GridOutputs(StudentSize == null, TeacherSize == null && loss.Outputs == 2);
        double[] sums = new double[Sums<F64>.Count];
        for (int chunk = 0; chunk < plan.Chunks; chunk++)
        {
            int first = plan.FirstStrip(chunk);
            int count = plan.StripCount(chunk);
            StripLossKernel<TLoss> kernel = new(loss, studentSource, teacherSource, scope.Labels, outputs, plan.Grid, first);
            TestMemory partial = scope.Make(sums.Length);
            scope.Launcher.PixelSums(kernel, count, Width, Classes * 16, partial.Mem, Precision);
            double[] values = partial.Read();
            for (int k = 0; k < sums.Length; k++)
            {
                sums[k] += values[k];
            }

            if (StudentSize != null)
            {
                scope.Transpose(student.Gather(studentWorkspace, scope.StudentGradient, plan, plan.StudentSlots, chunk));
            }

            if (teacherWanted)
            {
                scope.Transpose(teacher.Gather(teacherWorkspace, scope.TeacherGradient, plan, plan.TeacherSlots, chunk));
            }
        }

        studentWorkspace.Read();
        teacherWorkspace.Read();
        return scope.Result(sums);
    }

    /// <summary>
    /// The loss of the options, after the passes that its spatial axis needs; by fixed parts where they can compute it, unless told otherwise.
    /// </summary>
    public LossRun HeteroAkd(HeteroAkdOptions options, bool strips, double[]? classWeights = null, bool alwaysChosen = false) =>
        options.HasFixedParts && classWeights is null && !alwaysChosen ? HeteroAkd<FixedParts>(options, strips, null)
            : HeteroAkd<ChosenParts>(options, strips, classWeights);

    private LossRun HeteroAkd<TParts>(HeteroAkdOptions options, bool strips, double[]? classWeights)
        where TParts : struct, IHeteroAkdParts
    {
        double[] totals = new double[Images * (Classes + 1)];
        double[] averages = new double[Images * Classes];
        double[] weights = classWeights is null ? [1] : MeanOne(classWeights);
        HeteroAkdLoss<T> Make<T>(Func<double[], Mem> memory)
            where T : struct, IHeteroAkdParts => new(Classes, options, memory(totals), memory(averages), memory(weights), classWeights is not null);
        if (options.Axis == WeightAxis.Spatial)
        {
            totals = SpatialSums(Make<ChosenParts>, SpatialSum.Exponents);
            averages = options.Detach ? averages : SpatialSums(Make<ChosenParts>, SpatialSum.Weighted);
        }

        return strips ? OnStrips(Make<TParts>) : OnGrid(Make<TParts>);
    }

    /// <summary>Class weights with a mean of one over the valid labels, as <see cref="MeanOneWeightsKernel"/> makes them.</summary>
    private double[] MeanOne(double[] classWeights)
    {
        double[] ofLabels = [.. Labels.Where(label => label != IgnoreIndex && label >= 0 && label < Classes).Select(label => classWeights[label])];
        return Array.ConvertAll(classWeights, w => ofLabels.Sum() > 0 ? w / ofLabels.Average() : 0);
    }

    /// <summary>S, W, ΔH and Ẑ.</summary>
    public double[][] Maps(HeteroAkdOptions options)
    {
        HeteroAkdLoss<ChosenParts> Make(Func<double[], Mem> memory) => new(Classes, options, memory([0]), memory([0]), memory([0]), false);
        double[] totals = options.Axis == WeightAxis.Spatial ? SpatialSums(Make, SpatialSum.Exponents) : [0];
        using Scope scope = new(this);
        TestMemory[] maps = [scope.Make(Student.Length), scope.Make(Student.Length), scope.Make(Student.Length), scope.Make(Student.Length)];
        LossOutputs outputs = new()
        {
            Output0 = maps[0].Mem,
            Output1 = maps[1].Mem,
            Output2 = maps[2].Mem,
            Output3 = maps[3].Mem,
            Write0 = 1,
            Write1 = 1,
            Write2 = 1,
            Write3 = 1,
        };
        HeteroAkdMaps core = new(Classes, options, scope.Constant(totals));
        GridLossKernel<HeteroAkdMaps> kernel = new(core, scope.Constant(Student), scope.Constant(Teacher), scope.Labels, outputs, Pixels);
        scope.Launcher.PixelSums(kernel, Images, Pixels, Classes * 16, scope.Make(Sums<F64>.Count).Mem, Precision);
        return Array.ConvertAll(maps, map => map.Read());
    }

    private double[] SpatialSums(Func<Func<double[], Mem>, HeteroAkdLoss<ChosenParts>> make, SpatialSum sum)
    {
        using Scope scope = new(this);
        HeteroAkdLoss<ChosenParts> loss = make(scope.Constant);
        int planes = SpatialPlanes.Of(sum, Classes);
        StripGrid grid = new(Height, Width, Math.Min(3, Height));
        LogitsSource student = new Axes(this, StudentSize).Source(scope.Constant(Student), StudentSize != null, default, 0);
        LogitsSource teacher = new Axes(this, TeacherSize).Source(scope.Constant(Teacher), TeacherSize != null, default, 0);
        int strips = Images * grid.StripsPerImage;
        TestMemory partials = scope.Make(strips * planes * Width);
        TestMemory result = scope.Make(Images * planes);
        SpatialFoldKernel fold = new(loss, student, teacher, scope.Labels, grid, sum, partials.Mem);
        scope.Launcher.PixelSums(fold, strips, Width, Classes * 16, scope.Make(Sums<F64>.Count).Mem, Precision);
        scope.Launcher.Rows(new SpatialReduceKernel(partials.Mem, result.Mem, grid, Classes, sum), Images * planes, Pixels, Precision);
        partials.Read();
        return result.Read();
    }

    /// <summary>Random logits of about the spread that trained networks have.</summary>
    public static double[] Logits(Random random, int length, double spread = 3)
    {
        double[] values = new double[length];
        for (int i = 0; i < length; i++)
        {
            values[i] = (float)(spread * ((random.NextDouble() * 2) - 1));
        }

        return values;
    }

    /// <summary>Random labels, one in eight ignored in one way or another.</summary>
    public static int[] RandomLabels(Random random, int length, int classes, int ignoreIndex = 255)
    {
        int[] labels = new int[length];
        for (int i = 0; i < length; i++)
        {
            labels[i] = random.Next(8) == 0 ? (random.Next(3) switch { 0 => ignoreIndex, 1 => -7, _ => classes + 3 }) : random.Next(classes);
        }

        return labels;
    }

    private readonly struct Axes(LossProblem problem, (int Height, int Width)? size)
    {
        public readonly BilinearAxis Vertical = new(size?.Height ?? problem.Height, problem.Height, problem.AlignCorners);
        public readonly BilinearAxis Horizontal = new(size?.Width ?? problem.Width, problem.Width, problem.AlignCorners);

        public LogitsSource Source(Mem logits, bool sampled, Mem workspace, int slots) => sampled
            ? new LogitsSource(logits, problem.Classes, Vertical, Horizontal, workspace, slots)
            : new LogitsSource(logits, problem.Classes, problem.Height, problem.Width);

        public StripGradientKernel Gather(TestMemory workspace, TestMemory gradient, in StripPlan plan, int slots, int chunk) =>
            new(workspace.Mem, gradient.Mem, Vertical, Horizontal, plan.Grid, problem.Classes, slots, plan.FirstStrip(chunk), plan.StripCount(chunk));
    }

    private sealed class Scope : IDisposable
    {
        private readonly List<IDisposable> _owned = [];
        private readonly LossProblem _problem;
        private readonly HostPool _pool;

        public Scope(LossProblem problem)
        {
            _problem = problem;
            _pool = new HostPool(problem.Threads);
            Launcher = new HostLauncher(_pool);
            TestLabels labels = new(problem.Labels);
            _owned.Add(labels);
            int height = problem.LabelHeight > 0 ? problem.LabelHeight : problem.Height;
            int width = problem.LabelWidth > 0 ? problem.LabelWidth : problem.Width;
            Labels = problem.Labels.Length > 0
                ? new LabelSource(labels.Mem, height, width, problem.Height, problem.Width, problem.Classes, problem.IgnoreIndex)
                : default;
        }

        public HostLauncher Launcher { get; }

        public LabelSource Labels { get; }

        public TestMemory StudentGradient { get; private set; } = null!;

        public TestMemory TeacherGradient { get; private set; } = null!;

        public TestMemory Make(int length, ReadOnlySpan<double> values = default)
        {
            TestMemory memory = new(_problem.Precision, length, values);
            _owned.Add(memory);
            return memory;
        }

        public Mem Constant(double[] values) => Make(values.Length, values).Mem;

        public LossOutputs Outputs<TLoss>(in TLoss loss, int studentLength, int teacherLength)
            where TLoss : struct, IPixelLoss
        {
            StudentGradient = Make(studentLength, new double[studentLength]);
            TeacherGradient = Make(teacherLength, new double[teacherLength]);
            return GridOutputs(true, loss.Outputs == 2);
        }

        public LossOutputs GridOutputs(bool student, bool teacher) => new()
        {
            Output0 = StudentGradient.Mem,
            Write0 = student ? 1 : 0,
            Output1 = TeacherGradient.Mem,
            Write1 = teacher ? 1 : 0,
        };

        public void Transpose(StripGradientKernel kernel) => Launcher.Pixel(kernel, kernel.Rows, kernel.Columns, kernel.Cost, _problem.Precision);

        public LossRun Result(double[] sums) => new(sums, StudentGradient.Read(), TeacherGradient.Read());

        public void Dispose()
        {
            _pool.Dispose();
            _owned.ForEach(memory => memory.Dispose());
        }
    }
}
