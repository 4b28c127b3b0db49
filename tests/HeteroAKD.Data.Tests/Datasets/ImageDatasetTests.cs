using HeteroAKD.Nn;

namespace HeteroAKD.Data.Tests;

public class ImageDatasetTests
{
    private static readonly ClassSet Classes = new(["a", "b"], [(0, 0, 0), (9, 9, 9)]);

    private static void WriteImage(string path, byte value)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var image = new RgbImage(6, 4);
        Array.Fill(image.Pixels, value);
        SkiaImageCodec.Instance.WritePng(path, image);
    }

    private static void AssertRefused(Action action, string file, string problem)
    {
        var error = Assert.Throws<DatasetException>(action);
        Assert.Equal(file, error.File);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(error.Remedy);
    }

    [Fact]
    public void Folder_GivesItsImagesByName()
    {
        using var folder = new TemporaryFolder();
        WriteImage(folder.File("b.PNG"), 2);
        WriteImage(folder.File("a.png"), 1);
        WriteImage(folder.File("below/c.png"), 3);
        folder.Write("note.txt", "no image");
        var dataset = ImageDataset.OfFolder(folder.Path, Classes);
        Assert.Equal([folder.File("a.png"), folder.File("b.PNG"), folder.File("below/c.png")], dataset.Files);
        Assert.Equal("below/c", dataset.Load(2).Id);
        Assert.Same(Classes, dataset.Classes);
        var sample = dataset.Load(1);
        Assert.Equal("b", sample.Id);
        Assert.False(sample.IsLabelled);
        Assert.Empty(sample.Labels);
        Assert.All(sample.Image.Pixels, value => Assert.Equal(2, value));
        Assert.Same(sample.Image, dataset.Load(0, sample).Image);
    }

    [Fact]
    public void List_GivesItsImagesInOrder()
    {
        using var folder = new TemporaryFolder();
        WriteImage(folder.File("b.png"), 2);
        WriteImage(folder.File("of mine/a.png"), 1);
        folder.Write("more.txt", "b.png\n\nof mine/a.png\nb.png\n");
        var dataset = ImageDataset.OfList(folder.Path, folder.File("more.txt"), Classes);
        Assert.Equal([2, 1, 2], Enumerable.Range(0, dataset.Count).Select(i => (int)dataset.Load(i).Image.Pixels[0]));
    }

    [Fact]
    public void WhatIsMissing_IsNamed()
    {
        using var folder = new TemporaryFolder();
        AssertRefused(() => ImageDataset.OfFolder(folder.File("none"), Classes), folder.File("none"), "the folder does not exist");
        folder.Place("images/below/a.tga", "no image that is read");
        AssertRefused(() => ImageDataset.OfFolder(folder.File("images"), Classes), folder.File("images"), "there is no image in the folder");
        AssertRefused(() => ImageDataset.OfList(folder.Path, folder.File("none.txt"), Classes), folder.File("none.txt"), "the file does not exist");
        AssertRefused(() => ImageDataset.OfList(folder.Path, folder.Write("empty.txt", "\n"), Classes), folder.File("empty.txt"), "the list is empty");
        WriteImage(folder.File("images/below/a.png"), 1);
        folder.Write("list.txt", "images/below/a.png\nb.png\nc.png\n");
        AssertRefused(() => ImageDataset.OfList(folder.Path, folder.File("list.txt"), Classes), folder.File("b.png"), "2 of 3 images");
    }

    [Fact]
    public void Statistics_OfAnUnlabelledImageCountNoClass()
    {
        using var folder = new TemporaryFolder();
        WriteImage(folder.File("a.png"), 255);
        var statistics = ClassStatistics.Compute(ImageDataset.OfFolder(folder.Path, Classes));
        Assert.Equal(0, statistics.LabelledPixels);
        Assert.Equal(0, statistics.IgnoredPixels);
        Assert.Equal([1, 1, 1], statistics.Mean);
    }
}
