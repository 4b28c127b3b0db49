using HeteroAKD.Nn;

namespace HeteroAKD.Data.Tests;

public class ImageDatasetTests
{
    private static readonly ClassSet s_classes = new(["a", "b"], [(0, 0, 0), (9, 9, 9)]);

    private static void WriteImage(string path, byte value)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        RgbImage image = new(6, 4);
        Array.Fill(image.Pixels, value);
        SkiaImageCodec.Instance.WritePng(path, image);
    }

    private static void AssertRefused(Action action, string file, string problem)
    {
        DatasetException error = Assert.Throws<DatasetException>(action);
        Assert.Equal(file, error.File);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(error.Remedy);
    }

    [Fact]
    public void Folder_GivesItsImagesByName()
    {
        using TemporaryFolder folder = new();
        WriteImage(folder.File("b.PNG"), 2);
        WriteImage(folder.File("a.png"), 1);
        WriteImage(folder.File("below/c.png"), 3);
        folder.Write("note.txt", "no image");
        ImageDataset dataset = ImageDataset.OfFolder(folder.Path, s_classes);
        Assert.Equal([folder.File("a.png"), folder.File("b.PNG"), folder.File("below/c.png")], dataset.Files);
        Assert.Equal("below/c", dataset.Load(2).Id);
        Assert.Same(s_classes, dataset.Classes);
        Sample sample = dataset.Load(1);
        Assert.Equal("b", sample.Id);
        Assert.False(sample.IsLabelled);
        Assert.Empty(sample.Labels);
        Assert.All(sample.Image.Pixels, value => Assert.Equal(2, value));
        Assert.Same(sample.Image, dataset.Load(0, sample).Image);
    }

    [Fact]
    public void List_GivesItsImagesInOrder()
    {
        using TemporaryFolder folder = new();
        WriteImage(folder.File("b.png"), 2);
        WriteImage(folder.File("of mine/a.png"), 1);
        folder.Write("more.txt", "b.png\n\nof mine/a.png\nb.png\n");
        ImageDataset dataset = ImageDataset.OfList(folder.Path, folder.File("more.txt"), s_classes);
        Assert.Equal([2, 1, 2], Enumerable.Range(0, dataset.Count).Select(i => (int)dataset.Load(i).Image.Pixels[0]));
    }

    [Fact]
    public void WhatIsMissing_IsNamed()
    {
        using TemporaryFolder folder = new();
        AssertRefused(() => ImageDataset.OfFolder(folder.File("none"), s_classes), folder.File("none"), "the folder does not exist");
        folder.Place("images/below/a.tga", "no image that is read");
        AssertRefused(() => ImageDataset.OfFolder(folder.File("images"), s_classes), folder.File("images"), "there is no image in the folder");
        AssertRefused(() => ImageDataset.OfList(folder.Path, folder.File("none.txt"), s_classes), folder.File("none.txt"), "the file does not exist");
        AssertRefused(() => ImageDataset.OfList(folder.Path, folder.Write("empty.txt", "\n"), s_classes), folder.File("empty.txt"), "the list is empty");
        WriteImage(folder.File("images/below/a.png"), 1);
        folder.Write("list.txt", "images/below/a.png\nb.png\nc.png\n");
        AssertRefused(() => ImageDataset.OfList(folder.Path, folder.File("list.txt"), s_classes), folder.File("b.png"), "2 of 3 images");
    }

    [Fact]
    public void Statistics_OfAnUnlabelledImageCountNoClass()
    {
        using TemporaryFolder folder = new();
        WriteImage(folder.File("a.png"), 255);
        ClassStatistics statistics = ClassStatistics.Compute(ImageDataset.OfFolder(folder.Path, s_classes));
        Assert.Equal(0, statistics.LabelledPixels);
        Assert.Equal(0, statistics.IgnoredPixels);
        Assert.Equal([1, 1, 1], statistics.Mean);
    }
}
