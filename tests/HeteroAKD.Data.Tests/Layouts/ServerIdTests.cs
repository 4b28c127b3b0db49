namespace HeteroAKD.Data.Tests;

/// <summary>
/// What leaves as a server's picture has the ids that came in: each layout's label map reads a server picture back to the classes it was written from.
/// </summary>
public class ServerIdTests
{
    [Fact]
    public void Cityscapes_GivesLabelIds() =>
        ReadsBack(CityscapesLayout.Classes, CityscapesLayout.LabelIds, [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]);

    [Fact]
    public void Ade20k_CountsFromOne() => ReadsBack(Ade20kLayout.Classes, LabelMap.FromOne(Ade20kLayout.Classes), [.. Enumerable.Range(1, 150)]);

    [Fact]
    public void Voc_StoresClassesUnderItsColours()
    {
        ReadsBack(VocLayout.Classes, LabelMap.Identity(VocLayout.Classes), [.. Enumerable.Range(0, 21)]);
        Assert.True(VocLayout.Classes.ServerPalette);
    }

    private static void ReadsBack(ClassSet classes, LabelMap map, int[] stored)
    {
        using TemporaryFolder folder = new();
        string path = folder.File("server.png");
        byte[] labels = [.. Enumerable.Range(0, classes.Count).Select(c => (byte)c)];
        classes.WriteServerPng(path, labels, labels.Length, 1);
        LabelImage picture = LabelPng.Read(path);
        Assert.Equal(stored, picture.Ids.Select(id => (int)id));
        byte[] mapped = new byte[labels.Length];
        map.Apply(picture, path, mapped);
        Assert.Equal(labels, mapped);
    }
}
