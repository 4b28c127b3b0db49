namespace HeteroAKD.Data.Tests;

/// <summary>What leaves as a server's picture has the ids that came in: each layout's label map and server ids are inverse.</summary>
public class ServerIdTests
{
    // Stored ids of Cityscapes' evaluated classes, in order.
    [Fact]
    public void Cityscapes_GivesLabelIds() =>
        Assert.Equal([7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33], CityscapesLayout.Classes.ServerIds!.Select(id => (int)id));

    [Fact]
    public void Ade20k_CountsFromOne() => Assert.Equal(Enumerable.Range(1, 150), Ade20kLayout.Classes.ServerIds!.Select(id => (int)id));

    [Fact]
    public void Voc_HasItsColoursAsPalette() => Assert.True(VocLayout.Classes is { ServerPalette: true, ServerIds: null });
}
