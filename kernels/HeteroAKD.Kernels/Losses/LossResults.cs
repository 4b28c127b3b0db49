using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// Turns the sums of <see cref="CrossEntropyLoss"/> or <see cref="PixelKlLoss"/> into numbers, on the device that holds them: launch on 1 × 1.
/// Result: [0] the mean loss S0/S1, [1] the gradient's scale 1/S1, [2] valid pixels S2, [3] S3/S2 (pixel accuracy; mean KL).
/// Where no pixel counts, all are 0: a batch without labels then trains nothing instead of spreading NaN.
/// </summary>
public readonly struct MeanResultKernel(Mem sums, int chunks, Mem result) : IPixelKernel
{
    /// <summary>Numbers in the result.</summary>
    public const int Length = 4;

    private readonly Mem _sums = sums; // [chunks, 8]
    private readonly Mem _result = result; // [4]
    private readonly int _chunks = chunks;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane scale = LossSums.Inverse(LossSums.Total<TLane>(_sums, _chunks, 1));
        TLane valid = LossSums.Total<TLane>(_sums, _chunks, 2);
        TLane.Store(_result, 0, LossSums.Total<TLane>(_sums, _chunks, 0) * scale);
        TLane.Store(_result, 1, scale);
        TLane.Store(_result, 2, valid);
        TLane.Store(_result, 3, LossSums.Total<TLane>(_sums, _chunks, 3) * LossSums.Inverse(valid));
    }
}

/// <summary>
/// Turns the sums of <see cref="HeteroAkdLoss{TParts}"/> into numbers: launch on 1 × 1. Result: [0] λ2·L_hakd + supervision, [1] the gradient's scale 1/N,
/// [2] valid pixels N, then means over the valid pixels: [3] L_hakd, [4] supervision of the teacher's projector, [5] of the student's, [6] KL(q ‖ p),
/// [7] share S, [8] H_t, [9] H_s. All 0 where no pixel is valid.
/// </summary>
public readonly struct HeteroAkdResultKernel : IPixelKernel
{
    /// <summary>Numbers in the result.</summary>
    public const int Length = 10;

    private readonly Mem _sums; // [chunks, 8]
    private readonly Mem _result; // [10]
    private readonly int _chunks;
    private readonly int _distilled; // elements a pixel that L_hakd is a mean over
    private readonly int _supervised; // the same of the supervision
    private readonly float _weight;
    private readonly float _supervisionWeight;

    /// <summary>The kernel for the sums of <paramref name="chunks"/> launches.</summary>
    public HeteroAkdResultKernel(Mem sums, int chunks, int classes, in HeteroAkdOptions options, Mem result)
    {
        _sums = sums;
        _chunks = chunks;
        _result = result;
        _distilled = options.Unit == LossUnit.Element ? classes : 1;
        _supervised = options.Supervision == ProjectorSupervision.Bce ? classes : 1;
        _weight = options.Weight;
        _supervisionWeight = options.SupervisionWeight;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane valid = LossSums.Total<TLane>(_sums, _chunks, 1);
        TLane scale = LossSums.Inverse(valid);
        TLane distillation = LossSums.Total<TLane>(_sums, _chunks, 0) * scale / TLane.Splat(_distilled);
        TLane teacher = LossSums.Total<TLane>(_sums, _chunks, 2) * scale / TLane.Splat(_supervised);
        TLane student = LossSums.Total<TLane>(_sums, _chunks, 3) * scale / TLane.Splat(_supervised);
        TLane.Store(_result, 0, (TLane.Splat(_weight) * distillation) + (TLane.Splat(_supervisionWeight) * (teacher + student)));
        TLane.Store(_result, 1, scale);
        TLane.Store(_result, 2, valid);
        TLane.Store(_result, 3, distillation);
        TLane.Store(_result, 4, teacher);
        TLane.Store(_result, 5, student);
        for (int k = 4; k < Sums<TLane>.Count; k++)
        {
            TLane.Store(_result, k + 2, LossSums.Total<TLane>(_sums, _chunks, k) * scale);
        }
    }
}

/// <summary>
/// The backward pass of every pixel loss, in place: gradient of the sum × upstream gradient × 1/denominator, both scalars read from device memory.
/// Launch on 1 × elements. With <c>final</c> 1 the gradient is the mean's already and only the upstream gradient is applied; where that is 1, as for a
/// loss that nothing is done to, the memory is left alone.
/// </summary>
public readonly struct LossGradientKernel(Mem gradient, Mem upstream, Mem lossResult, int final = 0) : IPixelKernel, IWideKernel
{
    private readonly Mem _gradient = gradient; // [elements] gradient of the sum, overwritten
    private readonly Mem _upstream = upstream; // [1]
    private readonly Mem _lossResult = lossResult; // [1] is the scale
    private readonly int _final = final;

    /// <inheritdoc/>
    public bool IsAligned => _gradient.IsAligned;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane factor = TLane.LoadSplat(_upstream, 0);
        if (_final == 0)
        {
            factor *= TLane.LoadSplat(_lossResult, 1);
        }
        else if (!TLane.AnyGreater(TLane.SelectEqual(factor, TLane.Splat(1f), TLane.Splat(0f), TLane.Splat(1f)), TLane.Splat(0f)))
        {
            return;
        }

        TLane.Store(_gradient, column, TLane.Load(_gradient, column) * factor);
    }
}

/// <summary>Sums of several launches.</summary>
internal static class LossSums
{
    /// <summary>Sum k of all chunks, in their order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Total<TLane>(Mem sums, int chunks, int k)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane total = TLane.Splat(0f);
        for (int chunk = 0; chunk < chunks; chunk++)
        {
            total += TLane.LoadSplat(sums, (chunk * Sums<TLane>.Count) + k);
        }

        return total;
    }

    /// <summary>1/total, or 0 where nothing was summed up.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Inverse<TLane>(TLane total)
        where TLane : unmanaged, ILane<TLane> =>
        TLane.SelectGreater(total, TLane.Splat(0f), TLane.Reciprocal(total), TLane.Splat(0f));
}
