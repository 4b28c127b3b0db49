using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Losses;

namespace HeteroAKD.Kernels.Tests.Losses;

public class HeteroAkdLossTests
{
    /// <summary>Every combination of the switches: 2 axes, 2 forms, 2 reliabilities, detached or not, 3 supervisions; τ and τ² vary along.</summary>
    public static TheoryData<HeteroAkdOptions> EveryOption()
    {
        TheoryData<HeteroAkdOptions> data = [];
        for (int i = 0; i < 48; i++)
        {
            data.Add(new HeteroAkdOptions
            {
                Axis = (WeightAxis)(i % 2),
                Form = (DistillationForm)(i / 2 % 2),
                Reliability = (Reliability)(i / 4 % 2),
                Detach = i / 8 % 2 == 0,
                Supervision = (ProjectorSupervision)(i / 16),
                Tau = 1 + (i % 3),
                ScaleTauSquared = i % 5 < 2,
                Weight = 1.5f,
                SupervisionWeight = 0.75f,
            });
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(EveryOption))]
    public void EqualsTheReference(HeteroAkdOptions options)
    {
        foreach ((int images, int classes, int height, int width) in new[] { (1, 2, 1, 1), (2, 5, 4, 9), (1, 19, 3, 16) })
        {
            Random random = new(classes);
            double[] student = LossProblem.Logits(random, images * classes * height * width);
            double[] teacher = LossProblem.Logits(random, images * classes * height * width);
            int[] labels = LossProblem.RandomLabels(random, images * height * width, classes);
            HeteroAkdReference reference = new(student, teacher, Array.ConvertAll(labels, l => l == 255 ? -1 : l), classes, height * width, options);
            foreach (HostPrecision precision in new[] { HostPrecision.Float64, HostPrecision.Float32 })
            {
                LossRun run = new LossProblem
                {
                    Images = images,
                    Classes = classes,
                    Height = height,
                    Width = width,
                    Student = student,
                    Teacher = teacher,
                    Labels = labels,
                    Precision = precision,
                }.HeteroAkd(options, false);
                // e^U carries the rounding of U (up to 8 here) as a relative error.
                double tolerance = precision == HostPrecision.Float64 ? 1e-12 : 4e-6;
                Expect.Close(reference.Sums, run.Sums, tolerance, $"{precision} {classes} classes, sum");
                Expect.Close(reference.StudentGradient, run.Student, tolerance, $"{precision} {classes} classes, student gradient");
                Expect.Close(reference.TeacherGradient, run.Teacher, tolerance, $"{precision} {classes} classes, teacher gradient");
            }
        }
    }

    /// <summary>Spreads on both sides of the bound of the quick way, and lanes that hold pixels from both.</summary>
    [Theory]
    [InlineData(0.01, false)]
    [InlineData(5, false)]
    [InlineData(5, true)]
    [InlineData(17, false)]
    [InlineData(40, false)]
    public void TheQuickWayAgreesWithTheReference(double spread, bool outliers)
    {
        const int Classes = 7;
        Random random = new(29);
        double[] student = LossProblem.Logits(random, Classes * 67, spread);
        double[] teacher = LossProblem.Logits(random, Classes * 67, spread);
        for (int i = 5; outliers && i < student.Length; i += 21)
        {
            student[i] = 90;
        }

        int[] labels = LossProblem.RandomLabels(random, 67, Classes);
        foreach (ProjectorSupervision supervision in Enum.GetValues<ProjectorSupervision>())
        {
            foreach (DistillationForm form in new[] { DistillationForm.Ce, DistillationForm.Kl })
            {
                HeteroAkdOptions options = HeteroAkdOptions.Practical with { Supervision = supervision, Form = form, Weight = 2 };
                HeteroAkdReference reference = new(student, teacher, labels, Classes, 67, options);
                foreach (HostPrecision precision in Enum.GetValues<HostPrecision>())
                {
                    LossRun run = new LossProblem
                    {
                        Images = 1,
                        Classes = Classes,
                        Height = 1,
                        Width = 67,
                        Student = student,
                        Teacher = teacher,
                        Labels = labels,
                        IgnoreIndex = -1,
                        Precision = precision,
                    }.HeteroAkd(options, false);

                    // e^U carries the rounding of U, up to twice the spread, as a relative error.
                    double tolerance = precision == HostPrecision.Float64 ? 1e-12 : 1e-6 * (1 + spread);
                    Expect.Close(reference.Sums, run.Sums, tolerance, $"{options}: sum");
                    Expect.Close(reference.StudentGradient, run.Student, tolerance, $"{options}: student gradient");
                    Expect.Close(reference.TeacherGradient, run.Teacher, tolerance, $"{options}: teacher gradient");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(EveryOption))]
    public void GradientIsTheSlopeOfTheLoss(HeteroAkdOptions options)
    {
        const int Classes = 4;
        Random random = new(17);
        double[] student = LossProblem.Logits(random, 2 * Classes * 3);
        double[] teacher = LossProblem.Logits(random, 2 * Classes * 3);
        LossRun Run(double[] s, double[] t) => new LossProblem
        {
            Images = 2,
            Classes = Classes,
            Height = 1,
            Width = 3,
            Student = s,
            Teacher = t,
            Labels = [2, 255, 0, 3, 1, 1],
        }.HeteroAkd(options, false);
        double[] gradient = [.. Run(student, teacher).Student, .. Run(student, teacher).Teacher];
        HeteroAkdReference constants = new(student, teacher, [2, -1, 0, 3, 1, 1], Classes, 3, options);
        for (int i = 0; i < gradient.Length; i++)
        {
            double Loss(double step)
            {
                double[] s = [.. student];
                double[] t = [.. teacher];
                (i < s.Length ? s : t)[i % s.Length] += step;
                return options.Detach ? DetachedLoss(constants, s, t, Classes, options) : Total(Run(s, t).Sums, Classes, options);
            }

            Assert.Equal((Loss(1e-5) - Loss(-1e-5)) / 2e-5, gradient[i], 5e-9);
        }
    }

    [Theory]
    [MemberData(nameof(EveryOption))]
    public void SampledInputsEqualExplicitResizing(HeteroAkdOptions options)
    {
        const int Images = 2;
        const int Classes = 3;
        const int Planes = Images * Classes;
        Random random = new(23);
        double[] student = LossProblem.Logits(random, Planes * 5 * 6);
        double[] teacher = LossProblem.Logits(random, Planes * 3 * 4);
        int[] labels = LossProblem.RandomLabels(random, Images * 21 * 34, Classes);
        HeteroAkdReference reference = new(
            BilinearTruth.Forward(student, Planes, 5, 6, 21, 34, true), BilinearTruth.Forward(teacher, Planes, 3, 4, 21, 34, true),
            Array.ConvertAll(labels, l => l == 255 ? -1 : l), Classes, 21 * 34, options);
        LossRun run = new LossProblem
        {
            Images = Images,
            Classes = Classes,
            Height = 21,
            Width = 34,
            Student = student,
            StudentSize = (5, 6),
            Teacher = teacher,
            TeacherSize = (3, 4),
            Labels = labels,
            AlignCorners = true,
            WorkspaceBytes = 10_000,
        }.HeteroAkd(options, true);
        Expect.Close(reference.Sums, run.Sums, 1e-11, "sum");
        Expect.Close(BilinearTruth.Transpose(reference.StudentGradient, Planes, 5, 6, 21, 34, true), run.Student, 1e-11, "student gradient");
        Expect.Close(BilinearTruth.Transpose(reference.TeacherGradient, Planes, 3, 4, 21, 34, true), run.Teacher, 1e-11, "teacher gradient");
    }

    private static double Total(double[] sums, int classes, HeteroAkdOptions options) =>
        (options.Weight * sums[0]) + (options.SupervisionWeight * (sums[2] + sums[3]) / (options.Supervision == ProjectorSupervision.Bce ? classes : 1));

    /// <summary>The loss as a function of the logits alone, with W and q those of the unperturbed logits.</summary>
    private static double DetachedLoss(HeteroAkdReference constants, double[] student, double[] teacher, int classes, HeteroAkdOptions options)
    {
        int[] labels = [2, -1, 0, 3, 1, 1];
        HeteroAkdReference perturbed = new(student, teacher, labels, classes, 3, options);
        double loss = 0;
        for (int pixel = 0; pixel < labels.Length; pixel++)
        {
            double[] Column(double[] map) => [.. Enumerable.Range(0, classes).Select(c => map[(((pixel / 3 * classes) + c) * 3) + (pixel % 3)])];
            double[] q = Softmax(Column(constants.Hybrid), options.Tau);
            double[] p = Softmax(Column(student), options.Tau);
            double[] w = Column(constants.Weights);
            for (int c = 0; c < classes && labels[pixel] >= 0; c++)
            {
                loss -= w[c] * q[c] * Math.Log(p[c]);
            }
        }

        double scale = options.ScaleTauSquared ? options.Tau * options.Tau : 1;
        return Total([scale * loss, 0, perturbed.SupervisionTeacher, perturbed.SupervisionStudent], classes, options);
    }

    private static double[] Softmax(double[] logits, double tau)
    {
        double max = logits.Max();
        double sum = logits.Sum(z => Math.Exp((z - max) / tau));
        return Array.ConvertAll(logits, z => Math.Exp((z - max) / tau) / sum);
    }
}
