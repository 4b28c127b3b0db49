using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;

namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// The inner maps of <see cref="HeteroAkdLoss{TParts}"/> as outputs, for pictures: 0 the teacher's share S, 1 the weights W, 2 the discrepancy ΔH, 3 the hybrid
/// logits Ẑ; 0 where a pixel is ignored. Run it like a loss; its only sum is S1, the valid pixels. Ask for single maps by <see cref="LossOutputs"/>.
/// </summary>
public readonly struct HeteroAkdMaps(int classes, in HeteroAkdOptions options, Mem spatialTotals) : IPixelLoss
{
    // What pictures need is kept only with the attached gradient.
    private readonly HeteroAkdLoss<ChosenParts> _loss = new(classes, options with { Detach = false }, spatialTotals, spatialTotals, spatialTotals, false);

    /// <inheritdoc/>
    public int Classes => _loss.Classes;

    /// <inheritdoc/>
    public int Inputs => 2;

    /// <inheritdoc/>
    public int Outputs => 4;

    /// <inheritdoc/>
    public int ScratchLength => _loss.ScratchLength;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Sums<TLane> Compute<TLane, TScratch>(TScratch scratch, TLane label, TLane valid, int image)
        where TLane : unmanaged, ILane<TLane>
        where TScratch : struct, IScratch<TLane>
    {
        TLane zero = TLane.Splat(0f);
        _loss.MixAndWeigh(scratch, label, image);
        for (int c = 0; c < Classes; c++)
        {
            TLane student = scratch.Get(_loss.StudentReliability + c);
            TLane share = TeacherShare.Of(student, scratch.Get(_loss.TeacherReliability + c));
            TLane discrepancy = scratch.Get(_loss.Exponent + c) - student;
            TLane hybrid = scratch.Get(_loss.Hybrid + c);
            scratch.Set(c, TLane.SelectGreater(valid, zero, share, zero));
            scratch.Set(Classes + c, TLane.SelectGreater(valid, zero, scratch.Get(_loss.Third + c), zero));
            scratch.Set((2 * Classes) + c, TLane.SelectGreater(valid, zero, discrepancy, zero));
            scratch.Set((3 * Classes) + c, TLane.SelectGreater(valid, zero, hybrid, zero));
        }

        Sums<TLane> sums = default;
        sums.S1 = valid;
        return sums;
    }
}
