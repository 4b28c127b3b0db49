using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Training.Evaluation;

/// <summary>
/// The class of every pixel of images, as <see cref="EvaluationOptions"/> says: whole or by sliding windows, at several scales and mirrored. Logits are resized
/// before the largest is taken, and only class ids leave the device. Beside the network's own memory an image needs one map of full size [C, H, W], with
/// averaged probabilities two, whatever the number of windows and scales.
/// </summary>
internal sealed class Inference(FrozenNetwork network, EvaluationOptions config, Outside outside)
{
    private readonly Device _device = network.Device;
    private readonly bool _single = config.Scales is [1] && !config.Flip;

    /// <summary>Images that are worth handing over at once.</summary>
    public int BatchSize => _single && config.Mode == EvaluationMode.Whole ? config.BatchSize : 1;

    /// <summary>Predicts images of one size.</summary>
    /// <param name="images">[N, 3, H, W], normalised.</param>
    /// <param name="count">N.</param>
    /// <param name="height">H.</param>
    /// <param name="width">W.</param>
    /// <param name="classes">[N, H, W] receives the class ids.</param>
    /// <exception cref="NonFiniteLogitsException">A logit is NaN or infinite.</exception>
    public void Predict(ReadOnlySpan<float> images, int count, int height, int width, Span<int> classes)
    {
        using NoGrad none = new();
        int pixels = height * width;
        if (_single && WindowGrid.Of(height, width, config).IsImage)
        {
            PredictAtOnce(images, new Shape(count, 3, height, width), classes);
            return;
        }

        for (int n = 0; n < count; n++)
        {
            PredictByPasses(images.Slice(n * 3 * pixels, 3 * pixels), height, width, classes.Slice(n * pixels, pixels));
        }
    }

    // The network sees the batch; what has full size is made image by image.
    private void PredictAtOnce(ReadOnlySpan<float> images, Shape shape, Span<int> classes)
    {
        (int height, int width) = (shape[2], shape[3]);
        using Tensor logits = Logits(images, shape);
        Shape one = new(1, logits.Shape[1], logits.Shape[2], logits.Shape[3]);
        for (int n = 0; n < shape[0]; n++)
        {
            using StepScope scope = _device.BeginStep();
            Tensor map = Functional.Interpolate(logits.View(one, n * one.Count), height, width, config.AlignCorners);
            Functional.Argmax(map).CopyTo(classes.Slice(n * height * width, height * width));
        }
    }

    private Tensor Logits(ReadOnlySpan<float> images, Shape shape)
    {
        using StepScope scope = _device.BeginStep();
        return scope.Keep(FiniteLogits(network, Tensor.From(_device, shape, images)));
    }

    /// <summary>The network's logits, at its own resolution.</summary>
    /// <exception cref="NonFiniteLogitsException">One is NaN or infinite.</exception>
    internal static Tensor FiniteLogits(FrozenNetwork network, Tensor images)
    {
        Tensor logits = network.Logits(images);
        using StepScope scope = logits.Device.BeginStep();

        // 0·x is 0 for every number, and NaN for NaN and infinity.
        Span<float> sum = stackalloc float[1];
        Functional.Sum(Functional.Mul(logits, 0)).CopyTo(sum);
        return float.IsNaN(sum[0]) ? throw new NonFiniteLogitsException() : logits;
    }

    private void PredictByPasses(ReadOnlySpan<float> image, int height, int width, Span<int> classes)
    {
        using StepScope scope = _device.BeginStep();
        Tensor source = Tensor.From(_device, new Shape(1, 3, height, width), image);
        Tensor total = Tensor.Zeros(_device, new Shape(1, network.Classes, height, width));
        foreach (double scale in config.Scales)
        {
            Look(source, scale, mirror: false, total);
            if (config.Flip)
            {
                Look(source, scale, mirror: true, total);
            }
        }

        Functional.Argmax(total).CopyTo(classes);
    }

    private void Look(Tensor source, double scale, bool mirror, Tensor total)
    {
        using StepScope scope = _device.BeginStep();
        WindowGrid grid = WindowGrid.Of(Scaled(source.Shape[2], scale), Scaled(source.Shape[3], scale), config);
        bool same = (grid.Height, grid.Width) == (source.Shape[2], source.Shape[3]);
        Tensor image = same ? source : Functional.Interpolate(source, grid.Height, grid.Width);
        using LogitPass pass = new(network, image, grid, mirror, outside, config.AlignCorners);
        if (config.Average == EvaluationAverage.Probabilities && !_single)
        {
            pass.AddProbabilitiesTo(total);
        }
        else
        {
            pass.AddTo(total);
        }
    }

    private static int Scaled(int side, double scale) => Math.Max(1, (int)((side * scale) + 0.5));
}
