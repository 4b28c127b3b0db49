using HeteroAKD.Nn;

namespace HeteroAKD.Data.Tests;

public class ListFileDatasetTests
{
    private const string Classes = "0 a 0 0 0\n1 b 9 9 9\n2 Unlabelled 0 0 0\n";

    /// <summary>A folder with <paramref name="count"/> pairs of 6x4 and a list of them.</summary>
    private static TemporaryFolder MakeFolder(int count)
    {
        TemporaryFolder folder = new();
        folder.Write("classes.txt", Classes);
        for (int i = 0; i < count; i++)
        {
            RgbImage image = new(6, 4);
            Array.Fill(image.Pixels, (byte)i);
            SkiaImageCodec.Instance.WritePng(folder.File($"i{i}.png"), image);
            LabelPng.Write(folder.File($"l{i}.png"), new byte[24], 6, 4);
        }
        folder.Write("list.txt", string.Concat(Enumerable.Range(0, count).Select(i => $"i{i}.png l{i}.png\n")));
        return folder;
    }

    private static void AssertRefused(Action action, string file, string problem)
    {
        DatasetException error = Assert.ThrowsAny<DatasetException>(action);
        Assert.Equal(file, error.File);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(error.Remedy);
    }

    [Fact]
    public void Load_GivesPairsInListOrder()
    {
        using TemporaryFolder folder = MakeFolder(3);
        ListFileDataset dataset = new(folder.Path, "list.txt");
        Assert.Equal(3, dataset.Count);
        Sample sample = dataset.Load(2);
        Assert.Equal("i2", sample.Id);
        Assert.All(sample.Image.Pixels, value => Assert.Equal(2, value));
        Assert.All(sample.Labels, label => Assert.Equal(0, label));
    }

    [Fact]
    public void LabelOutsideClasses_IsRefusedWithItsPlace()
    {
        using TemporaryFolder folder = MakeFolder(1);
        byte[] labels = new byte[24];
        (labels[3], labels[8]) = (2, 3); // 2 is the ignored id
        LabelPng.Write(folder.File("l0.png"), labels, 6, 4);
        AssertRefused(() => new ListFileDataset(folder.Path, "list.txt").Load(0), folder.File("l0.png"), "label id 3 at column 2, row 1");
    }

    [Fact]
    public void SizeMismatch_IsRefused()
    {
        using TemporaryFolder folder = MakeFolder(1);
        LabelPng.Write(folder.File("l0.png"), new byte[24], 4, 6);
        AssertRefused(() => new ListFileDataset(folder.Path, "list.txt").Load(0), folder.File("l0.png"), "4x6");
    }

    [Fact]
    public void MissingImage_IsRefusedWhenLoaded()
    {
        using TemporaryFolder folder = MakeFolder(1);
        File.Delete(folder.File("i0.png"));
        AssertRefused(() => new ListFileDataset(folder.Path, "list.txt").Load(0), folder.File("i0.png"), "does not exist");
    }

    [Fact]
    public void BrokenImage_IsRefusedWhenLoaded()
    {
        using TemporaryFolder folder = MakeFolder(1);
        folder.Write("i0.png", File.ReadAllBytes(folder.File("i0.png"))[..50]);
        AssertRefused(() => new ListFileDataset(folder.Path, "list.txt").Load(0), folder.File("i0.png"), "cut short");
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("\n  \n", "empty")]
    [InlineData("i0.png l0.png\ni0.png\n", "line 2")]
    [InlineData("i0.png l0.png extra\n", "line 1")]
    public void BadList_IsRefused(string text, string problem)
    {
        using TemporaryFolder folder = MakeFolder(1);
        folder.Write("list.txt", text);
        AssertRefused(() => _ = new ListFileDataset(folder.Path, "list.txt"), folder.File("list.txt"), problem);
    }

    [Fact]
    public void MissingFolderListOrClasses_AreNamed()
    {
        using TemporaryFolder folder = MakeFolder(1);
        AssertRefused(() => _ = new ListFileDataset(folder.File("nowhere"), "list.txt"), folder.File("nowhere"), "folder does not exist");
        AssertRefused(() => _ = new ListFileDataset(folder.Path, "no.txt"), folder.File("no.txt"), "does not exist");
        AssertRefused(() => _ = new ListFileDataset(folder.Path, "list.txt", "no.txt"), folder.File("no.txt"), "does not exist");
    }
}
