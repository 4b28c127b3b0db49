using HeteroAKD.Kernels.Conv;

namespace HeteroAKD.Kernels.Tests.Conv;

/// <summary>The shapes on which every convolution is held against the plain loops.</summary>
internal static class ConvCases
{
    public static readonly (string Name, ConvShape Shape)[] All =
    [
        ("single element", Square(1, 1, 1, 1, 1, 1, 1, 0, 1)),
        ("1x1", Square(2, 5, 7, 9, 1, 7, 1, 0, 1)),
        ("1x1 tiny map", Square(3, 20, 2, 2, 1, 13, 1, 0, 1)),
        ("1x1 stride 2", Square(2, 4, 7, 6, 1, 5, 2, 0, 1)),
        ("1x1 with padding", Square(1, 3, 4, 5, 1, 4, 1, 1, 1)),
        ("3x3", Square(2, 3, 8, 10, 3, 16, 1, 1, 1)),
        ("3x3 unpadded", Square(1, 4, 9, 7, 3, 13, 1, 0, 1)),
        ("3x3 wide", Square(1, 2, 3, 70, 3, 25, 1, 1, 1)),
        ("3x3 stride 2", Square(2, 3, 12, 16, 3, 16, 2, 1, 1)),
        ("3x3 stride 2, odd", Square(2, 6, 11, 13, 3, 8, 2, 1, 1)),
        ("3x3 dilation 2", Square(2, 6, 12, 16, 3, 20, 1, 2, 2)),
        ("3x3 dilation 6 on 8x8", Square(1, 3, 8, 8, 3, 5, 1, 6, 6)),
        ("3x3 dilation 12 on 8x8: eight taps see padding only", Square(2, 3, 8, 8, 3, 5, 1, 12, 12)),
        ("3x3 dilation 2, stride 2", Square(1, 3, 13, 15, 3, 6, 2, 2, 2)),
        ("7x7 stride 4", Square(2, 3, 24, 32, 7, 10, 4, 3, 1)),
        ("2x2 even, padded", Square(2, 3, 6, 7, 2, 4, 1, 1, 1)),
        ("4x4 stride 2", Square(1, 3, 9, 12, 4, 4, 2, 1, 1)),
        ("patches", Square(3, 5, 16, 24, 8, 20, 8, 0, 1)),
        ("patches that leave a rest", Square(2, 3, 11, 14, 4, 7, 4, 0, 1)),
        ("patches of unequal sides", new ConvShape((2, 4, 9, 10), 6, (3, 2), (3, 2), (0, 0), (1, 1))),
        ("stride larger than the kernel", Square(1, 2, 11, 14, 2, 3, 3, 0, 1)),
        ("padding larger than the kernel", Square(1, 2, 3, 4, 3, 3, 1, 4, 1)),
        ("groups", Square(2, 6, 7, 9, 3, 9, 1, 1, 1, groups: 3)),
        ("groups, stride 2", Square(2, 8, 10, 9, 3, 4, 2, 1, 1, groups: 2)),
        ("depth-wise", Square(2, 7, 9, 11, 3, 7, 1, 1, 1, groups: 7)),
        ("depth-wise wide", Square(1, 3, 5, 140, 3, 3, 1, 1, 1, groups: 3)),
        ("depth-wise stride 2", Square(2, 5, 12, 10, 3, 5, 2, 1, 1, groups: 5)),
        ("depth-wise dilation 2", Square(2, 5, 12, 10, 3, 5, 1, 2, 2, groups: 5)),
        ("depth-wise on narrow maps", Square(5, 37, 6, 8, 3, 37, 1, 1, 1, groups: 37)),
        ("depth-wise, several blocks of rows", Square(2, 3, 70, 33, 3, 3, 1, 1, 1, groups: 3)),
        ("depth-wise, several blocks of dilated rows", Square(1, 3, 70, 40, 3, 3, 1, 3, 3, groups: 3)),
        ("depth-wise dilation 6 on 7x9", Square(1, 3, 7, 9, 3, 3, 1, 6, 6, groups: 3)),
        ("depth-wise dilation 9 on 7x9", Square(1, 3, 7, 9, 3, 3, 1, 9, 9, groups: 3)),
        ("depth-wise 5x5", Square(1, 3, 7, 9, 5, 3, 1, 2, 1, groups: 3)),
        ("depth-wise with multiplier 2", Square(1, 4, 8, 9, 3, 8, 1, 1, 1, groups: 4)),
        ("all options differ by axis", new ConvShape((2, 4, 13, 17), 6, (3, 2), (2, 3), (2, 1), (1, 2), 2)),
        ("tall kernel", new ConvShape((1, 3, 20, 5), 4, (7, 1), (1, 1), (3, 0), (1, 1))),
        ("one row, many columns", new ConvShape((1, 3, 1, 50), 4, (1, 5), (1, 2), (0, 2), (1, 1))),
        ("several tiles of rows", Square(1, 40, 40, 70, 3, 14, 1, 1, 1)),
        ("many small images", Square(9, 3, 4, 5, 3, 14, 1, 1, 1)),
        ("several blocks of channels", Square(1, 70, 6, 7, 3, 100, 1, 1, 1)),
        ("24 channels, 1x1 stride 2", Square(2, 24, 7, 6, 1, 30, 2, 0, 1)),
        ("24 channels, 3x3 stride 2, odd", Square(3, 24, 11, 13, 3, 20, 2, 1, 1)),
        ("24 channels, dilation 6 on 8x8", Square(2, 24, 8, 8, 3, 14, 1, 6, 6)),
        ("24 channels, dilation 12 on 8x8", Square(2, 24, 8, 8, 3, 14, 1, 12, 12)),
        ("24 channels, dilation 12 on 31x45: maps of two and three rows", Square(2, 24, 31, 45, 3, 20, 1, 12, 12)),
        ("70 channels, dilation 8 on 18x21, 150 targets", Square(1, 70, 18, 21, 3, 150, 1, 8, 8)),
        ("14 channels, dilation 9x11 without rows of padding", new ConvShape((1, 14, 24, 30), 9, (3, 2), (1, 1), (0, 5), (9, 11))),
        ("8 channels a group, dilation 8, padding 16", Square(2, 16, 20, 33, 3, 12, 1, 16, 8, groups: 2)),
        ("16 channels, dilation 8x9, stride 1x2", new ConvShape((1, 16, 20, 40), 16, (3, 3), (1, 2), (8, 8), (8, 9))),
        ("dilation 16 on 70x40", Square(1, 5, 70, 40, 3, 7, 1, 16, 16)),
        ("40 channels, padding larger than the kernel", Square(1, 40, 3, 4, 3, 13, 1, 4, 1)),
        ("20 channels, stride larger than the kernel", Square(1, 20, 11, 14, 2, 3, 3, 0, 1)),
        ("16 channels, many small images", Square(17, 16, 6, 8, 3, 20, 1, 1, 1)),
        ("20 channels, several pieces of rows", Square(1, 20, 60, 130, 3, 14, 1, 1, 1)),
        ("13 channels a group, all options differ by axis", new ConvShape((2, 26, 13, 17), 14, (3, 2), (2, 3), (2, 1), (1, 2), 2)),
    ];

    public static IEnumerable<TheoryDataRow<int>> Indices()
    {
        for (int i = 0; i < All.Length; i++)
        {
            yield return new TheoryDataRow<int>(i) { TestDisplayName = All[i].Name };
        }
    }

    public static ConvShape Square(
        int batch, int channels, int height, int width, int kernel, int outputs, int stride, int padding, int dilation, int groups = 1)
        => new((batch, channels, height, width), outputs, (kernel, kernel), (stride, stride), (padding, padding), (dilation, dilation), groups);
}
