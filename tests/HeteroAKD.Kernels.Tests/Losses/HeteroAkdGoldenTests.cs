using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Losses;

namespace HeteroAKD.Kernels.Tests.Losses;

/// <summary>The golden vectors of the specification: two pixels, three classes, six printed digits.</summary>
public class HeteroAkdGoldenTests
{
    private const double Printed = 0.5000001e-6;
    private static readonly double[] s_teacher = [2.0, -0.3, -1.0, 0.8, 0.5, 1.7]; // [3, 2]
    private static readonly double[] s_student = [0.5, 0.2, 1.0, 2.5, -0.5, 0.1];
    private static readonly int[] s_labels = [0, 1];

    public static TheoryData<float, DistillationForm, double[]> Losses() => new()
    {
        { 1, DistillationForm.Ce, [0.216831, 0.251496] },
        { 1, DistillationForm.Kl, [0.011088, 0.021789] },
        { 4, DistillationForm.Ce, [0.301391, 0.359083] },
        { 4, DistillationForm.Kl, [-0.050403, 0.004421] },
    };

    public static TheoryData<float, double[]> Gradients() => new()
    {
        { 1, [-0.066927, -0.015104, 0.057267, 0.051644, 0.009660, -0.036540] },
        { 4, [0.005836, -0.007928, -0.016505, 0.015185, 0.010670, -0.007257] },
    };

    [Fact]
    public void Reliabilities()
    {
        HeteroAkdReference reference = new(s_student, s_teacher, s_labels, 3, 2, Options(1, DistillationForm.Ce));
        Expect.Close([0.126928, 0.554355, 0.313262, 0.371101, 0.974077, 1.867786], reference.ReliabilityTeacher, Printed, "Ht");
        Expect.Close([0.474077, 0.798139, 1.313262, 0.078890, 0.474077, 0.744397], reference.ReliabilityStudent, Printed, "Hs");
        Expect.Close([0.170398, 0.646745, 0.432266, 0.104887, 0.610551, 1.009272], reference.ReliabilityHybrid, Printed, "H of the hybrid");
    }

    [Theory]
    [InlineData(HostPrecision.Float64)]
    [InlineData(HostPrecision.Float32)]
    public void Maps(HostPrecision precision)
    {
        double[][] maps = Problem(precision).Maps(Options(1, DistillationForm.Ce));
        Expect.Close([0.788807, 0.590124, 0.807404, 0.175314, 0.327366, 0.284971], maps[0], Printed, "S");
        Expect.Close([0.170626, 0.447784, 0.703435, 0.187479, 0.125939, 0.364737], maps[1], Printed, "W");
        Expect.Close([0.303679, 0.151393, 0.880996, 0.000000, 0.000000, 0.000000], maps[2], Printed, "ΔH");
        Expect.Close([1.683211, -0.095062, -0.614808, 2.201966, -0.172634, 0.555954], maps[3], Printed, "hybrid");
        double[] spatial = Problem(precision).Maps(Options(1, DistillationForm.Ce) with { Axis = WeightAxis.Spatial })[1];
        Expect.Close([0.457161, 0.542839, 0.892388, 0.107612, 0.432829, 0.567171], spatial, Printed, "spatial W");
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void LossOfEachPixel(float tau, DistillationForm form, double[] expected)
    {
        for (int pixel = 0; pixel < 2; pixel++)
        {
            int[] labels = [pixel == 0 ? 0 : -1, pixel == 1 ? 1 : -1];
            Assert.Equal(expected[pixel], Problem(HostPrecision.Float64, labels).HeteroAkd(Options(tau, form), false).Sums[0], Printed);
            Assert.Equal(expected[pixel], new HeteroAkdReference(s_student, s_teacher, labels, 3, 2, Options(tau, form)).Loss, Printed);
        }

        LossRun both = Problem(HostPrecision.Float32).HeteroAkd(Options(tau, form), false);
        Assert.Equal(expected[0] + expected[1], both.Sums[0], 2 * Printed);
        Assert.Equal(2, both.Sums[1]);
    }

    [Theory]
    [MemberData(nameof(Gradients))]
    public void GradientOfTheStudent(float tau, double[] expected)
    {
        foreach (DistillationForm form in Enum.GetValues<DistillationForm>())
        {
            Expect.Close(expected, Problem(HostPrecision.Float64).HeteroAkd(Options(tau, form), false).Student, Printed, "gradient");
            HeteroAkdReference reference = new(s_student, s_teacher, s_labels, 3, 2, Options(tau, form));
            Expect.Close(expected, reference.StudentGradient, Printed, "reference gradient");
        }
    }

    [Fact]
    public void MeansAndTauSquared()
    {
        HeteroAkdOptions options = Options(4, DistillationForm.Ce);
        Assert.Equal(0.234163, Problem(HostPrecision.Float64).HeteroAkd(Options(1, DistillationForm.Ce), false).Sums[0] / 2, Printed);
        Assert.Equal(0.330237, Problem(HostPrecision.Float64).HeteroAkd(options, false).Sums[0] / 2, Printed);
        Assert.Equal(5.283789, Problem(HostPrecision.Float64).HeteroAkd(options with { ScaleTauSquared = true }, false).Sums[0] / 2, Printed);
    }

    private static HeteroAkdOptions Options(float tau, DistillationForm form) =>
        HeteroAkdOptions.Practical with { Tau = tau, Form = form, Supervision = ProjectorSupervision.None };

    private static LossProblem Problem(HostPrecision precision, int[]? labels = null) => new()
    {
        Images = 1, Classes = 3, Height = 1, Width = 2, Student = s_student, Teacher = s_teacher, Labels = labels ?? s_labels, Precision = precision,
    };
}
