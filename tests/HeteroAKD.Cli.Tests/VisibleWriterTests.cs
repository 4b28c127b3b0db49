using HeteroAKD.Cli.Progress;
using HeteroAKD.Training.Evaluation;
using Spectre.Console;

namespace HeteroAKD.Cli.Tests;

/// <summary>What files hold reaches a terminal as something to read.</summary>
public sealed class VisibleWriterTests
{
    private readonly StringWriter _text = new() { NewLine = "\n" };

    [Theory]
    [InlineData("\e[2Jcleared", @"\u001B[2Jcleared")]
    [InlineData("a\u202Ecod", @"a\u202Ecod")]
    [InlineData("bell\a, null\0", @"bell\u0007, null\u0000")]
    [InlineData("one\rother", @"one\u000Dother")]
    [InlineData("Straße\t道路 🚗", "Straße\t道路 🚗")]
    public void Lines_show_what_a_terminal_would_obey_or_hide(string line, string shown)
    {
        Terminal terminal = new(_text, _text, Interactive: false);
        terminal.Out.WriteLine(line);
        terminal.Error.Write(line);
        terminal.Error.Flush();
        Assert.Equal($"{shown}\n{shown}", _text.ToString());
    }

    [Fact]
    public void A_name_of_a_megabyte_leaves_a_line_and_its_remedy()
    {
        Terminal terminal = new(_text, _text, Interactive: false);
        terminal.Error.WriteLine($"error: there is no class '{new string('x', 1 << 20)}'; add it to classes.txt");
        string line = _text.ToString();
        Assert.InRange(line.Length, 1, 5000);
        Assert.StartsWith("error: there is no class 'xxx", line, StringComparison.Ordinal);
        Assert.EndsWith("xxx'; add it to classes.txt\n", line, StringComparison.Ordinal);
        Assert.Contains("characters left out", line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_does_not_grow_with_the_names_in_it()
    {
        SegmentationScores scores = new(0.5, 0.5, 0.5, 0.5, [0.5, 0.5]);
        string table = ScoreTable.Render([new string('x', 1 << 20), "b\e[31m"], [("student\u200B", scores)]);
        Assert.InRange(table.Length, 1, 10_000);
        Assert.Contains(@"b\u001B[31m", table, StringComparison.Ordinal);
        Assert.Contains(@"student\u200B", table, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bar_shows_what_it_names()
    {
        IAnsiConsole console = AnsiConsole.Create(
            new AnsiConsoleSettings { Ansi = AnsiSupport.No, Interactive = InteractionSupport.No, Out = new AnsiConsoleOutput(_text) });
        console.Profile.Width = 200;
        BarProgress.Run(console, progress =>
        {
            progress.Begin("student\a", 4);
            progress.Say("class \e]0;title\a of 3\nsecond line");
            return 0;
        });
        Assert.DoesNotContain('\a', _text.ToString());
        Assert.Contains(@"class \u001B]0;title\u0007 of 3", _text.ToString(), StringComparison.Ordinal);
        Assert.Contains("\nsecond line\n", _text.ToString(), StringComparison.Ordinal);
    }
}
