namespace HeteroAKD.Data.Tests;

public class ClassSetTests
{
    [Fact]
    public void ReadFile_TakesIgnoredIdFromItsName()
    {
        using TemporaryFolder folder = new();
        ClassSet classes = ClassSet.ReadFile(folder.Write("classes.txt", "1 road 1 2 3\n0 sky 4 5 6\n\n2 Void 0 0 0\n"));
        Assert.Equal(["sky", "road"], classes.Names);
        Assert.Equal((4, 5, 6), classes.Colors[0]);
        Assert.Equal(2, classes.IgnoreIndex);
        Assert.Equal(2, classes.Count);
    }

    [Fact]
    public void ReadFile_WithoutIgnoredClass_Ignores255()
    {
        using TemporaryFolder folder = new();
        Assert.Equal(255, ClassSet.ReadFile(folder.Write("classes.txt", "0 a 0 0 0\n1 b 0 0 0")).IgnoreIndex);
    }

    [Theory]
    [InlineData("0 a 0 0 0\n0 b 0 0 0", "second time")]
    [InlineData("0 a 0 0 0\n1 b 0 0", "line 2")]
    [InlineData("0 a 0 0 0\n1 b 0 0 256", "line 2")]
    [InlineData("0 a 0 0 0\nx b 0 0 0", "line 2")]
    [InlineData("0 a 0 0 0\n2 b 0 0 0", "ids 0, 2")]
    [InlineData("", "0 classes")]
    public void ReadFile_NamesTheFault(string text, string expected)
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("classes.txt", text);
        DatasetException error = Assert.Throws<DatasetException>(() => ClassSet.ReadFile(path));
        Assert.Equal(path, error.File);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_UsesColoursAndBlackForIgnored()
    {
        ClassSet classes = new(["a", "b"], [(1, 2, 3), (4, 5, 6)]);
        Assert.Equal([4, 5, 6, 0, 0, 0, 1, 2, 3], classes.Render([1, 255, 0], 3, 1).Pixels);
    }

    [Fact]
    public void WriteServerPng_StoresServerIdsAsGray()
    {
        using TemporaryFolder folder = new();
        ClassSet classes = new(["road", "sidewalk", "building"], [(128, 64, 128), (244, 35, 232), (70, 70, 70)]) { ServerIds = [7, 8, 11] };
        string path = folder.File("server.png");
        classes.WriteServerPng(path, [2, 0, 1, 0], 2, 2);
        LabelImage read = LabelPng.Read(path);
        Assert.Equal([11, 7, 8, 7], read.Ids);
        Assert.Null(read.Palette);
    }

    [Fact]
    public void WriteServerPng_StoresClassesInTheirColoursWhereTheServerTakesPalettes()
    {
        using TemporaryFolder folder = new();
        ClassSet classes = new(["background", "aeroplane"], [(0, 0, 0), (128, 0, 0)]) { ServerPalette = true };
        string path = folder.File("server.png");
        classes.WriteServerPng(path, [1, 0], 2, 1);
        LabelImage read = LabelPng.Read(path);
        Assert.Equal([1, 0], read.Ids);
        Assert.Equal((128, 0, 0), read.Palette![1]);
        Assert.Equal(256, read.Palette.Length);
    }

    [Fact]
    public void ToFileText_ReadsBack()
    {
        using TemporaryFolder folder = new();
        foreach (ClassSet? classes in new[] { CamVidLayout.Classes, CityscapesLayout.Classes, CocoStuffLayout.Classes })
        {
            ClassSet read = ClassSet.ReadFile(folder.Write("classes.txt", classes.ToFileText()));
            Assert.Equal(classes.Names.Select(name => name.Replace(' ', '-')), read.Names);
            Assert.Equal(classes.Colors, read.Colors);
            Assert.Equal(classes.IgnoreIndex, read.IgnoreIndex);
        }
    }

    // A set whose id 0 means "not labelled" would else train on it as on a class.
    [Fact]
    public void ReadFile_RefusesAnIgnoredClassThatIsNotTheLast()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("classes.txt", "0 Unlabelled 0 0 0\n1 a 1 1 1\n2 b 2 2 2\n");
        DatasetException error = Assert.Throws<DatasetException>(() => ClassSet.ReadFile(path));
        Assert.Contains("id 0 is called Unlabelled, but only the last id can be ignored", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadFile_NamesTheMissingId()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("classes.txt", "0 a 1 1 1\n1 b 2 2 2\n3 c 3 3 3\n");
        Assert.Contains("; 2 is missing", Assert.Throws<DatasetException>(() => ClassSet.ReadFile(path)).Message, StringComparison.Ordinal);
    }
}
