using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

/// <summary>Sums up what the labels of a working grid weigh: S0 Σ w_y, S1 valid pixels. Rows are images, columns are pixels.</summary>
public readonly struct LabelWeightKernel(in LabelSource labels, Mem weights) : IPixelSumKernel
{
    private readonly LabelSource _labels = labels;
    private readonly Mem _weights = weights; // [C]

    /// <inheritdoc/>
    public int ScratchLength => 0;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load<TLane, TScratch>(int row, int column, int lanes, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store<TLane, TScratch>(int row, int column, int lanes, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Sums<TLane> Run<TLane, TScratch>(int row, int column, TScratch scratch)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane zero = TLane.Splat(0f);
        TLane label = _labels.AtPixel<TLane>(row, column);
        TLane valid = _labels.Valid(label);
        Sums<TLane> sums = default;
        sums.S0 = TLane.SelectGreater(valid, zero, TLane.Gather(_weights, 0, TLane.Max(label, zero)), zero);
        sums.S1 = valid;
        return sums;
    }
}

/// <summary>
/// Class weights with a mean of one over the valid pixels, w·N / Σ w_y, from the sums of <see cref="LabelWeightKernel"/>: launch on 1 × C. A loss that is
/// divided by N is then the weighted mean Σ w_y·l / Σ w_y. All 0 where nothing weighs anything.
/// </summary>
public readonly struct MeanOneWeightsKernel(Mem weights, Mem sums, Mem result) : IPixelKernel
{
    private readonly Mem _weights = weights; // [C]
    private readonly Mem _sums = sums; // [8]
    private readonly Mem _result = result; // [C]

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane scale = TLane.LoadSplat(_sums, 1) * LossSums.Inverse(TLane.LoadSplat(_sums, 0));
        TLane.Store(_result, column, TLane.Load(_weights, column) * scale);
    }
}
