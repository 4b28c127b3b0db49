using HeteroAKD.Distillation.Terms;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Sampling;
using HeteroAKD.Nn;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Distillation.Tests;

/// <summary>Distillation by memory banks: what enters them, what is read, and the loss of it in plain loops.</summary>
public sealed class MemoryBankTermTests
{
    private const double Tau = 0.1;
    private const int Slots = 40;
    private const int TotalSamples = 12;
    private const int SamplesOfAClass = (TotalSamples / TinyBatch.Classes) + 1;

    private static readonly MemoryBankTermOptions s_options = new()
    {
        PixelMemory = Slots,
        RegionMemory = Slots,
        PixelSamples = TotalSamples,
        RegionSamples = TotalSamples,
        PixelsAnImage = 3,
        Tau = Tau,
    };

    [Fact]
    public void Loss_is_that_of_plain_loops_over_the_banks()
    {
        using TinyBatch batch = new();
        using DistillationObjective objective = batch.Objective(new WeightedTerm("memoryBank", s_options, 1));
        Pass pass = Pass.Train(5);
        using StepScope scope = batch.Device.BeginStep();
        IReadOnlyList<LossTerm> terms = objective.Loss(batch.Student, batch.Images, batch.Labels, pass).Terms;
        double[] values = [.. terms.TakeLast(3).Select(t => t.Read())];

        // The head in a training pass again: the same statistics of the batch.
        Tensor map = batch.Student.Forward(batch.Images, pass).HeadFeature;
        Tensor projected = objective.Auxiliary!.Children[0].Children.Cast<Layer>().Single().Forward(map, pass);
        Tensor teacher = Functional.ResizeTo(batch.Teacher.Forward(batch.Images, Pass.Evaluation).HeadFeature, map);
        double[][] q = Directions(projected);
        double[][] p = Directions(teacher);
        int[] labels = Labels(batch, map.Shape[2], map.Shape[3]);
        int key = pass.KeyOf(new Site(batch.Device, null, "memoryBank").Id);
        double pixel = Divergence(q, p, labels, Samples(Bank(objective, "pixels"), key));
        double region = Divergence(q, p, labels, Samples(Bank(objective, "regions"), key));
        Assert.Equal(pixel, values[1], 1e-3 * pixel);
        Assert.Equal(region, values[2], 1e-3 * region);
        Assert.Equal(values[1] + values[2], values[0], 1e-4);
    }

    /// <summary>Each new entry is a direction of the teacher's features at a pixel of the bank's class.</summary>
    [Fact]
    public void Pixels_enter_the_bank_of_their_class()
    {
        using TinyBatch batch = new();
        using DistillationObjective objective = batch.Objective(new WeightedTerm("memoryBank", s_options, 1));
        float[] before = Bank(objective, "pixels").ToFloats();
        using StepScope scope = batch.Device.BeginStep();
        objective.Loss(batch.Student, batch.Images, batch.Labels, Pass.Train(5));
        Tensor bank = Bank(objective, "pixels");
        float[] after = bank.ToFloats();
        Tensor map = batch.Student.Forward(batch.Images, Pass.Evaluation).HeadFeature;
        double[][] teacher = Directions(Functional.ResizeTo(batch.Teacher.Forward(batch.Images, Pass.Evaluation).HeadFeature, map));
        int[] labels = Labels(batch, map.Shape[2], map.Shape[3]);
        int width = bank.Shape[2];
        int replaced = 0;
        for (int slot = 0; slot < TinyBatch.Classes * Slots; slot++)
        {
            float[] entry = after[(slot * width)..((slot + 1) * width)];
            if (entry.AsSpan().SequenceEqual(before.AsSpan(slot * width, width)))
            {
                continue;
            }

            replaced++;
            Assert.Contains(
                Enumerable.Range(0, labels.Length), i => labels[i] == slot / Slots && entry.Select((v, d) => Math.Abs(v - teacher[i][d])).Max() < 1e-4);
        }

        Assert.InRange(replaced, TinyBatch.Classes, TinyBatch.Classes * 2 * s_options.PixelsAnImage);
    }

    /// <summary>A resumed training has the banks again: they are part of what checkpoints keep, and no optimiser touches them.</summary>
    [Fact]
    public void Banks_are_kept_with_the_projectors()
    {
        using TinyBatch batch = new();
        using DistillationObjective objective = batch.Objective(new WeightedTerm("memoryBank", s_options, 1));
        Assert.Equal(
            ["memoryBank.pixels", "memoryBank.regions"], objective.Auxiliary!.State().Where(e => e.IsBuffer && e.Tensor.Shape.Rank == 3).Select(e => e.Name));
    }

    [Fact]
    public void A_bank_too_small_for_a_batch_is_refused()
    {
        using TinyBatch batch = new();
        using DistillationObjective objective = batch.Objective(new WeightedTerm("memoryBank", s_options with { PixelMemory = 5 }, 1));
        using StepScope scope = batch.Device.BeginStep();
        string message = Assert.Throws<HeteroAkdException>(() => objective.Loss(batch.Student, batch.Images, batch.Labels, Pass.Train(1))).Message;
        Assert.Equal("memory_bank: 2 images with 3 entries of a class each do not fit into 5 slots; make the bank larger", message);
    }

    private static Tensor Bank(DistillationObjective objective, string name) => objective.Auxiliary!.State().Single(e => e.Name == $"memoryBank.{name}").Tensor;

    // [N, d, h, w] → a vector of length 1 for each pixel.
    private static double[][] Directions(Tensor map)
    {
        double[] values = map.ToDoubles();
        (int images, int channels, int pixels) = (map.Shape[0], map.Shape[1], map.Shape[2] * map.Shape[3]);
        return
        [
            .. from image in Enumerable.Range(0, images)
               from pixel in Enumerable.Range(0, pixels)
               let vector = Enumerable.Range(0, channels).Select(c => values[(((image * channels) + c) * pixels) + pixel]).ToArray()
               let length = Math.Sqrt(vector.Sum(v => v * v))
               select vector.Select(v => v / length).ToArray(),
        ];
    }

    private static int[] Labels(TinyBatch batch, int height, int width)
    {
        int[] labels = batch.Labels.ToInts();
        (int images, int rows, int columns) = (batch.Labels.Shape[0], batch.Labels.Shape[1], batch.Labels.Shape[2]);
        return
        [
            .. from image in Enumerable.Range(0, images)
               from y in Enumerable.Range(0, height)
               from x in Enumerable.Range(0, width)
               select labels[(((image * rows) + (((2 * y) + 1) * rows / (2 * height))) * columns) + (((2 * x) + 1) * columns / (2 * width))],
        ];
    }

    private static double[][] Samples(Tensor bank, int key)
    {
        double[] values = bank.ToDoubles();
        int width = bank.Shape[2];
        int first = (int)(CounterHash.Hash(key, 1) % Slots);
        Assert.Equal(first, BankReadKernel.FirstSlot(key, Slots));
        return
        [
            .. from c in Enumerable.Range(0, TinyBatch.Classes)
               from s in Enumerable.Range(0, SamplesOfAClass)
               let slot = (first + (s * (Slots / SamplesOfAClass))) % Slots
               select values[(((c * Slots) + slot) * width)..((((c * Slots) + slot) + 1) * width)],
        ];
    }

    private static double Divergence(double[][] student, double[][] teacher, int[] labels, double[][] samples)
    {
        double total = 0;
        int count = 0;
        for (int i = 0; i < labels.Length; i++)
        {
            if (labels[i] is >= 0 and < TinyBatch.Classes)
            {
                (double[] q, double[] p) = (Softmax(student[i], samples), Softmax(teacher[i], samples));
                total += p.Zip(q, (a, b) => a * Math.Log(a / b)).Sum();
                count++;
            }
        }

        return total / count;
    }

    private static double[] Softmax(double[] x, double[][] samples)
    {
        double[] e = [.. samples.Select(s => Math.Exp(s.Zip(x, (a, b) => a * b).Sum() / Tau))];
        return [.. e.Select(v => v / e.Sum())];
    }
}
