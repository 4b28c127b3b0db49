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
        foreach (DistillationForm form in new[] { DistillationForm.Ce, DistillationForm.Kl })
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

    /// <summary>Options away from the published method, class weights if any, L_hakd of each pixel and the student's gradient.</summary>
    public static TheoryData<HeteroAkdOptions, double[]?, double[], double[]> ChosenParts()
    {
        HeteroAkdOptions published = Options(1, DistillationForm.Ce);
        return new()
        {
            { published with { Mixing = false }, null, [0.200414, 0.694289], [-0.069311, -0.014763, 0.067972, 0.217460, 0.001339, -0.202697] },
            { published with { Weighting = false }, null, [0.396182, 0.237129], [-0.154729, 0.002145, 0.155539, 0.022159, -0.000810, -0.024303] },
            {
                published with { Mixing = false, Weighting = false, Form = DistillationForm.Kl }, null,
                [0.212760, 0.362430], [-0.151366, -0.001196, 0.169146, 0.191989, -0.017780, -0.190792]
            },
            {
                published with { WeightScale = WeightScale.Classes }, null, [0.650492, 0.754487],
                [-0.200780, -0.045311, 0.171801, 0.154932, 0.028979, -0.109621]
            },
            { Options(1, DistillationForm.Binary), null, [0.242898, 0.014635], [-0.037686, 0.032949, 0.267373, 0.004446, -0.010001, -0.040317] },
            { Options(4, DistillationForm.Binary), null, [0.016219, 0.001015], [-0.003091, 0.002064, 0.017678, 0.000802, -0.000643, -0.002593] },
            { published, [2, 1, 0.5], [0.289108, 0.167664], [-0.089236, -0.010069, 0.076356, 0.034429, 0.012879, -0.024360] },
            {
                published with { Mixing = false, Axis = WeightAxis.Spatial }, null, [0.567022, 1.072100],
                [-0.196864, -0.011497, 0.216536, 0.345663, -0.019672, -0.334167]
            },
        };
    }

    [Theory]
    [MemberData(nameof(ChosenParts))]
    public void EachPartChosen(HeteroAkdOptions options, double[]? classWeights, double[] losses, double[] gradient)
    {
        LossRun run = Problem(HostPrecision.Float64).HeteroAkd(options, false, classWeights);
        HeteroAkdReference reference = new(s_student, s_teacher, s_labels, 3, 2, options, classWeights);
        Assert.Equal(losses.Sum(), run.Sums[0], 2 * Printed);
        Assert.Equal(losses.Sum(), reference.Loss, 2 * Printed);
        Expect.Close(gradient, run.Student, Printed, "gradient");
        Expect.Close(gradient, reference.StudentGradient, Printed, "reference gradient");
    }

    [Fact]
    public void MapsOfChosenParts()
    {
        HeteroAkdOptions published = Options(1, DistillationForm.Ce);
        double[][] maps = Problem(HostPrecision.Float64).Maps(published with { Mixing = false });
        Expect.Close([0.788807, 0.590124, 0.807404, 0.175314, 0.327366, 0.284971], maps[0], Printed, "S without mixing");
        Expect.Close([0.162527, 0.470724, 0.722616, 0.179691, 0.114858, 0.349585], maps[1], Printed, "W without mixing");
        Expect.Close([0.347149, 0.243784, 1.000000, 0.000000, 0.000000, 0.000000], maps[2], Printed, "ΔH without mixing");
        Expect.Close(s_teacher, maps[3], 0, "the target without mixing");
        double[] scaled = Problem(HostPrecision.Float64).Maps(published with { WeightScale = WeightScale.Classes })[1];
        Expect.Close([0.511878, 1.343352, 2.110306, 0.562438, 0.377816, 1.094210], scaled, Printed, "W with a mean of one");
        double[][] unweighted = Problem(HostPrecision.Float64).Maps(published with { Weighting = false, Axis = WeightAxis.Spatial });
        Assert.All(unweighted[1], w => Assert.Equal(0.5, w));
        Expect.Close([0.303679, 0.151393, 0.880996, 0.000000, 0.000000, 0.000000], unweighted[2], Printed, "ΔH without weighting");
    }

    private static HeteroAkdOptions Options(float tau, DistillationForm form) =>
        HeteroAkdOptions.Practical with { Tau = tau, Form = form, Supervision = ProjectorSupervision.None };

    private static LossProblem Problem(HostPrecision precision, int[]? labels = null) => new()
    {
        Images = 1,
        Classes = 3,
        Height = 1,
        Width = 2,
        Student = s_student,
        Teacher = s_teacher,
        Labels = labels ?? s_labels,
        Precision = precision,
    };
}
