using HeteroAKD.Distillation.Terms;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Initialization;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Distillation.Tests;

/// <summary>
/// Published losses that train modules of their own, against their authors' code: Af-DCD (github.com/OSVAI/Af-DCD, losses/ocmgd.py) and CIRKDv2
/// (github.com/winycg/CIRKD, losses/cirkd_channel.py, gcn.py, fitnet.py) in float64 (<c>channelContrast</c> here in float32, as banks are) with PyTorch 1.13,
/// one process, on the values of <see cref="PublishedValues"/>.
/// </summary>
public sealed class PublishedModuleTests
{
    private const int Side = 8;

    /// <summary>Term, options, its last values, Σ|gradient| of the student's map and of the modules' parameters, relative tolerance.</summary>
    public static TheoryData<string, TermOptions, double[], double, double, double> Published => new()
    {
        {
            "afdcd", new AfDcdTermOptions { Feature = 0.01, Contrast = 0.5, Groups = 4, Pool = 2, Patch = 2, MaskRatio = 0 },
            [8729.416390831875, 259.43381926537626], 286.80077327236705, 46072.47998280048, 3e-7
        },
        {
            "afdcd", new AfDcdTermOptions { Feature = 0.01, Contrast = 0.5, Groups = 4, Pool = 2, Patch = 2, MaskRatio = 0, Enhanced = true },
            [8474.050407011578, 296.7758778304296], 145.47565040477446, 28369.5187405803, 3e-7
        },

        // A bank that a batch fills and a step reads whole holds the batch's channels, in whatever order. Banks are float32.
        {
            "channelContrast", new ChannelContrastTermOptions { Grid = 2, Memory = 96, Samples = 96, ChannelsAnImage = 48 },
            [6.850508000948492, 8.636017229048539, 0.5070937464874329], 308.4453255489358, 1483.5828135122952, 2e-4
        },
        { "graphFitnet", new GraphFitNetTermOptions(), [1.3700921443295269], 0.08465366007250799, 0.6164696190842276, 3e-7 },
    };

    [Theory]
    [MemberData(nameof(Published))]
    public void Loss_and_gradients_are_those_of_the_published_code(
        string name, TermOptions options, double[] parts, double mapGradient, double moduleGradient, double tolerance)
    {
        using TinyBatch batch = new();
        DType type = name == "channelContrast" ? DType.Float32 : DType.Float64;
        Site site = new(batch.Device, new Generator(5), name, type);
        using DistillationTerm term = TermTable.Find(name).Create(options, new TermSetup(batch.Teacher, batch.Student, 1, site, TinyBatch.IgnoreIndex, null));
        PublishedValues.Fill(term.Auxiliary!);
        bool stages = term.Reads == TermReads.EncoderStages;
        Tensor student = PublishedValues.Map(batch.Device, stages ? batch.Student.FeatureChannels[^1] : batch.Student.HeadChannels, Side, 60, type: type);
        Tensor teacher = PublishedValues.Map(batch.Device, stages ? batch.Teacher.FeatureChannels[^1] : batch.Teacher.HeadChannels, Side, 70, 2, type);
        student.RequiresGrad = true;
        using StepScope scope = batch.Device.BeginStep();
        List<LossTerm> values = [];
        term.Loss(new TermInputs(Output(teacher), Output(student), batch.Labels, Pass.Train(1)), values).Backward();
        Assert.Equal(term.ValueNames, values.Select(v => v.Name));
        Assert.All(parts.Zip(values.TakeLast(parts.Length)), p => Assert.Equal(p.First, p.Second.Read(), tolerance * p.First));
        Assert.Equal(mapGradient, student.Grad!.ToDoubles().Sum(Math.Abs), tolerance * mapGradient);
        Assert.Equal(moduleGradient, term.Auxiliary!.Parameters().Sum(p => p.Grad!.ToDoubles().Sum(Math.Abs)), tolerance * moduleGradient);
    }

    /// <summary>Three quarters of the pixels are 0 in all channels, the others as they were; another step hides others.</summary>
    [Fact]
    public void A_mask_hides_whole_pixels()
    {
        using TinyBatch batch = new();
        Site site = new(batch.Device, new Generator(5), "afdcd", DType.Float64);
        using AfDcdTerm term = new(new AfDcdTermOptions { Groups = 4 }, new TermSetup(batch.Teacher, batch.Student, 1, site, TinyBatch.IgnoreIndex, null));
        const int Channels = 3, Wide = 40, Pixels = Wide * Wide;
        using StepScope scope = batch.Device.BeginStep();
        Tensor map = PublishedValues.Map(batch.Device, Channels, Wide, 60);
        double[] before = map.ToDoubles();
        HashSet<string> patterns = [];
        for (int key = 0; key < 3; key++)
        {
            double[] after = term.Masked(map, Pass.Train(key)).ToDoubles();
            bool[] seen = [.. Enumerable.Range(0, 2 * Pixels).Select(p => after[(p / Pixels * Channels * Pixels) + (p % Pixels)] != 0)];
            for (int i = 0; i < after.Length; i++)
            {
                Assert.Equal(seen[(i / (Channels * Pixels) * Pixels) + (i % Pixels)] ? before[i] : 0, after[i], 1e-12);
            }

            Assert.InRange(seen.Count(s => s) / (double)seen.Length, 0.21, 0.29);
            patterns.Add(string.Concat(seen.Select(s => s ? '1' : '0')));
        }

        Assert.Equal(3, patterns.Count);
    }

    [Theory]
    [InlineData(7, 1, "afdcd: the teacher's 96 channels do not divide into 7 groups; set distillation.terms.afdcd.groups")]
    [InlineData(4, 4, "afdcd: maps of 8x8 pixels, pooled 4x4, are smaller than a patch of 4x4; lower distillation.terms.afdcd.pool or patch")]
    public void What_does_not_fit_is_refused(int groups, int pool, string expected)
    {
        using TinyBatch batch = new();
        Assert.Equal(expected, Assert.Throws<HeteroAkdException>(() => Afdcd(batch, new AfDcdTermOptions { Groups = groups, Pool = pool }, 1)).Message);
    }

    [Fact]
    public void A_bank_smaller_than_its_samples_is_refused()
    {
        using TinyBatch batch = new();
        WeightedTerm term = new("channelContrast", new ChannelContrastTermOptions { Memory = 100, Samples = 101 }, 1);
        Assert.StartsWith(
            "channelContrast: samples = 101 are more than the 100 slots of the bank",
            Assert.Throws<HeteroAkdException>(() => batch.Objective(term)).Message,
            StringComparison.Ordinal);
    }

    private static double Afdcd(TinyBatch batch, AfDcdTermOptions options, int key)
    {
        Site site = new(batch.Device, new Generator(5), "afdcd", DType.Float64);
        using AfDcdTerm term = new(options, new TermSetup(batch.Teacher, batch.Student, 1, site, TinyBatch.IgnoreIndex, null));
        using StepScope scope = batch.Device.BeginStep();
        Tensor student = PublishedValues.Map(batch.Device, batch.Student.FeatureChannels[^1], Side, 60);
        Tensor teacher = PublishedValues.Map(batch.Device, batch.Teacher.FeatureChannels[^1], Side, 70, 2);
        return term.Loss(new TermInputs(Output(teacher), Output(student), batch.Labels, Pass.Train(key)), []).Item();
    }

    private static SegmentationOutput Output(Tensor map) => new(map, null, default(FeatureMaps).With(map), map);
}
