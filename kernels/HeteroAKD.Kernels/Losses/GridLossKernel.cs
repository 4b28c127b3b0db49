using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

/// <summary>The buffers that outputs of a loss are written to, on the working grid; an output without a buffer is not written.</summary>
public struct LossOutputs
{
    /// <summary>[N, C, H·W] output 0: the gradient of the student's logits, or the first picture.</summary>
    public Mem Output0;

    /// <summary>[N, C, H·W] output 1: the gradient of the teacher's logits, or the second picture.</summary>
    public Mem Output1;

    /// <summary>[N, C, H·W] output 2.</summary>
    public Mem Output2;

    /// <summary>[N, C, H·W] output 3.</summary>
    public Mem Output3;

    /// <summary>1 where output 0 is to be written.</summary>
    public int Write0;

    /// <summary>1 where output 1 is to be written.</summary>
    public int Write1;

    /// <summary>1 where output 2 is to be written.</summary>
    public int Write2;

    /// <summary>1 where output 3 is to be written.</summary>
    public int Write3;

    /// <summary>
    /// Copies the outputs of <paramref name="lanes"/> lanes of pixels from scratch. <paramref name="start"/> is the address of class 0,
    /// <paramref name="plane"/> the step to the next class.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store<TLane, TScratch>(TScratch scratch, int classes, int lanes, int start, int plane)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        if (Write0 != 0)
        {
            StoreMap<TLane, TScratch>(Output0, scratch, 0, classes, lanes, start, plane);
        }

        if (Write1 != 0)
        {
            StoreMap<TLane, TScratch>(Output1, scratch, classes, classes, lanes, start, plane);
        }

        if (Write2 != 0)
        {
            StoreMap<TLane, TScratch>(Output2, scratch, 2 * classes, classes, lanes, start, plane);
        }

        if (Write3 != 0)
        {
            StoreMap<TLane, TScratch>(Output3, scratch, 3 * classes, classes, lanes, start, plane);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreMap<TLane, TScratch>(Mem map, TScratch scratch, int from, int classes, int lanes, int start, int plane)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        for (int c = 0; c < classes; c++)
        {
            for (int lane = 0; lane < lanes; lane++)
            {
                TLane.Store(map, start + (c * plane) + (lane * TLane.Width), scratch.Get(lane, from + c));
            }
        }
    }
}

/// <summary>
/// A loss whose logits all lie on the working grid. Rows are images, columns are pixels; one pass over the logits gives the sums and the gradients.
/// </summary>
/// <remarks>
/// Planes of one class are often a power of two apart and then share one set of the first cache level: hence each pixel's values are gathered
/// into contiguous scratch once, and everything else happens there.
/// </remarks>
public readonly struct GridLossKernel<TLoss> : IPixelSumKernel
    where TLoss : struct, IPixelLoss
{
    private readonly TLoss _loss;
    private readonly Mem _student; // [N, C, pixels] logits
    private readonly Mem _teacher; // [N, C, pixels] logits, read by losses with two inputs
    private readonly LabelSource _labels;
    private readonly LossOutputs _outputs;
    private readonly int _pixels;

    /// <summary>The loss on N images of <paramref name="pixels"/> pixels; give any memory as <paramref name="teacher"/> where the loss has one input.</summary>
    public GridLossKernel(in TLoss loss, Mem student, Mem teacher, in LabelSource labels, in LossOutputs outputs, int pixels)
    {
        _loss = loss;
        _student = student;
        _teacher = teacher;
        _labels = labels;
        _outputs = outputs;
        _pixels = pixels;
    }

    /// <inheritdoc/>
    public int ScratchLength => _loss.ScratchLength;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Load<TLane, TScratch>(int row, int column, int lanes, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        LoadMap<TLane, TScratch>(_student, 0, Start(row, column), lanes, scratch);
        if (_loss.Inputs == 2)
        {
            LoadMap<TLane, TScratch>(_teacher, _loss.Classes, Start(row, column), lanes, scratch);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Sums<TLane> Run<TLane, TScratch>(int row, int column, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane label = _labels.AtPixel<TLane>(row, column);
        return _loss.Compute(scratch, label, _labels.Valid(label), row);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Store<TLane, TScratch>(int row, int column, int lanes, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane> =>
        _outputs.Store<TLane, TScratch>(scratch, _loss.Classes, lanes, Start(row, column), _pixels);

    private int Start(int row, int column) => (row * _loss.Classes * _pixels) + column;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void LoadMap<TLane, TScratch>(Mem map, int to, int start, int lanes, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        int from = start;
        for (int c = 0; c < _loss.Classes; c++, from += _pixels)
        {
            for (int lane = 0; lane < lanes; lane++)
            {
                scratch.Set(lane, to + c, TLane.Load(map, from + (lane * TLane.Width)));
            }
        }
    }
}
