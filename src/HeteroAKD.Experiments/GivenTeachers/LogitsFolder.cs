using HeteroAKD.Tensors;
using HeteroAKD.Weights.Formats;

namespace HeteroAKD.Experiments.GivenTeachers;

/// <summary>
/// Logits that another program wrote, a file an image (<c>teacher.logits</c>): <c>NAME.npy</c> or <c>NAME.safetensors</c> with one tensor [classes, h, w] of
/// any size, which covers the whole image. NAME is the image's name without its ending, folders included; of scenes it is their id, <c>Train-000009</c>.
/// </summary>
internal sealed class LogitsFolder
{
    private static readonly string[] s_endings = [".npy", ".safetensors"];

    private readonly IReadOnlyDictionary<string, string> _files; // by name
    private readonly ClassMap _map;

    private LogitsFolder(IReadOnlyDictionary<string, string> files, ClassMap map) => (_files, _map) = (files, map);

    /// <summary>Looks for a file of every image, and how many classes they hold.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="images">The images by their names.</param>
    /// <param name="map">Makes the class map of the number of classes in the files.</param>
    /// <exception cref="HeteroAkdException">The folder or files are missing, one name stands for two images, or files are no logits of equal
    /// classes.</exception>
    public static LogitsFolder Open(string folder, IReadOnlyList<(string Name, string File)> images, Func<int, ClassMap> map)
    {
        if (!Directory.Exists(folder))
        {
            throw new HeteroAkdException($"teacher.logits: there is no folder {folder}");
        }

        if (images.Select(i => (i.Name, Path.GetFullPath(i.File))).Distinct().GroupBy(i => i.Name).FirstOrDefault(g => g.Count() > 1) is { } twins)
        {
            throw new HeteroAkdException(
                $"teacher.logits: {string.Join(" and ", twins.Select(t => t.Item2))} are both called {twins.Key}, and would share one file of logits; give "
                    + "one of them another name");
        }

        Dictionary<string, string> files = [];
        List<string> missing = [];
        foreach ((string name, _) in images)
        {
            if (s_endings.Select(ending => Path.Combine(folder, name + ending)).FirstOrDefault(File.Exists) is { } file)
            {
                files[name] = file;
            }
            else
            {
                missing.Add(name);
            }
        }

        if (missing.Count > 0)
        {
            throw new HeteroAkdException(
                $"teacher.logits: {missing.Count} of the student's {images.Count} images have no logits in {folder}: the first is "
                    + $"{missing[0]}{s_endings[0]} (or {s_endings[1]})");
        }

        ClassMap classes = map(Load(files[images[0].Name]).Classes);
        foreach (string file in files.Values.Where(f => f.EndsWith(s_endings[0], StringComparison.Ordinal)))
        {
            RequireClasses(file, NpyFile.ReadSizes(file) is [.., int count, _, _] ? count : 0, classes);
        }

        return new LogitsFolder(files, classes);
    }

    /// <summary>Every file of logits in a folder, in order.</summary>
    public static IReadOnlyList<string> FilesIn(string folder) => !Directory.Exists(folder) ? []
        :
        [
            .. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(
                f => s_endings.Contains(Path.GetExtension(f))).Order(StringComparer.Ordinal)
        ];

    /// <summary>What the classes mean.</summary>
    public ClassMap Map => _map;

    /// <summary>The logits of an image for the classes here.</summary>
    /// <exception cref="HeteroAkdException">The file is damaged, holds another number of classes than the first, or values that are no numbers.</exception>
    public GivenLogits Read(string name)
    {
        string path = _files[name];
        GivenLogits logits = Load(path);
        RequireClasses(path, logits.Classes, _map);

        if (Array.FindIndex(logits.Values, v => !float.IsFinite(v)) is >= 0 and int at)
        {
            throw new HeteroAkdException(
                $"{path}: holds {logits.Values[at]}, which is no logit; clip values beyond float16 (±65504) before they are written with 16 bits");
        }

        return logits with { Values = _map.Apply(logits.Values, logits.Height * logits.Width) };
    }

    private static void RequireClasses(string path, int count, ClassMap map)
    {
        if (count != map.Theirs)
        {
            throw new HeteroAkdException($"{path}: holds {count} classes, the first file {map.Theirs}");
        }
    }

    private static GivenLogits Load(string path)
    {
        (int[] sizes, float[] values) = Path.GetExtension(path) == s_endings[0] ? NpyFile.Read(path) : Tensor(path);
        int[] map = sizes is [1, _, _, _] ? sizes[1..] : sizes;
        return map is [> 0, > 0, > 0]
            ? new GivenLogits(map[0], map[1], map[2], values)
            : throw new HeteroAkdException($"{path}: holds [{string.Join(", ", sizes)}]; logits are [classes, rows, columns]");
    }

    private static (int[] Sizes, float[] Values) Tensor(string path)
    {
        List<HostTensor> tensors = SafeTensors.Read(path).Tensors;
        HostTensor tensor = tensors.Count == 1 ? tensors[0] : tensors.Find(t => t.Name == "logits")
            ?? throw new HeteroAkdException($"{path}: holds {tensors.Count} tensors and none is called 'logits'");
        return (tensor.Sizes, tensor.ToFloats().ToArray());
    }
}

/// <summary>Logits of a whole image.</summary>
/// <param name="Classes">C.</param>
/// <param name="Height">h.</param>
/// <param name="Width">w.</param>
/// <param name="Values">[C, h, w].</param>
internal sealed record GivenLogits(int Classes, int Height, int Width, float[] Values);
