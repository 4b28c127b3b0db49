using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;

namespace HeteroAKD.Cli.Tests;

/// <summary>build.ps1 works, even where no PowerShell is installed to try it with.</summary>
public sealed class BuildScriptTests
{
    private static readonly string s_script = RepositoryRoot.File("build.ps1");

    [Fact]
    public void Script_parses_and_calls_nothing_but_dotnet()
    {
        ScriptBlockAst script = Parser.ParseFile(s_script, out _, out ParseError[] errors);
        Assert.Empty(errors);
        IEnumerable<string> commands = script.FindAll(node => node is CommandAst, searchNestedScriptBlocks: true)
            .Cast<CommandAst>().Select(c => c.GetCommandName());
        Assert.Equal(["dotnet"], commands.Distinct());
    }

    [Fact]
    public void Script_has_these_verbs()
    {
        ScriptBlockAst script = Parser.ParseFile(s_script, out _, out _);
        SwitchStatementAst verbs = (SwitchStatementAst)script.Find(node => node is SwitchStatementAst, searchNestedScriptBlocks: true);
        Assert.Equal(
            ["restore", "build", "test", "bench", "quickstart", "pack", "site"], verbs.Clauses.Select(c => ((StringConstantExpressionAst)c.Item1).Value));
    }

    [Fact]
    public void Build_verb_builds_the_folder_of_the_script()
    {
        // A copy of the script beside a small project: the tests' own outputs stay untouched.
        using TemporaryFolder folder = new();
        string copy = folder.File("build.ps1");
        File.Copy(s_script, copy);
        folder.File("Tiny.csproj", "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup></Project>");
        folder.File("Tiny.cs", "public static class Tiny;");

        using PowerShell shell = PowerShell.Create(InitialSessionState.CreateDefault2());
        shell.AddCommand(copy).AddArgument("build").AddArgument("-nodeReuse:false").AddArgument("-p:UseSharedCompilation=false");
        string output = string.Join('\n', shell.Invoke());

        Assert.Empty(shell.Streams.Error);
        Assert.True(File.Exists(Path.Combine(folder.Path, "bin", "Release", "net10.0", "Tiny.dll")), output);
    }

    [Fact]
    public void Unknown_verb_is_an_error()
    {
        using PowerShell shell = PowerShell.Create(InitialSessionState.CreateDefault2());
        shell.AddCommand(s_script).AddArgument("deploy");
        Assert.StartsWith("usage: ", Assert.ThrowsAny<RuntimeException>(() => shell.Invoke()).Message, StringComparison.Ordinal);
    }
}
