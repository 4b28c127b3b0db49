using System.Globalization;
using System.Reflection;

namespace HeteroAKD.Tensors;

/// <summary>
/// The interval an option's number must lie in, in mathematical notation: <c>[0, 1]</c>, <c>(0, inf)</c>.
/// On a list it holds for each item.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class InRangeAttribute : Attribute
{
    private readonly double _low;
    private readonly double _high;
    private readonly bool _lowIncluded;
    private readonly bool _highIncluded;

    /// <summary>Reads the interval.</summary>
    public InRangeAttribute(string interval)
    {
        Interval = interval;
        _lowIncluded = interval[0] == '[';
        _highIncluded = interval[^1] == ']';
        string[] ends = interval[1..^1].Split(',', StringSplitOptions.TrimEntries);
        _low = End(ends[0]);
        _high = End(ends[1]);
    }

    /// <summary>The interval as written; error messages show it.</summary>
    public string Interval { get; }

    /// <summary>Whether the value lies in the interval. NaN lies in none.</summary>
    public bool Contains(double value) =>
        (_lowIncluded ? value >= _low : value > _low) && (_highIncluded ? value <= _high : value < _high);

    /// <summary>Holds the numbers of an options record against their intervals.</summary>
    /// <exception cref="HeteroAkdException">One lies outside; the message names it.</exception>
    public static void Require(object options)
    {
        foreach (PropertyInfo property in options.GetType().GetProperties())
        {
            if (property.GetCustomAttribute<InRangeAttribute>() is not { } range)
            {
                continue;
            }

            object? value = property.GetValue(options);
            double[] numbers = value is IEnumerable<double> list ? [.. list] : value is null ? [] : [Convert.ToDouble(value, CultureInfo.InvariantCulture)];
            if (numbers.Any(n => !range.Contains(n)))
            {
                throw new HeteroAkdException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{options.GetType().Name}.{property.Name} must lie in {range.Interval}, not {string.Join(", ", numbers)}"));
            }
        }
    }

    private static double End(string text) => text switch
    {
        "inf" => double.PositiveInfinity,
        "-inf" => double.NegativeInfinity,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };
}
