using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Losses;

namespace HeteroAKD.Kernels.Tests.Losses;

/// <summary>The loss taken apart: mixing, weighting, what W adds up to, the binary form and class weights, alone and together.</summary>
public class HeteroAkdPartsTests
{
    private static readonly double[] s_weights = [0.5, 2, 1.25, 0.75, 3, 1, 0.25];

    /// <summary>Every combination of 2 mixings, 2 weightings, 2 scales, 3 forms, 2 axes, 2 reliabilities, detached or not; the rest varies along.</summary>
    public static TheoryData<HeteroAkdOptions, bool> EveryPart()
    {
        TheoryData<HeteroAkdOptions, bool> data = [];
        for (int i = 0; i < 192; i++)
        {
            HeteroAkdOptions options = new()
            {
                Mixing = i % 2 == 0,
                Weighting = i / 2 % 2 == 0,
                WeightScale = (WeightScale)(i / 4 % 2),
                Axis = (WeightAxis)(i / 8 % 2),
                Reliability = (Reliability)(i / 16 % 2),
                Detach = i / 32 % 2 == 0,
                Form = (DistillationForm)(i / 64),
                Supervision = (ProjectorSupervision)(i % 3),
                Tau = 1 + (i % 5 / 2),
                ScaleTauSquared = i % 7 < 3,
                Weight = 1.5f,
                SupervisionWeight = 0.75f,
            };
            data.Add(options, i % 11 < 4);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(EveryPart))]
    public void EqualsTheReference(HeteroAkdOptions options, bool classWeighted)
    {
        foreach ((int images, int classes, int height, int width) in new[] { (1, 2, 1, 1), (2, 5, 4, 9), (1, 7, 3, 16) })
        {
            Random random = new(classes);
            double[] student = LossProblem.Logits(random, images * classes * height * width);
            double[] teacher = LossProblem.Logits(random, images * classes * height * width);
            int[] labels = LossProblem.RandomLabels(random, images * height * width, classes);
            double[]? weights = classWeighted ? s_weights[..classes] : null;
            HeteroAkdReference reference = new(student, teacher, Array.ConvertAll(labels, l => l == 255 ? -1 : l), classes, height * width, options, weights);

            // e^U carries the rounding of U (up to 8 here) as a relative error; W and the weight of a pixel multiply it.
            double largest = (options.WeightScale == WeightScale.One ? 1 : options.Axis == WeightAxis.Class ? classes : height * width)
                * (classWeighted ? s_weights.Max() : 1);
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
                }.HeteroAkd(options, false, weights);
                double tolerance = precision == HostPrecision.Float64 ? 1e-12 : 4e-6 * largest;
                Expect.Close(reference.Sums, run.Sums, tolerance, $"{precision} {classes} classes, sum");
                Expect.Close(reference.StudentGradient, run.Student, tolerance, $"{precision} {classes} classes, student gradient");
                Expect.Close(reference.TeacherGradient, run.Teacher, tolerance, $"{precision} {classes} classes, teacher gradient");
            }
        }
    }

    [Theory]
    [MemberData(nameof(EveryPart))]
    public void GradientIsTheSlopeOfTheLoss(HeteroAkdOptions options, bool classWeighted)
    {
        const int Classes = 4;
        Random random = new(17);
        double[] student = LossProblem.Logits(random, 2 * Classes * 3);
        double[] teacher = LossProblem.Logits(random, 2 * Classes * 3);
        int[] labels = [2, -1, 0, 3, 1, 1];
        double[]? weights = classWeighted ? s_weights[..Classes] : null;
        LossRun Run(double[] s, double[] t) => new LossProblem
        {
            Images = 2,
            Classes = Classes,
            Height = 1,
            Width = 3,
            Student = s,
            Teacher = t,
            Labels = labels,
        }.HeteroAkd(options, false, weights);
        double[] gradient = [.. Run(student, teacher).Student, .. Run(student, teacher).Teacher];
        HeteroAkdReference constants = new(student, teacher, labels, Classes, 3, options, weights);
        for (int i = 0; i < gradient.Length; i++)
        {
            double Loss(double step)
            {
                double[] s = [.. student];
                double[] t = [.. teacher];
                (i < s.Length ? s : t)[i % s.Length] += step;
                double[] sums = Run(s, t).Sums;
                sums[0] = options.Detach ? DetachedLoss(constants, s, labels, Classes, options, weights) : sums[0];
                return Total(sums, Classes, options);
            }

            Assert.Equal((Loss(1e-5) - Loss(-1e-5)) / 2e-5, gradient[i], 2e-8);
        }
    }

    /// <summary>What is asked for at run time gives the bits of what is known at compile time, but where that has a quicker way.</summary>
    [Theory]
    [MemberData(nameof(HeteroAkdLossTests.EveryOption), MemberType = typeof(HeteroAkdLossTests))]
    public void TheWholeMethodHasTheSameBitsWithChosenParts(HeteroAkdOptions options)
    {
        HeteroAkdOptions general = options with { Tau = options.Tau + 0.5f };
        Random random = new(3);
        LossProblem problem = new()
        {
            Images = 2,
            Classes = 5,
            Height = 4,
            Width = 9,
            Student = LossProblem.Logits(random, 360),
            Teacher = LossProblem.Logits(random, 360),
            Labels = LossProblem.RandomLabels(random, 72, 5),
            Precision = HostPrecision.Float32,
        };
        LossRun expected = problem.HeteroAkd(general, false);
        LossRun found = problem.HeteroAkd(general, false, alwaysChosen: true);
        Assert.Equal(expected.Sums, found.Sums);
        Assert.Equal(expected.Student, found.Student);
        Assert.Equal(expected.Teacher, found.Teacher);
    }

    [Fact]
    public void FixedPartsRefuseWhatTheyCannotCompute()
    {
        HeteroAkdOptions published = HeteroAkdOptions.Practical;
        foreach (HeteroAkdOptions options in new[]
        {
            published with { Mixing = false }, published with { Weighting = false }, published with { WeightScale = WeightScale.Classes },
            published with { Form = DistillationForm.Binary },
        })
        {
            Assert.Throws<ArgumentException>(() => new HeteroAkdLoss<FixedParts>(3, options, default, default, default, false));
        }

        Assert.Throws<ArgumentException>(() => new HeteroAkdLoss<FixedParts>(3, published, default, default, default, true));
        Assert.Equal(2, new HeteroAkdLoss<FixedParts>(3, published, default, default, default, false).Inputs);
    }

    [Theory]
    [InlineData(WeightAxis.Class, true)]
    [InlineData(WeightAxis.Class, false)]
    [InlineData(WeightAxis.Spatial, true)]
    [InlineData(WeightAxis.Spatial, false)]
    public void WeightsOfScaleClassesHaveAMeanOfOne(WeightAxis axis, bool weighting)
    {
        const int Classes = 5;
        Random random = new(5);
        LossProblem problem = new()
        {
            Images = 2,
            Classes = Classes,
            Height = 3,
            Width = 11,
            Student = LossProblem.Logits(random, 330),
            Teacher = LossProblem.Logits(random, 330),
            Labels = LossProblem.RandomLabels(random, 66, Classes),
        };
        double[] weights = problem.Maps(HeteroAkdOptions.Practical with { Axis = axis, Weighting = weighting, WeightScale = WeightScale.Classes })[1];
        Dictionary<int, List<double>> groups = [];
        for (int i = 0; i < weights.Length; i++)
        {
            int pixel = (i / (Classes * 33) * 33) + (i % 33);
            if (problem.Labels[pixel] >= 0 && problem.Labels[pixel] < Classes)
            {
                int group = axis == WeightAxis.Class ? pixel : i / 33;
                groups.TryAdd(group, []);
                groups[group].Add(weights[i]);
            }
        }

        Assert.All(groups.Values, group => Assert.Equal(1, group.Average(), 1e-12));
        Assert.All(weights.Where(w => !weighting && w != 0), w => Assert.Equal(1, w, 1e-12));
    }

    [Theory]
    [InlineData(30, true)]
    [InlineData(1e4, true)]
    [InlineData(1e30, true)]
    [InlineData(1e4, false)]
    public void TheBinaryFormOfHugeLogitsStaysFinite(double size, bool detach)
    {
        Random random = new(3);
        LossProblem problem = new()
        {
            Images = 1,
            Classes = 4,
            Height = 1,
            Width = 40,
            Student = LossProblem.Logits(random, 160, size),
            Teacher = LossProblem.Logits(random, 160, size),
            Labels = LossProblem.RandomLabels(random, 40, 4),
            Precision = HostPrecision.Float32,
        };
        LossRun run = problem.HeteroAkd(HeteroAkdOptions.Practical with { Form = DistillationForm.Binary, Detach = detach }, false);
        Assert.All(run.Sums.Concat(run.Student).Concat(run.Teacher), value => Assert.True(double.IsFinite(value)));
    }

    /// <summary>Equal and sure logits leave nothing: with p rounded to 1 a logarithm of 1 - p would be infinite.</summary>
    [Theory]
    [InlineData(20, 20, 0)]
    [InlineData(20, 18, 9.0465e-9)]
    [InlineData(-20, -18, 9.0465e-9)]
    [InlineData(20, -20, 20)]
    public void TheBinaryDivergenceKeepsItsDigits(double target, double student, double expected)
    {
        LossProblem problem = new()
        {
            Images = 1,
            Classes = 1,
            Height = 1,
            Width = 1,
            Student = [student],
            Teacher = [target],
            Labels = [0],
            Precision = HostPrecision.Float32,
        };
        LossRun run = problem.HeteroAkd(HeteroAkdOptions.Practical with { Form = DistillationForm.Binary, Mixing = false }, false);
        Assert.Equal(expected, run.Sums[0], Math.Max(1e-11, 1e-3 * expected));
    }

    [Theory]
    [InlineData(true, WeightAxis.Class, DistillationForm.Binary)]
    [InlineData(false, WeightAxis.Spatial, DistillationForm.Binary)]
    [InlineData(false, WeightAxis.Spatial, DistillationForm.Kl)]
    public void AnIgnoredPixelCountsForNothingWhateverItHolds(bool detach, WeightAxis axis, DistillationForm form)
    {
        Random random = new(9);
        double[] student = LossProblem.Logits(random, 4 * 23);
        double[] teacher = LossProblem.Logits(random, 4 * 23);
        int[] labels = LossProblem.RandomLabels(random, 23, 4);
        labels[3] = 255;
        HeteroAkdOptions options = HeteroAkdOptions.Practical with { Detach = detach, Axis = axis, Form = form, WeightScale = WeightScale.Classes };
        LossRun Run(double? poison)
        {
            double[] s = [.. student];
            double[] t = [.. teacher];
            for (int c = 0; c < 4; c++)
            {
                (s[(c * 23) + 3], t[(c * 23) + 3]) = poison is { } p ? (p, -p) : (s[(c * 23) + 3], t[(c * 23) + 3]);
            }

            return new LossProblem
            {
                Images = 1,
                Classes = 4,
                Height = 1,
                Width = 23,
                Student = s,
                Teacher = t,
                Labels = labels,
                Precision = HostPrecision.Float32,
            }.HeteroAkd(options, false, s_weights[..4]);
        }

        LossRun clean = Run(null);
        foreach (double poison in new[] { double.NaN, double.PositiveInfinity, 3e38 })
        {
            LossRun run = Run(poison);
            Assert.Equal(clean.Sums, run.Sums);
            Assert.Equal(clean.Student, run.Student);
            Assert.Equal(clean.Teacher, run.Teacher);
        }
    }

    private static double Total(double[] sums, int classes, HeteroAkdOptions options) =>
        (options.Weight * sums[0]) + (options.SupervisionWeight * (sums[2] + sums[3]) / (options.Supervision == ProjectorSupervision.Bce ? classes : 1));

    /// <summary>L_hakd as a function of the student's logits alone, with ω, W and q those of the unperturbed logits.</summary>
    private static double DetachedLoss(
        HeteroAkdReference constants, double[] student, int[] labels, int classes, HeteroAkdOptions options, double[]? classWeights)
    {
        double Weight(int label) => classWeights?[label] ?? 1;
        double mean = labels.Where(label => label >= 0).Average(Weight);
        double loss = 0;
        for (int pixel = 0; pixel < labels.Length; pixel++)
        {
            double[] Column(double[] map) => [.. Enumerable.Range(0, classes).Select(c => map[(((pixel / 3 * classes) + c) * 3) + (pixel % 3)])];
            double[] w = Column(constants.Weights);
            double[] q = Probabilities(Column(constants.Hybrid), options);
            double[] p = Probabilities(Column(student), options);
            for (int c = 0; c < classes && labels[pixel] >= 0; c++)
            {
                double rest = options.Form == DistillationForm.Binary ? (1 - q[c]) * Math.Log(1 - p[c]) : 0;
                loss -= Weight(labels[pixel]) / mean * w[c] * ((q[c] * Math.Log(p[c])) + rest);
            }
        }

        return (options.ScaleTauSquared ? options.Tau * options.Tau : 1) * loss;
    }

    private static double[] Probabilities(double[] logits, HeteroAkdOptions options)
    {
        double sum = logits.Sum(z => Math.Exp(z / options.Tau));
        return Array.ConvertAll(logits, z => options.Form == DistillationForm.Binary ? 1 / (1 + Math.Exp(-z / options.Tau)) : Math.Exp(z / options.Tau) / sum);
    }
}
