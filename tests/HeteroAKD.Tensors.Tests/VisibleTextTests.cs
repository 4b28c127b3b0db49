namespace HeteroAKD.Tensors.Tests;

public sealed class VisibleTextTests
{
    [Theory]
    [InlineData("road", "road")]
    [InlineData("\u001b]0;x\u0007", @"\u001B]0;x\u0007")]
    [InlineData("\u202eevil\u2066", @"\u202Eevil\u2066")]
    [InlineData("a\u2028b\nc", @"a\u2028b\u000Ac")]
    [InlineData("\U000E0041 tag", @"\U000E0041 tag")]
    [InlineData("\u009b31m", @"\u009B31m")]
    public void Names_are_shown_and_not_obeyed(string name, string shown) => Assert.Equal(shown, VisibleText.Name(name));

    // A constant of its own: runners write test arguments as UTF-8, which has no half of a pair.
    [Fact]
    public void Half_a_pair_is_shown_as_its_number() => Assert.Equal(@"a\uD83D", VisibleText.Name("a\ud83d"));

    [Theory]
    [InlineData(255, 255)]
    [InlineData(256, 300)]
    [InlineData(1 << 20, 300)]
    public void Long_names_lose_their_middle(int length, int most)
    {
        string shown = VisibleText.Name("<" + new string('x', length - 2) + ">");
        Assert.InRange(shown.Length, 1, most);
        Assert.StartsWith("<x", shown, StringComparison.Ordinal);
        Assert.EndsWith("x>", shown, StringComparison.Ordinal);
    }
}
