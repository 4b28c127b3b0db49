using System.Diagnostics;
using HeteroAKD.Data;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Commands;

/// <summary>Decodes every pair of a data set, counts, draws a contact sheet and writes lists. The data set itself is only read.</summary>
public sealed class DataCheckService : IDataCheckCommand
{
    private const int SheetColumns = 4;
    private const int SheetSamples = 24;

    /// <inheritdoc/>
    public DataCheckOutcome Run(DataCheckRequest request, IProgressSink progress, CancellationToken cancellation)
    {
        string root = DataRoot.Resolve(request.Root);
        DatasetLayout layout = request.Kind.Length > 0 ? DatasetLayout.Of(request.Kind) : DatasetLayout.Detect(root);
        DatasetSplits set = layout.Open(root, request.Layout);
        List<string> notes = [.. set.Notes];
        if (request.Layout.Map is null && layout.PublishedClasses is null)
        {
            set = ByColors(layout, root, request.Layout, set, notes);
        }

        int threads = request.Threads > 0 ? request.Threads : Environment.ProcessorCount;
        List<(string Name, SplitCheck Check)> splits = [];
        foreach ((string name, PairDataset dataset) in set.Splits)
        {
            progress.Begin($"{set.Name} {name}", dataset.Count);
            Stopwatch clock = Stopwatch.StartNew();
            SplitCheck check = SplitCheck.Run(
                name, dataset.Within(request.Limits), threads, done =>
                    progress.Report(new StepProgress(done, double.NaN, double.NaN, clock.Elapsed.TotalMilliseconds / done)), cancellation);
            splits.Add((name, check));
        }

        Directory.CreateDirectory(request.OutputFolder);
        InputFiles inputs = new([
            .. splits.SelectMany(split => split.Check.Dataset.Pairs).SelectMany(pair => new[] { pair.Image, pair.Label }),
            .. Directory.EnumerateFiles(root, "*.txt"),
        ]);
        if (request.FixList)
        {
            inputs.RequireOther(ClassFile(request.OutputFolder));
        }

        List<string> files = [];
        List<string> warnings =
        [
            .. set.Warnings, .. splits.SelectMany(split => split.Check.Census.Warnings()), .. splits.SelectMany(split => Turned(split.Name, split.Check)),
            .. Shared(splits)
        ];
        if (WriteSheet(request.OutputFolder, splits, inputs) is { } sheet)
        {
            files.Add(sheet);
        }

        if (request.FixList)
        {
            files.AddRange(WriteLists(request.OutputFolder, set.Classes, splits, warnings));
        }

        return new DataCheckOutcome(set.Name, layout.Kind, root, set.Classes, splits, warnings, files) { Notes = notes };
    }

    // Many data sets store masks in colours. If most PNG masks show colours instead of class ids, the set is checked by the colours of the class file, and a
    // note names the option that trains on such masks.
    private static DatasetSplits ByColors(DatasetLayout layout, string root, LayoutOptions options, DatasetSplits set, List<string> notes)
    {
        (int InColors, int Pngs)[] found = [.. set.Splits.Values.Select(MaskSurvey.Of)];
        int colors = found.Sum(f => f.InColors);
        int pngs = found.Sum(f => f.Pngs);
        if (2 * colors <= pngs)
        {
            return set;
        }

        string masks = $"{colors} of {pngs} PNG masks show colours instead of class ids";
        try
        {
            DatasetSplits byColors = layout.Open(root, options with { Map = LabelMap.Colors });
            notes.Add($"{masks} and are checked by the colours of the class file. To train on them, set data.storedLabels: color");
            return byColors;
        }
        catch (DatasetException e)
        {
            notes.Add($"{masks}, which data.storedLabels: color would read, but {e.Message}");
            return set;
        }
    }

    private static IEnumerable<string> Turned(string split, SplitCheck check)
    {
        if (check.Turned.Count > 0)
        {
            yield return $"{split}: {check.Turned.Count} images have an EXIF orientation, first {check.Dataset.Pairs[check.Turned[0]].Image}. "
                + (check.Dataset.TurnsUpright
                    ? "They are turned by it, their masks only by one of their own; where the masks were drawn on the pixels as they are stored, set "
                        + "data.exifOrientation: false"
                    : "They are read as they are stored, because data.exifOrientation is false");
        }
    }

    private static IEnumerable<string> Shared(List<(string Name, SplitCheck Check)> splits)
    {
        for (int i = 0; i < splits.Count; i++)
        {
            for (int j = 0; j < i; j++)
            {
                (int Here, int There)[] shared = [.. splits[i].Check.SharedWith(splits[j].Check)];
                if (shared.Length > 0)
                {
                    yield return $"{shared.Length} images of {splits[i].Name} are also in {splits[j].Name}, so its scores would measure memory: first "
                        + $"{splits[i].Check.Dataset.Pairs[shared[0].Here].Image} = {splits[j].Check.Dataset.Pairs[shared[0].There].Image}";
                }
            }
        }
    }

    // Evenly over the first split that has a good pair: neighbours of a video look alike.
    private static string? WriteSheet(string folder, List<(string Name, SplitCheck Check)> splits, InputFiles inputs)
    {
        foreach ((string _, SplitCheck check) in splits)
        {
            int[] good = [.. check.Good()];
            if (good.Length > 0)
            {
                int count = Math.Min(SheetSamples, good.Length);
                int[] chosen = [.. Enumerable.Range(0, count).Select(i => good[(int)((long)i * good.Length / count)])];
                string path = Path.Combine(folder, "contact-sheet.png");
                inputs.RequireOther(path);
                ImageCodec.Usual.WritePng(path, ContactSheet.RenderScaled(check.Dataset, chosen, Math.Min(SheetColumns, count)));
                return path;
            }
        }

        return null;
    }

    private static IEnumerable<string> WriteLists(string folder, ClassSet classes, List<(string Name, SplitCheck Check)> splits, List<string> warnings)
    {
        foreach ((string name, SplitCheck check) in splits)
        {
            string?[] good = [.. check.Good().Select(index => Line(check.Dataset.Pairs[index]))];
            string[] lines = [.. good.OfType<string>()];
            if (lines.Length < good.Length)
            {
                warnings.Add($"{good.Length - lines.Length} good pairs of {name} are not in its list, which separates paths by blanks: their paths hold one");
            }

            string path = Path.Combine(folder, $"{name}.fixed.txt");
            AtomicFile.WriteText(path, string.Concat(lines));
            yield return path;
        }

        string classFile = ClassFile(folder);
        AtomicFile.WriteText(classFile, classes.ToFileText());
        yield return classFile;
    }

    private static string ClassFile(string folder) => Path.Combine(folder, "classes.txt");

    private static string? Line(FilePair pair)
    {
        string line = $"{Path.GetFullPath(pair.Image)} {Path.GetFullPath(pair.Label)}";
        return line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length == 2
            ? line + "\n"
            : null;
    }
}
