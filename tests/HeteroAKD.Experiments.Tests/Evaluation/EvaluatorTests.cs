using HeteroAKD.Data;
using HeteroAKD.Experiments.Evaluation;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Experiments.Tests.Evaluation;

public sealed class EvaluatorTests
{
    private const int Side = 32;
    private const int Images = 3;

    /// <summary>Truth is what the network predicts, but for counted pixels: so every score can be worked out by hand.</summary>
    [Fact]
    public void Scores_are_those_worked_out_by_hand()
    {
        using Device device = Device.Open("cpu", 1);
        using SegmentationModel model = ModelZoo.Create("tiny-cnn-student", 2, device, seed: 3);
        SceneDataset scenes = new(SceneSplit.Validation, Images, new SceneOptions { Width = Side, Height = Side });
        Augmentation evaluation = new Augmentation() { Height = Side, Width = Side }.ForEvaluation();
        int[][] predicted = [.. Enumerable.Range(0, Images).Select(i => PlainPrediction(device, model, scenes, evaluation, i))];
        long zeros = predicted.Sum(p => p.Count(c => c == 0));
        long ones = (Images * Side * Side) - zeros;
        Assert.True(zeros > 20 && ones > 20, $"{zeros} and {ones} pixels: the network must tell two classes apart for this test");

        // In image 0 eight pixels of class 0 are truly 1; in image 2 the first row does not count.
        Relabelled truth = new(scenes, predicted);
        int wrong = truth.Change(0, from: 0, to: 1, most: 8);
        int ignored = predicted[2].Take(Side).Count();
        long ignoredZeros = predicted[2].Take(Side).Count(c => c == 0);
        truth.Ignore(2, ignored);
        zeros -= ignoredZeros;
        ones -= ignored - ignoredZeros;

        SegmentationScores scores = new Evaluator(new EvaluationOptions { BatchSize = 2 }).Run(model, new EvaluatedDataset(truth, evaluation));
        double zero = (double)(zeros - wrong) / zeros;
        double one = (double)ones / (ones + wrong);
        Assert.Equal(8, wrong);
        Assert.Equal(zero, scores.ClassIoU[0], 1e-12);
        Assert.Equal(one, scores.ClassIoU[1], 1e-12);
        Assert.Equal((zero + one) / 2, scores.MeanIoU, 1e-12);
        Assert.Equal((double)(zeros + ones - wrong) / (zeros + ones), scores.PixelAccuracy, 1e-12);
    }

    /// <summary>As VOC and ADE20K have them: every image is predicted at its own size, in order, whatever its neighbours are.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Images_of_different_sizes_are_scored_together(int batchSize)
    {
        using Device device = Device.Open("cpu", 1);
        using SegmentationModel model = ModelZoo.Create("tiny-cnn-student", 2, device, seed: 3);
        SizedImages images = new((64, 64), (64, 64), (48, 80), (64, 64), (33, 45));
        using FrozenNetwork network = model.Freeze();
        Evaluator evaluator = new(new EvaluationOptions { BatchSize = batchSize });
        ConfusionMatrix expected = new(2, 255);
        List<int[]> alone = [];
        for (int i = 0; i < images.Count; i++)
        {
            using BatchLoader loader = new(images, LoaderOptions.ForEvaluation(1, Augmentation.None));
            loader.Seek(i);
            alone.Add(evaluator.Predict(network, loader.Next(), Outside.Edge).ToArray());
            expected.Add(images.Load(i).Labels, Array.ConvertAll(alone[i], c => (byte)c));
        }

        List<int> order = [];
        EvaluationResult result = evaluator.Evaluate(model, new EvaluatedDataset(images, Augmentation.None), (index, classes, width, height) =>
        {
            order.Add(index);
            Assert.Equal((images.Sizes[index].Height, images.Sizes[index].Width), (height, width));
            Assert.Equal(alone[index], classes.ToArray());
        });
        Assert.Equal([0, 1, 2, 3, 4], order);
        Assert.Equal(NetworkReport.RowsOf(expected), NetworkReport.RowsOf(result.Matrix));
    }

    // One image at a time: logits, upsampled, the largest of two.
    private static int[] PlainPrediction(Device device, SegmentationModel model, ISegmentationDataset scenes, Augmentation evaluation, int index)
    {
        using BatchLoader loader = new(scenes, LoaderOptions.ForEvaluation(1, evaluation));
        loader.Seek(index);
        Batch batch = loader.Next();
        using NoGrad none = new();
        using StepScope scope = device.BeginStep();
        Tensor images = Tensor.From(device, new Shape(1, 3, Side, Side), batch.Images.AsSpan(0, 3 * Side * Side));
        using FrozenNetwork network = model.Freeze();
        float[] logits = Functional.Interpolate(network.Logits(images), Side, Side).ToFloats();
        return [.. Enumerable.Range(0, Side * Side).Select(i => logits[(Side * Side) + i] > logits[i] ? 1 : 0)];
    }

    /// <summary>Random images and labels of given sizes.</summary>
    private sealed class SizedImages(params (int Height, int Width)[] sizes) : ISegmentationDataset
    {
        public IReadOnlyList<(int Height, int Width)> Sizes => sizes;

        public int Count => sizes.Length;

        public ClassSet Classes { get; } = new(["zero", "one"], [(0, 0, 0), (255, 255, 255)]);

        public Sample Load(int index, Sample? reuse = null)
        {
            Random random = new(index);
            RgbImage image = new(sizes[index].Width, sizes[index].Height);
            random.NextBytes(image.Pixels);
            byte[] labels = [.. Enumerable.Range(0, image.Width * image.Height).Select(_ => (byte)random.Next(2))];
            return new Sample($"{index}", image, labels);
        }
    }

    /// <summary>The images of another data set with labels of our own.</summary>
    private sealed class Relabelled(ISegmentationDataset source, int[][] labels) : ISegmentationDataset
    {
        private readonly byte[][] _labels = [.. labels.Select(l => Array.ConvertAll(l, c => (byte)c))];

        public int Count => source.Count;

        public ClassSet Classes { get; } = new(["zero", "one"], [(0, 0, 0), (255, 255, 255)]);

        public Sample Load(int index, Sample? reuse = null) => new($"{index}", source.Load(index).Image, _labels[index]);

        public int Change(int image, byte from, byte to, int most)
        {
            int changed = 0;
            for (int i = 0; i < _labels[image].Length && changed < most; i++)
            {
                if (_labels[image][i] == from)
                {
                    _labels[image][i] = to;
                    changed++;
                }
            }

            return changed;
        }

        public void Ignore(int image, int pixels) => _labels[image].AsSpan(0, pixels).Fill((byte)Classes.IgnoreIndex);
    }
}
