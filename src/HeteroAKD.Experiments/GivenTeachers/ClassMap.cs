using System.Globalization;
using HeteroAKD.Data;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.GivenTeachers;

/// <summary>
/// What the classes of a teacher mean to a student with others (<c>teacher.classMap</c>): each class here has the summed probability of those there that are
/// mapped to it. Classes there that are mapped to none are left out, as if the teacher did not know them.
/// </summary>
internal sealed class ClassMap
{
    // Of a class that no class of the teacher means: a probability of 1e-13 beside the likeliest.
    private const float Absent = -30;

    private readonly int[][] _sources; // [classes here]: the teacher's classes
    private readonly ClassSet _classes;

    private ClassMap(int[][] sources, int theirs, ClassSet classes) => (_sources, Theirs, _classes) = (sources, theirs, classes);

    /// <summary>The teacher's number of classes.</summary>
    public int Theirs { get; }

    /// <summary>The map of a configuration.</summary>
    /// <param name="map">From the teacher's class, by id or name, to one here, by id or name; empty where both are the same.</param>
    /// <param name="theirs">Channels of the teacher's logits.</param>
    /// <param name="names">The teacher's names, where it has some.</param>
    /// <param name="classes">The classes here.</param>
    /// <param name="teacher">The teacher, for messages.</param>
    /// <exception cref="HeteroAkdException">A class is unknown, or without a map the numbers differ.</exception>
    public static ClassMap Of(IReadOnlyDictionary<string, string> map, int theirs, IReadOnlyList<string> names, ClassSet classes, string teacher)
    {
        if (map.Count == 0)
        {
            if (theirs == classes.Count && names.Count == theirs && !names.SequenceEqual(classes.Names)
                && names.Order(StringComparer.Ordinal).SequenceEqual(classes.Names.Order(StringComparer.Ordinal)))
            {
                throw new HeteroAkdException(
                    $"{teacher} has the classes of the data in another order ({names[0]}, {names[1]}, ... against {classes.Names[0]}, {classes.Names[1]}, "
                        + $"...); say with teacher.classMap which is which, for example {{{names[0]}: {names[0]}}}");
            }

            return theirs == classes.Count
                ? new ClassMap([.. Enumerable.Range(0, theirs).Select(c => new[] { c })], theirs, classes)
                : throw new HeteroAkdException(
                    $"{teacher} has {theirs} classes, the data has {classes.Count}; say with teacher.classMap what they mean here, for example {{0: "
                        + $"{classes.Names[0]}}}");
        }

        List<int>[] sources = [.. Enumerable.Range(0, classes.Count).Select(_ => new List<int>())];
        foreach ((string from, string to) in map)
        {
            int theirId = IdOf(from, names, theirs, teacher);
            if (sources.Any(s => s.Contains(theirId)))
            {
                throw new HeteroAkdException($"teacher.classMap: class {from} of {teacher} stands there twice, as id and by name");
            }

            sources[IdOf(to, classes.Names, classes.Count, "the data")].Add(theirId);
        }

        return new ClassMap([.. sources.Select(s => s.ToArray())], theirs, classes);
    }

    /// <summary>Whether the logits stay as they are.</summary>
    public bool IsIdentity => Theirs == _sources.Length && _sources.Select((s, c) => s is [var one] && one == c).All(same => same);

    /// <summary>The table, a class here a line; none where the logits stay as they are.</summary>
    /// <param name="names">The teacher's names, where it has some.</param>
    public IEnumerable<string> Lines(IReadOnlyList<string> names)
    {
        if (IsIdentity)
        {
            yield break;
        }

        string Name(int id) => id < names.Count ? $"{names[id]} ({id})" : id.ToString(CultureInfo.InvariantCulture);
        for (int c = 0; c < _sources.Length; c++)
        {
            yield return $"{_classes.Names[c]}: "
                + $"{(_sources[c].Length == 0 ? "no class of the teacher; its probability is 0" : string.Join(" + ", _sources[c].Select(Name)))}";
        }

        int[] left = [.. Enumerable.Range(0, Theirs).Except(_sources.SelectMany(s => s))];
        if (left.Length > 0)
        {
            yield return $"left out: {string.Join(", ", left.Select(Name))}";
        }
    }

    /// <summary>Logits of the classes here: log Σ e^z over those there. Equal up to a constant to the logarithm of the summed probabilities.</summary>
    /// <param name="logits">[theirs, h, w].</param>
    /// <param name="cells">h · w.</param>
    /// <returns>[classes, h, w]; the same array where nothing changes.</returns>
    public float[] Apply(float[] logits, int cells)
    {
        if (IsIdentity)
        {
            return logits;
        }

        float[] mapped = new float[_sources.Length * cells];
        for (int i = 0; i < cells; i++)
        {
            double largest = double.NegativeInfinity;
            for (int c = 0; c < _sources.Length; c++)
            {
                double value = LogSumExp(logits, _sources[c], i, cells);
                mapped[(c * cells) + i] = (float)value;
                largest = Math.Max(largest, value);
            }

            for (int c = 0; c < _sources.Length; c++)
            {
                mapped[(c * cells) + i] = _sources[c].Length == 0 ? (float)largest + Absent : mapped[(c * cells) + i];
            }
        }

        return mapped;
    }

    private static double LogSumExp(float[] logits, int[] sources, int cell, int cells)
    {
        double max = double.NegativeInfinity;
        foreach (int source in sources)
        {
            max = Math.Max(max, logits[(source * cells) + cell]);
        }

        if (double.IsNegativeInfinity(max))
        {
            return max;
        }

        double sum = 0;
        foreach (int source in sources)
        {
            sum += Math.Exp(logits[(source * cells) + cell] - max);
        }

        return max + Math.Log(sum);
    }

    private static int IdOf(string word, IReadOnlyList<string> names, int count, string whose)
    {
        int named = names.ToList().IndexOf(word);
        if (named >= 0)
        {
            return named;
        }

        if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int id) && id < count)
        {
            return id;
        }

        string hint = NearestName.Of(word, names) is { } near ? $"; did you mean {near}?"
            : names.Count > 0 ? $"; its classes are {string.Join(", ", names)}"
            : $"; its classes are 0 to {count - 1}";
        throw new HeteroAkdException($"teacher.classMap: {whose} has no class '{word}'{hint}");
    }
}
