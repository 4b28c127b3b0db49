namespace HeteroAKD.Kernels.Conv;

/// <summary>
/// Sizes and options of a 2-d convolution as <c>torch.nn.functional.conv2d</c>: x [Batch, InChannels, Height, Width] and weight
/// [OutChannels, InChannels / Groups, KernelHeight, KernelWidth] give y [Batch, OutChannels, OutHeight, OutWidth].
/// </summary>
public readonly struct ConvShape : IEquatable<ConvShape>
{
    /// <summary>Images.</summary>
    public readonly int Batch;

    /// <summary>Channels of x.</summary>
    public readonly int InChannels;

    /// <summary>Rows of x.</summary>
    public readonly int Height;

    /// <summary>Columns of x.</summary>
    public readonly int Width;

    /// <summary>Channels of y.</summary>
    public readonly int OutChannels;

    /// <summary>Rows of the kernel.</summary>
    public readonly int KernelHeight;

    /// <summary>Columns of the kernel.</summary>
    public readonly int KernelWidth;

    /// <summary>Rows of x from a row of y to the next.</summary>
    public readonly int StrideHeight;

    /// <summary>Columns of x from a column of y to the next.</summary>
    public readonly int StrideWidth;

    /// <summary>Zero rows above and below x.</summary>
    public readonly int PaddingHeight;

    /// <summary>Zero columns left and right of x.</summary>
    public readonly int PaddingWidth;

    /// <summary>Rows of x between taps.</summary>
    public readonly int DilationHeight;

    /// <summary>Columns of x between taps.</summary>
    public readonly int DilationWidth;

    /// <summary>Independent groups of channels; InChannels for a depth-wise convolution.</summary>
    public readonly int Groups;

    /// <summary>Rows of y.</summary>
    public readonly int OutHeight;

    /// <summary>Columns of y.</summary>
    public readonly int OutWidth;

    /// <summary>Checks the options and derives the output size.</summary>
    /// <param name="x">(batch, channels, height, width).</param>
    /// <param name="outChannels">Channels of y.</param>
    /// <param name="kernel">(height, width).</param>
    /// <param name="stride">(height, width).</param>
    /// <param name="padding">(height, width), on both sides.</param>
    /// <param name="dilation">(height, width).</param>
    /// <param name="groups">Groups of channels.</param>
    public ConvShape(
        (int Batch, int Channels, int Height, int Width) x,
        int outChannels,
        (int Height, int Width) kernel,
        (int Height, int Width) stride,
        (int Height, int Width) padding,
        (int Height, int Width) dilation,
        int groups = 1)
    {
        (Batch, InChannels, Height, Width) = x;
        OutChannels = outChannels;
        (KernelHeight, KernelWidth) = kernel;
        (StrideHeight, StrideWidth) = stride;
        (PaddingHeight, PaddingWidth) = padding;
        (DilationHeight, DilationWidth) = dilation;
        Groups = groups;
        OutHeight = OutSize(x.Height, kernel.Height, stride.Height, padding.Height, dilation.Height);
        OutWidth = OutSize(x.Width, kernel.Width, stride.Width, padding.Width, dilation.Width);

        // The message is put together only if it is needed: a shape is made at every launch.
        if (Problem(x, outChannels, kernel, stride, padding, dilation, groups, OutHeight, OutWidth) is { } problem)
        {
            throw new ArgumentException($"conv2d: {problem}");
        }
    }

    private static string? Problem(
        (int Batch, int Channels, int Height, int Width) x,
        int outChannels,
        (int Height, int Width) kernel,
        (int Height, int Width) stride,
        (int Height, int Width) padding,
        (int Height, int Width) dilation,
        int groups,
        int outHeight,
        int outWidth) =>
        Math.Min(x.Batch, Math.Min(x.Height, x.Width)) < 0 ? $"x {x} has a negative size"
        : Math.Min(kernel.Height, kernel.Width) <= 0 ? $"kernel {kernel} must be positive"
        : Math.Min(stride.Height, stride.Width) <= 0 ? $"stride {stride} must be positive"
        : Math.Min(dilation.Height, dilation.Width) <= 0 ? $"dilation {dilation} must be positive"
        : Math.Min(padding.Height, padding.Width) < 0 ? $"padding {padding} must not be negative"
        : groups <= 0 || x.Channels <= 0 || outChannels <= 0 || x.Channels % groups != 0 || outChannels % groups != 0
            ? $"{x.Channels} input and {outChannels} output channels cannot be divided into {groups} groups"
        : outHeight <= 0 || outWidth <= 0 ? $"the dilated kernel {kernel} (dilation {dilation}) is larger than x {x} with padding {padding}"
        : null;

    /// <summary>Input channels that an output channel sees.</summary>
    public int GroupInChannels => InChannels / Groups;

    /// <summary>Output channels of a group.</summary>
    public int GroupOutChannels => OutChannels / Groups;

    /// <summary>Taps of the kernel.</summary>
    public int KernelSize => KernelHeight * KernelWidth;

    /// <summary>Elements of x.</summary>
    public int InputLength => checked(Batch * InChannels * Height * Width);

    /// <summary>Elements of the weight.</summary>
    public int WeightLength => OutChannels * GroupInChannels * KernelSize;

    /// <summary>Elements of y.</summary>
    public int OutputLength => checked(Batch * OutChannels * OutHeight * OutWidth);

    /// <summary>A 1x1 convolution that is a plain product of the weight with each image.</summary>
    public bool IsPointwise => KernelSize == 1 && StrideHeight == 1 && StrideWidth == 1 && PaddingHeight == 0 && PaddingWidth == 0 && Groups == 1;

    /// <summary>Patches side by side: the stride is the kernel's size and nothing is padded, dilated or grouped. An empty batch has none.</summary>
    public bool IsPatchwise => KernelSize > 1 && StrideHeight == KernelHeight && StrideWidth == KernelWidth && PaddingHeight == 0 && PaddingWidth == 0
        && DilationHeight == 1 && DilationWidth == 1 && Groups == 1 && Batch > 0;

    /// <summary>One input and one output channel a group.</summary>
    public bool IsDepthwise => GroupInChannels == 1 && GroupOutChannels == 1;

    /// <inheritdoc/>
    public bool Equals(ConvShape other)
        => Batch == other.Batch && InChannels == other.InChannels && Height == other.Height && Width == other.Width
            && OutChannels == other.OutChannels && KernelHeight == other.KernelHeight && KernelWidth == other.KernelWidth
            && StrideHeight == other.StrideHeight && StrideWidth == other.StrideWidth
            && PaddingHeight == other.PaddingHeight && PaddingWidth == other.PaddingWidth
            && DilationHeight == other.DilationHeight && DilationWidth == other.DilationWidth && Groups == other.Groups;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ConvShape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        int x = HashCode.Combine(Batch, InChannels, Height, Width, OutChannels);
        return HashCode.Combine(x, KernelHeight, KernelWidth, StrideHeight, StrideWidth, PaddingWidth, DilationWidth, Groups);
    }

    private static int OutSize(int size, int kernel, int stride, int padding, int dilation)
    {
        long room = size + (2L * padding) - ((long)dilation * (kernel - 1)) - 1;
        return room < 0 ? 0 : (int)Math.Min(int.MaxValue, (room / Math.Max(1, stride)) + 1);
    }
}
