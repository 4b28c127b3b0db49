using System.Globalization;

namespace HeteroAKD.Tensors;

/// <summary>
/// A number for the rows and one for the columns of a map: a stride, a padding, a dilation. One number stands for both, as PyTorch's <c>int | (int, int)</c>.
/// As text <c>2</c> or <c>2,1</c>.
/// </summary>
/// <param name="Height">Of the rows.</param>
/// <param name="Width">Of the columns.</param>
public readonly record struct Size2d(int Height, int Width)
{
    /// <summary>One number for both.</summary>
    public static implicit operator Size2d(int both) => new(both, both);

    /// <summary>Rows and columns.</summary>
    public static implicit operator Size2d((int Height, int Width) size) => new(size.Height, size.Width);

    /// <summary>As kernels take it.</summary>
    public static implicit operator (int Height, int Width)(Size2d size) => (size.Height, size.Width);

    /// <summary>What a text stands for, as <see cref="ToString"/> writes it.</summary>
    /// <exception cref="FormatException">It is not one or two whole numbers.</exception>
    public static Size2d Parse(string text)
    {
        int[] numbers = [.. text.Split(',').Select(part => int.Parse(part, CultureInfo.InvariantCulture))];
        return numbers switch
        {
            [int both] => new Size2d(both, both),
            [int height, int width] => new Size2d(height, width),
            _ => throw new FormatException($"'{text}' is not one or two whole numbers"),
        };
    }

    /// <inheritdoc/>
    public override string ToString() => Height == Width
        ? Height.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{Height},{Width}");
}
