using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

namespace HeteroAKD.Cli.Tests;

/// <summary>The arrows of the design, read from the project files and from the compiled assemblies.</summary>
public sealed class ArchitectureTests
{
    private const int LongestFile = 800;
    private const int LongestLine = 160; // max_line_length of .editorconfig, which dotnet format does not hold

    // Who may name whom. Compiled assemblies may also reach what their neighbours bring in, but never upwards or sideways.
    private static readonly Dictionary<string, string[]> s_arrows = new()
    {
        ["HeteroAKD.Kernels"] = [],
        ["HeteroAKD.Tensors"] = ["HeteroAKD.Kernels"],
        ["HeteroAKD.Nn"] = ["HeteroAKD.Tensors"],
        ["HeteroAKD.Distillation"] = ["HeteroAKD.Nn"],
        ["HeteroAKD.Data"] = ["HeteroAKD.Nn"],
        ["HeteroAKD.Weights"] = ["HeteroAKD.Nn"],
        ["HeteroAKD.Training"] = ["HeteroAKD.Distillation", "HeteroAKD.Weights"],
        ["HeteroAKD.Reports"] = ["HeteroAKD.Training"],
        ["HeteroAKD.Experiments"] = ["HeteroAKD.Data", "HeteroAKD.Reports"],
        ["HeteroAKD.PretrainedWeights"] = [], // a package that is fetched, no code
        ["HeteroAKD.Cli"] = ["HeteroAKD.Experiments", "HeteroAKD.PretrainedWeights"],
    };

    private static readonly string[] s_topLevel =
    [
        "HeteroAKD.Kernels.sln", "src", "kernels", "bench", "tests", "README.md", "build.ps1", "LICENSE", "THIRD-PARTY-NOTICES.md", "CONTRIBUTING.md",
        "CHANGELOG.md", "SECURITY.md", "samples", "lab", "docs", "configs", "plans", ".ci",
        "Directory.Build.props", "Directory.Packages.props", ".editorconfig", ".gitignore", ".gitattributes", ".config", "docfx.json",
    ];

    // Pictures, configuration files and a foreign runtime are for what lies above training.
    private static readonly string[] s_aboveTraining = ["SkiaSharp", "SixLabors.ImageSharp", "YamlDotNet", "Microsoft.ML.OnnxRuntime"];

    // Made by git, by builds and by running the program; .gitignore names them.
    private static readonly string[] s_untracked = [".git", "runs", "TestResults", "obj", ".vs", "BenchmarkDotNet.Artifacts"];

    public static TheoryData<string> Projects => new(s_arrows.Keys);

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_names_only_what_lies_below_it(string project) =>
        Assert.Equal(
            s_arrows[project].Order(), References(project, "ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r.Replace('\\', '/'))).Order());

    [Theory]
    [MemberData(nameof(Projects))]
    public void Assembly_uses_only_what_lies_below_it(string project)
    {
        IEnumerable<string> ours = AssemblyReferences(project).Where(name => s_arrows.ContainsKey(name));
        Assert.Empty(ours.Except(Below(project)));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Only_kernels_and_tensors_touch_ilgpu(string project)
    {
        bool allowed = project is "HeteroAKD.Kernels" or "HeteroAKD.Tensors";
        IEnumerable<string> named = References(project, "PackageReference")
            .Concat(AssemblyReferences(project)).Where(n => n.StartsWith("ILGPU", StringComparison.Ordinal));
        Assert.True(allowed || !named.Any(), $"{project} references {string.Join(", ", named)}");
    }

    [Theory]
    [InlineData("HeteroAKD.Training")]
    [InlineData("HeteroAKD.Weights")]
    public void Library_sees_no_pictures_no_yaml_and_no_onnx_runtime(string project)
    {
        IEnumerable<string> named = Below(project).Append(project).SelectMany(p => References(p, "PackageReference").Concat(AssemblyReferences(p)));
        Assert.DoesNotContain(named, name => s_aboveTraining.Any(above => name.StartsWith(above, StringComparison.OrdinalIgnoreCase)));
    }

    [Fact]
    public void Every_project_of_the_product_has_its_arrows_here()
    {
        IEnumerable<string> found = ProjectFiles()
            .Where(p => !InFolder(p, "tests") && !InFolder(p, "bench") && !InFolder(p, "samples"))
            .Select(p => Path.GetFileNameWithoutExtension(p)!);
        Assert.Equal(s_arrows.Keys.Order(), found.Order());
    }

    [Fact]
    public void Top_level_holds_what_the_layout_names_and_nothing_else()
    {
        IEnumerable<string> entries = Directory.EnumerateFileSystemEntries(RepositoryRoot.Path).Select(p => Path.GetFileName(p)!);
        Assert.Empty(entries.Except(s_topLevel).Except(s_untracked));
    }

    [Fact]
    public void Package_versions_are_central()
    {
        IEnumerable<string> offenders = ProjectFiles().Where(p =>
            XDocument.Load(p).Descendants("PackageReference").Any(r => r.Attribute("Version") is not null || r.Attribute("VersionOverride") is not null));
        Assert.Empty(offenders);
    }

    [Fact]
    public void No_source_file_is_too_long_to_review()
    {
        IEnumerable<string> tooLong = Files("*.cs").Select(p => (Path: p, Lines: File.ReadLines(p).Count())).Where(f => f.Lines > LongestFile)
            .Select(f => $"{f.Path}: {f.Lines} lines");
        Assert.Empty(tooLong);
    }

    [Fact]
    public void No_line_of_code_is_too_long_to_read()
    {
        IEnumerable<string> tooLong = Files("*.cs").SelectMany(p => File.ReadLines(p).Select((line, i) => (line.Length, Place: $"{p}({i + 1})")))
            .Where(l => l.Length > LongestLine)
            .Select(l => $"{l.Place}: {l.Length} characters");
        Assert.Empty(tooLong);
    }

    // Calls into a system's own library, and files that only Linux has, stand in one folder; the compiler wants a guard around each call (CA1416).
    [Fact]
    public void Only_the_platform_folder_knows_linux()
    {
        string[] words = ["\"/proc/", "\"libc\"", "madvise", "statx", "SupportedOSPlatform"];
        IEnumerable<string> offenders = Files("*.cs").Where(p => (InFolder(p, "src") || InFolder(p, "kernels")) && !InFolder(p, "Platform"))
            .Where(p => words.Any(w => File.ReadAllText(p).Contains(w, StringComparison.Ordinal)));
        Assert.Empty(offenders);
        Assert.NotEmpty(Directory.GetFiles(RepositoryRoot.File("src/Platform"), "*.cs"));
    }

    private static IEnumerable<string> References(string project, string kind) =>
        XDocument.Load(ProjectFiles().Single(p => Path.GetFileNameWithoutExtension(p) == project)).Descendants(kind).Select(r => r.Attribute("Include")!.Value);

    private static HashSet<string> Below(string project)
    {
        HashSet<string> below = [];
        foreach (string next in s_arrows[project])
        {
            below.Add(next);
            below.UnionWith(Below(next));
        }

        return below;
    }

    private static List<string> AssemblyReferences(string project)
    {
        if (project == "HeteroAKD.PretrainedWeights")
        {
            return []; // it has no code, and its assembly is not part of the program
        }

        string name = project == "HeteroAKD.Cli" ? "heteroakd" : project;
        using PEReader file = new(File.OpenRead(Path.Combine(AppContext.BaseDirectory, name + ".dll")));
        MetadataReader metadata = file.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))];
    }

    private static IEnumerable<string> ProjectFiles() => Files("*.csproj");

    private static IEnumerable<string> Files(string pattern) =>
        new[] { "src", "kernels", "bench", "samples", "tests", "lab" }
            .Select(folder => RepositoryRoot.File(folder))
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, pattern, SearchOption.AllDirectories))
            .Where(p => !InFolder(p, "bin") && !InFolder(p, "obj"));

    private static bool InFolder(string path, string folder) =>
        Path.GetRelativePath(RepositoryRoot.Path, path).Split(Path.DirectorySeparatorChar).Contains(folder);
}
