using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Checks;

namespace HeteroAKD.DeviceBench.Rows;

/// <summary>How far a device's results are from the reference: float64 on the host, at the small sizes of the row.</summary>
/// <param name="Error">Of the worst result, relative.</param>
/// <param name="Allowed">What it may be.</param>
/// <param name="Worst">That result.</param>
internal sealed record RowCheck(double Error, double Allowed, string Worst)
{
    /// <summary>Whether the results are right; an error that is NaN is not.</summary>
    public bool Passed => Error <= Allowed;

    /// <summary>Checks an operation. Errors are relative to the largest element of a result; allowed is the line of <see cref="FloatTolerance"/>.</summary>
    /// <param name="device">The device to be checked.</param>
    /// <param name="cpu">The host.</param>
    /// <param name="recipe">The operation at small sizes.</param>
    /// <param name="precision">What products round their factors to.</param>
    public static RowCheck Of(Device device, Device cpu, OpRecipe recipe, string precision)
    {
        using OpWork reference = new(recipe, cpu, DType.Float64);
        using OpWork work = new(recipe, device);
        IReadOnlyList<NamedValues> expected = reference.Results();
        IReadOnlyList<NamedValues> actual = work.Results();
        double allowed = FloatTolerance.Of(recipe.Error, recipe.Terms) * PrecisionSetting.UnitsOfFloat32(precision);
        return expected
            .Select((e, i) => new RowCheck(Distance(actual[i].Values, e.Values), allowed, e.Name))
            .MaxBy(c => double.IsNaN(c.Error) ? double.PositiveInfinity : c.Error)!;
    }

    /// <summary>Largest difference over the largest element; NaN where an element is not a number.</summary>
    private static double Distance(double[] actual, double[] expected)
    {
        double worst = 0;
        double scale = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            worst = Math.Max(worst, Math.Abs(actual[i] - expected[i]));
            scale = Math.Max(scale, Math.Abs(expected[i]));
        }

        return worst / (scale > 0 ? scale : 1);
    }
}
