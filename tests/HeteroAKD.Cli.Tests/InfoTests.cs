namespace HeteroAKD.Cli.Tests;

/// <summary><c>heteroakd info MODEL</c> with the real networks.</summary>
public sealed class InfoTests
{
    [Theory]
    [InlineData("13.608 M", "517.5 GMAC", "deeplabv3-resnet18")]
    [InlineData("12.945 M", "GMAC", "pspnet-resnet18", "--classes", "150")]
    [InlineData("62.977 M", "GMAC", "deeplabv3-mit-b4", "--size", "512x1024")]
    [InlineData("0.090 M", "0.023 GMAC", "tiny-cnn-student", "--classes", "11", "--size", "96x128")]
    public void The_total_stands_at_the_end(string parameters, string macs, params string[] arguments)
    {
        string line = Run(["info", .. arguments]).TrimEnd('\n').Split('\n')[^1];
        Assert.EndsWith(" " + parameters, line, StringComparison.Ordinal);
        Assert.Contains(macs, line, StringComparison.Ordinal);
    }

    // The stem by hand: three convolutions and normalisations at 32x32, then the pool; the classifier: one convolution of 128 channels at 8x8.
    [Fact]
    public void Stages_stand_in_a_table()
    {
        string[] lines = Run(["info", "deeplabv3-resnet18", "--size", "64x64"]).Split('\n');
        Assert.Equal("deeplabv3-resnet18, cnn, 19 classes, one image of 64x64", lines[0]);
        string[] rows = [.. lines.Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)))];
        Assert.Contains($"encoder.stem [1, 128, 16, 16] 112,832 {1024 * (1728 + 36864 + 73728) / 1e9:F3} 2.1", rows);
        Assert.Contains($"head.classifier [1, 19, 8, 8] 2,451 {128 * 19 * 64 / 1e9:F3} 0.0", rows);
        Assert.Contains(rows, row => row.StartsWith("aux_head [1, 19, 8, 8] 148,819 ", StringComparison.Ordinal));
        Assert.Contains(rows, row => row.StartsWith("in evaluation [1, 19, 8, 8] 13,459,155 ", StringComparison.Ordinal));
        Assert.Contains(rows, row => row.StartsWith("total [1, 19, 8, 8] 13,607,974 ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("segformer-b1", "2048x2048")]
    [InlineData("segformer-b0", "3024x4032")]
    [InlineData("deeplabv3-mit-b0", "3024x4032")]
    [InlineData("tiny-mit-student", "4032x3008")]
    public void A_photo_goes_through_a_Transformer(string model, string size) =>
        Assert.Contains($"{model} at {size}: ", Run(["info", model, "--size", size]), StringComparison.Ordinal);

    [Fact]
    public void Every_model_is_listed()
    {
        string text = Run(["info", "--models"]);
        Assert.Contains("deeplabv3-mit-b4       transformer    62.977 M\n", text, StringComparison.Ordinal);
        Assert.Contains("pspnet-resnet101       cnn            68.072 M\n", text, StringComparison.Ordinal);
        Assert.Contains("tiny-mit-student ", text, StringComparison.Ordinal);
    }

    private static string Run(string[] args)
    {
        using StringWriter output = new() { NewLine = "\n" };
        using StringWriter error = new();
        Assert.Equal(0, new CommandLineApplication(CommandServices.Create(), new Terminal(output, error, Interactive: false)).Run(args));
        return output.ToString();
    }
}
