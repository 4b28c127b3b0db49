using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Training.Evaluation;

/// <summary>
/// One look at an image: at one scale, as it is or mirrored, whole or window by window. It keeps the logits at the network's own resolution and enlarges them a
/// few classes at a time, so that beside the map they are added to no other one of full size is needed.
/// </summary>
internal sealed class LogitPass : IDisposable
{
    // What a group of classes or a band of rows may take: large enough to fill a device, small beside a map of many classes.
    private const int GroupElements = 1 << 20;

    private readonly WindowGrid _grid;
    private readonly bool _mirror;
    private readonly bool _alignCorners;
    private readonly List<((int Top, int Left) Place, Tensor Logits)> _windows = [];  // [1, C, h, w] each
    private readonly Tensor? _counts;                                                 // [H', W'] of the scaled image; null where all are 1

    /// <summary>Runs the network on every window.</summary>
    /// <param name="network">The network.</param>
    /// <param name="image">[1, 3, H', W'], scaled and normalised.</param>
    /// <param name="grid">Where the windows stand.</param>
    /// <param name="mirror">Whether the network sees the mirror image.</param>
    /// <param name="outside">What stands where the image is smaller than a window.</param>
    /// <param name="alignCorners">How logits are resized.</param>
    public LogitPass(FrozenNetwork network, Tensor image, WindowGrid grid, bool mirror, Outside outside, bool alignCorners)
    {
        (_grid, _mirror, _alignCorners) = (grid, mirror, alignCorners);
        foreach ((int top, int left) in grid.Places)
        {
            using StepScope scope = image.Device.BeginStep();
            Tensor window = grid.IsImage && !mirror
                ? image
                : Functional.Window(image, new WindowAttributes(grid.WindowHeight, grid.WindowWidth, top, left, mirror, outside));
            _windows.Add(((top, left), scope.Keep(Inference.FiniteLogits(network, window))));
        }

        if (!grid.IsDisjoint)
        {
            _counts = Tensor.Persistent(image.Device, new Shape(grid.Height, grid.Width));
            _counts.CopyFrom(grid.Counts());
        }
    }

    /// <summary>Adds the logits, resized and mirrored back, to <paramref name="total"/> [1, C, H, W].</summary>
    public void AddTo(Tensor total)
    {
        (int classes, int height, int width) = (total.Shape[1], total.Shape[2], total.Shape[3]);
        int group = Math.Clamp(GroupElements / Math.Max(height * width, _grid.Height * _grid.Width), 1, classes);
        for (int first = 0; first < classes; first += group)
        {
            using StepScope scope = total.Device.BeginStep();
            int count = Math.Min(group, classes - first);
            Tensor map = Stitch(first, count);
            Tensor resized = (_grid.Height, _grid.Width) == (height, width) ? map : Functional.Interpolate(map, height, width, _alignCorners);
            Windows.AddTo(total.View(new Shape(1, count, height, width), first * height * width), resized, new AddWindowAttributes(Mirror: _mirror));
        }
    }

    /// <summary>
    /// Adds the softmax of the logits to <paramref name="total"/> [1, C, H, W]. It needs all classes of a pixel, so a second map of full size.
    /// </summary>
    public void AddProbabilitiesTo(Tensor total)
    {
        (int classes, int height, int width) = (total.Shape[1], total.Shape[2], total.Shape[3]);
        using StepScope scope = total.Device.BeginStep();
        Tensor logits = Tensor.Zeros(total.Device, total.Shape);
        AddTo(logits);
        int band = Math.Clamp(GroupElements / (classes * width), 1, height);
        for (int top = 0; top < height; top += band)
        {
            using StepScope inner = total.Device.BeginStep();
            Tensor rows = Functional.Window(logits, new WindowAttributes(Math.Min(band, height - top), width, top));
            Windows.AddTo(total, Softmax.Row.Apply(new SoftmaxAttributes(1), rows), new AddWindowAttributes(top));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((_, Tensor logits) in _windows)
        {
            logits.Dispose();
        }

        _counts?.Dispose();
    }

    /// <summary>The logits of some classes on the scaled image: [1, count, H', W'].</summary>
    private Tensor Stitch(int first, int count)
    {
        if (_grid.IsImage)
        {
            return Enlarge(_windows[0].Logits, first, count);
        }

        Tensor map = Tensor.Zeros(_windows[0].Logits.Device, new Shape(1, count, _grid.Height, _grid.Width));
        foreach (((int top, int left), Tensor logits) in _windows)
        {
            using Tensor window = Enlarge(logits, first, count);
            Windows.AddTo(map, window, new AddWindowAttributes(top, left));
        }

        if (_counts is not null)
        {
            Windows.DivideBy(map, _counts);
        }

        return map;
    }

    private Tensor Enlarge(Tensor logits, int first, int count)
    {
        (int h, int w) = (logits.Shape[2], logits.Shape[3]);
        return Functional.Interpolate(logits.View(new Shape(1, count, h, w), first * h * w), _grid.WindowHeight, _grid.WindowWidth, _alignCorners);
    }
}
