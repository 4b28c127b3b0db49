using System.Text.RegularExpressions;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Tensors;
using YamlDotNet.RepresentationModel;

namespace HeteroAKD.Experiments.Plans;

/// <summary>
/// Reads a plan: YAML with base, set, arms, shared, cells or grid, seeds, compare, budget. What its settings mean is checked by <see cref="PlanLayout"/>.
/// </summary>
internal static partial class PlanReader
{
    private const string NamePattern = "^[A-Za-z0-9][A-Za-z0-9._+=-]*$";

    /// <summary>Reads a file.</summary>
    /// <exception cref="ConfigurationException">The file is missing or is no plan.</exception>
    public static Plan ReadFile(string path)
    {
        string text;
        try
        {
            text = RegularFile.ReadText(path, YamlText.MaxBytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(
                path, 0, e is FileNotFoundException or DirectoryNotFoundException ? "there is no such plan" : $"the plan cannot be read: {e.Message}", e);
        }

        return ReadText(text, path);
    }

    /// <summary>Reads a text.</summary>
    /// <param name="yaml">The plan.</param>
    /// <param name="path">Its file, from which relative names start.</param>
    public static Plan ReadText(string yaml, string path)
    {
        PlanSection root = PlanSection.Parse(yaml, path);
        root.Allow("about", "base", "set", "arms", "shared", "cells", "grid", "seeds", "compare", "budget", "expectedSd");
        (string baseFile, IReadOnlyList<Setting> baseSettings) = Base(root, path);
        IReadOnlyList<PlanPart> teachers = Teachers(root);
        IReadOnlyList<PlanPart> arms = Parts(root, "arms", teachers, ["teacher", "x", "curve"]);
        if (arms.Count == 0)
        {
            throw new ConfigurationException(path, 0, "the plan has no arms; write 'arms:' and below it each arm's name with its settings");
        }

        return new Plan
        {
            Path = path,
            About = root.Text("about") ?? "",
            BaseFile = baseFile,
            Common = [.. baseSettings, .. root.Find("set") is { } set ? Settings(root.Section("set", set), set) : []],
            Arms = arms,
            Cells = Cells(root, teachers),
            Teachers = teachers,
            Phases = Phases(root, path),
            Compare = Compare(root, arms),
            BudgetSeconds = Budget(root),
            ExpectedSd = root.Number("expectedSd", positive: true),
        };
    }

    private static (string File, IReadOnlyList<Setting> Settings) Base(PlanSection root, string path) => root.Find("base") switch
    {
        null => throw new ConfigurationException(path, 0, "the plan has no base; name a configuration file, for example 'base: ../configs/scenes.yaml'"),
        YamlScalarNode { Value: null or "" } empty => throw root.Error(empty, "base has no value; it must name a configuration file, or hold one below it"),
        YamlScalarNode { Value: { } file } => (Path.Combine(Path.GetDirectoryName(path) ?? "", file), []),
        { } node => ("", Settings(root.Section("base", node), node)),
    };

    private static IReadOnlyList<PlanPart> Teachers(PlanSection root)
    {
        if (root.Section("shared") is not { } shared)
        {
            return [];
        }

        shared.Allow("teachers");
        return Parts(shared, "teachers", [], []);
    }

    private static IReadOnlyList<PlanPart> Cells(PlanSection root, IReadOnlyList<PlanPart> teachers)
    {
        if (root.Section("grid") is not { } grid)
        {
            IReadOnlyList<PlanPart> cells = Parts(root, "cells", teachers, ["teacher"]);
            return cells.Count > 0 ? [.. cells.Select(c => c with { Circumstances = c.Settings.Count > 0 ? c.Name : "" })] : [Everywhere];
        }

        if (root.Find("cells") is { } both)
        {
            throw root.Error(both, "a plan has cells or a grid of them, not both");
        }

        // Every axis in turn multiplies the cells so far; later axes win where two set the same.
        List<PlanPart> product = [Everywhere];
        foreach ((string axis, YamlNode axisNode, _) in grid.Entries)
        {
            if (grid.Section(axis)!.Entries.Count == 0)
            {
                throw grid.Error(axisNode, $"the axis {axis} has no values; write them below it as 'name: settings', or leave it out");
            }

            product = [.. product.SelectMany(cell => Parts(grid, axis, teachers, ["teacher"]).Select(value => value with
            {
                Name = Joined(cell.Name, value.Name),
                Circumstances = Joined(cell.Circumstances, value.Teacher.Length > 0 ? "" : value.Name),
                Settings = [.. cell.Settings, .. value.Settings],
                Teacher = value.Teacher.Length > 0 ? value.Teacher : cell.Teacher,
            }))];
        }

        return product.GroupBy(c => c.Name).FirstOrDefault(g => g.Count() > 1) is { } twice
            ? throw root.Error(root.Find("grid")!, $"two cells of the grid are called '{twice.Key}'; name the values of its axes so that their products differ")
            : product;
    }

    private static string Joined(string first, string second) => string.Join('-', ((string[])[first, second]).Where(name => name.Length > 0));

    private static PlanPart Everywhere => new() { Name = "", Line = 0, Settings = [] };

    private static IReadOnlyList<PlanPart> Parts(PlanSection parent, string key, IReadOnlyList<PlanPart> teachers, string[] own)
    {
        List<PlanPart> parts = [];
        foreach ((string name, YamlNode keyNode, YamlNode value) in parent.Section(key)?.Entries ?? [])
        {
            if (!PartName().IsMatch(name))
            {
                throw parent.Error(keyNode, $"'{name}' cannot name a folder everywhere; use letters, digits and . _ + = -");
            }

            PlanSection section = parent.Section(key)!.Section(name, value);
            parts.Add(new PlanPart
            {
                Name = name,
                Line = keyNode.Start.Line,
                Settings = Settings(section, value, own.Where(k => section.Find(k) is YamlScalarNode)),
                Teacher = own.Contains("teacher") ? Teacher(section, teachers) : "",
                X = own.Contains("x") ? section.Number("x", positive: false) : double.NaN,
                Curve = own.Contains("curve") ? section.Text("curve") ?? "" : "",
            });
        }

        return parts;
    }

    // A word after 'teacher' names a shared one; a section holds settings of the teacher.
    private static string Teacher(PlanSection section, IReadOnlyList<PlanPart> teachers) => section.Find("teacher") switch
    {
        YamlScalarNode { Value: { Length: > 0 } text } node => teachers.Any(t => t.Name == text) ? text
            : throw section.Unknown(
                node, $"'{text}' is none of shared.teachers{(teachers.Count == 0 ? ", which the plan lacks" : "")}", text, teachers.Select(t => t.Name)),
        YamlScalarNode empty => throw section.Error(empty, "teacher names none of shared.teachers; write its name, or leave teacher out"),
        _ => "",
    };

    private static IReadOnlyList<Setting> Settings(PlanSection section, YamlNode node, params IEnumerable<string> without)
    {
        if (section.Entries.Count == 0)
        {
            return [];
        }

        return [.. SettingsText.Flatten(node).Where(s => !without.Contains(s.Key))];
    }

    private static IReadOnlyList<SeedPhase> Phases(PlanSection root, string path)
    {
        switch (root.Find("seeds"))
        {
            case null:
                throw new ConfigurationException(path, 0, "the plan has no seeds; write for example 'seeds: 1-10', or 'seeds: {choose: 1-3, confirm: 4-13}'");
            case YamlMappingNode node:
                PlanSection phases = root.Section("seeds", node);
                phases.Allow("choose", "confirm");
                List<SeedPhase> read = [.. phases.Entries.Select(e => new SeedPhase(e.Key, Seeds(root, e.Value)))];
                return read.Count == 2 && read[0].Seeds.Intersect(read[1].Seeds).Select(s => (int?)s).FirstOrDefault() is { } shared
                    ? throw root.Error(node, $"seed {shared} is in choose and in confirm; what was chosen on a seed cannot be confirmed on it")
                    : read.Count > 0 ? read : throw root.Error(node, "seeds holds neither choose nor confirm");
            case { } list:
                return [new SeedPhase(SeedPhase.All, Seeds(root, list))];
        }
    }

    private static IReadOnlyList<int> Seeds(PlanSection root, YamlNode node)
    {
        string text = node is YamlSequenceNode list ? string.Join(',', list.Select(item => (item as YamlScalarNode)?.Value))
            : (node as YamlScalarNode)?.Value ?? "";
        (IReadOnlyList<int>? seeds, string problem) = SeedList.Parse(text);
        return seeds ?? throw root.Error(node, problem);
    }

    private static Comparison Compare(PlanSection root, IReadOnlyList<PlanPart> arms)
    {
        if (root.Section("compare") is not { } compare)
        {
            return new Comparison("miou", "test", "");
        }

        compare.Allow("metric", "split", "control", "weights");
        string control = compare.Word("control", [.. arms.Select(a => a.Name)], "");
        string metric = compare.Word("metric", Metrics.Names, "miou");
        string weights = compare.Word("weights", Metrics.Weights, "last");
        Comparison read = new(metric, compare.Word("split", Metrics.Splits, "test"), control, weights);
        return Metrics.Scores.Contains(read.Score) ? read
            : throw compare.Error(
                compare.Find("weights")!, $"of the average of weights only miou is recorded, not {metric}; write 'weights: last' or 'metric: miou'");
    }

    private static double Budget(PlanSection root)
    {
        switch (root.Find("budget"))
        {
            case null or YamlScalarNode { Value: "steps" }:
                return double.NaN;
            case YamlMappingNode node:
                PlanSection budget = root.Section("budget", node);
                budget.Allow("seconds");
                return budget.Number("seconds", positive: true) is var seconds && !double.IsNaN(seconds) ? seconds
                    : throw root.Error(node, "budget.seconds needs a number");
            case { } other:
                throw root.Error(other, "budget must be 'steps', or 'seconds: S' below it");
        }
    }

    [GeneratedRegex(NamePattern)]
    private static partial Regex PartName();
}
