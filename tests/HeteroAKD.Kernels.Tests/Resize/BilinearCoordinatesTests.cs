using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Resize;

namespace HeteroAKD.Kernels.Tests.Resize;

public class BilinearCoordinatesTests
{
    public static TheoryData<int, int, bool> Sizes()
    {
        TheoryData<int, int, bool> data = [];
        foreach ((int source, int target)
            in new[] { (1, 1), (1, 7), (7, 1), (6, 12), (64, 512), (12, 96), (5, 13), (13, 5), (129, 1024), (33, 33), (2, 3), (3, 2) })
        {
            data.Add(source, target, false);
            data.Add(source, target, true);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void PositionsAreThoseOfPyTorch(int source, int target, bool alignCorners)
    {
        BilinearAxis axis = new(source, target, alignCorners);
        for (int o = 0; o < target; o++)
        {
            double position = alignCorners
                ? o * (target > 1 ? (source - 1.0) / (target - 1) : 0)
                : Math.Min(source - 1, Math.Max(0, ((o + 0.5) * source / target) - 0.5));
            int low = axis.Low(o);
            Assert.Equal(position, low + axis.Weight<F64>(o).Value, 1e-12 * source);
            Assert.InRange(axis.Weight<F64>(o).Value, 0, 1);
            Assert.Equal(Math.Min(low + 1, source - 1), axis.High(low));
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void FloatLanesFindTheSameNeighbours(int source, int target, bool alignCorners)
    {
        BilinearAxis axis = new(source, target, alignCorners);
        for (int o = 0; o < target; o++)
        {
            F32 low = axis.Low(F32.Splat(o));
            Assert.Equal(axis.Low(o), low.Value);
            Assert.Equal((float)axis.Weight<F64>(o).Value, axis.Weight(F32.Splat(o), low).Value);
            Assert.Equal(axis.High(axis.Low(o)), axis.High(low).Value);
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void SharesAndRangesAreTheTransposeOfTheMixing(int source, int target, bool alignCorners)
    {
        BilinearAxis axis = new(source, target, alignCorners);
        double[,] weights = new double[target, source];
        for (int o = 0; o < target; o++)
        {
            int low = axis.Low(o);
            double weight = axis.Weight<F64>(o).Value;
            weights[o, low] += 1 - weight;
            weights[o, axis.High(low)] += weight;
        }

        for (int s = 0; s < source; s++)
        {
            Assert.Equal(axis.FirstTarget(s), axis.FirstTarget(F32.Splat(s)).Value);
            Assert.True(axis.LastTarget(s) - axis.FirstTarget(s) + 1 <= axis.MaxTargets, $"source {s} reaches more than {axis.MaxTargets} targets");
            for (int o = 0; o < target; o++)
            {
                Assert.Equal(weights[o, s], axis.Share(F64.Splat(o), F64.Splat(s)).Value, 1e-14);
                Assert.Equal(weights[o, s] > 0, o >= axis.FirstTarget(s) && o <= axis.LastTarget(s));
            }

            Assert.Equal(0, axis.Share(F64.Splat(target), F64.Splat(s)).Value);
        }
    }
}
