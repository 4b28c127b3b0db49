using System.Collections.ObjectModel;
using System.Globalization;
using HeteroAKD.Nn.Encoders;

namespace HeteroAKD.Training.Checkpoints;

/// <summary>
/// The metadata of a checkpoint's file, each field read within the range that it can have: a checksum only says that nobody changed a number by accident.
/// </summary>
/// <param name="path">The file, for messages.</param>
/// <param name="metadata">All of it.</param>
internal sealed class CheckpointMetadata(string path, IReadOnlyDictionary<string, string> metadata)
{
    /// <summary>Channels of logits; more than any data set has, and few enough that a network can be sized by them.</summary>
    private const int MaxClasses = 65536;

    private const int MaxBatchesPerStep = 4096; // optimizer.accumulate
    private const int MaxName = 256;
    private const string BlocksEpsKey = "layer_norm_eps_blocks";
    private const string InputsKey = "inputs";
    private const string UnfinishedKey = "unfinished";
    private const string RecordPrefix = "record ";
    private const string ConvolutionsEpsKey = "layer_norm_eps_convolutions";
    private const string EarlierOne = Checkpoint.EarlierOne;

    /// <summary>Layout of the file.</summary>
    public int Version { get; } = VersionOf(path, metadata);

    /// <summary>The texts of a description.</summary>
    public static Dictionary<string, string> Of(CheckpointInfo info)
    {
        Dictionary<string, string> metadata = Fixed(info);
        if (info.Inputs.Length > 0)
        {
            metadata[InputsKey] = info.Inputs;
        }

        if (info.Unfinished)
        {
            metadata[UnfinishedKey] = "true";
        }

        foreach ((string name, string content) in info.Records)
        {
            metadata[RecordPrefix + name] = content;
        }

        return metadata;
    }

    private static Dictionary<string, string> Fixed(CheckpointInfo info) => new()
    {
        ["format"] = Checkpoint.Format,
        ["version"] = Checkpoint.FormatVersion.ToString(CultureInfo.InvariantCulture),
        ["model"] = info.Model,
        ["role"] = info.Role,
        ["classes"] = info.Classes.ToString(CultureInfo.InvariantCulture),
        ["step"] = info.Step.ToString(CultureInfo.InvariantCulture),
        ["data_position"] = info.DataPosition.ToString(CultureInfo.InvariantCulture),
        ["best_metric"] = info.BestMetric.ToString("R", CultureInfo.InvariantCulture),
        ["seconds"] = "0", // wanted by earlier programs; a time would make the files of two equal runs differ
        ["config"] = info.Config,
        [BlocksEpsKey] = info.LayerNormEps.Blocks.ToString("R", CultureInfo.InvariantCulture),
        [ConvolutionsEpsKey] = info.LayerNormEps.Convolutions.ToString("R", CultureInfo.InvariantCulture),
    };

    /// <summary>The description that the texts hold.</summary>
    /// <exception cref="CheckpointException">A field is missing, is no number, or lies outside its range; the text names it.</exception>
    public CheckpointInfo Read()
    {
        int step = (int)Whole("step", 0, int.MaxValue);
        return new CheckpointInfo
        {
            Model = Name("model"),
            Role = Name("role"),
            Classes = (int)Whole("classes", 1, MaxClasses),
            Step = step,
            DataPosition = Whole("data_position", 0, (step + 1L) * MaxBatchesPerStep),
            BestMetric = Number("best_metric", v => double.IsNaN(v) || v is >= 0 and <= 1, "NaN or in [0, 1]"),
            Config = Text("config"),
            Inputs = metadata.GetValueOrDefault(InputsKey, ""),
            Unfinished = metadata.ContainsKey(UnfinishedKey),
            Records = Records(),

            // Up to layout 2 there was one value.
            LayerNormEps = Version < 3 ? LayerNormEps.Default : new LayerNormEps(Eps(BlocksEpsKey), Eps(ConvolutionsEpsKey)),
        };
    }

    private IReadOnlyDictionary<string, string> Records()
    {
        Dictionary<string, string> records = metadata.Where(
            m => m.Key.StartsWith(RecordPrefix, StringComparison.Ordinal)).ToDictionary(m => m.Key[RecordPrefix.Length..], m => m.Value);
        return records.Count > 0 ? records : ReadOnlyDictionary<string, string>.Empty;
    }

    private static int VersionOf(string path, IReadOnlyDictionary<string, string> metadata)
    {
        string text = metadata.GetValueOrDefault("version") ?? throw Missing(path, "version");
        return !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int version)
            || version < 1 ? throw Outside(path, "version", text, "a whole number from 1 on")
            : version <= Checkpoint.FormatVersion ? version
            : throw new CheckpointException(
                path, $"was written by a newer program (layout {version}, this one reads up to {Checkpoint.FormatVersion})", "Update the program");
    }

    private string Text(string key) => metadata.TryGetValue(key, out string? text) ? text : throw Missing(path, key);

    private string Name(string key)
    {
        string text = Text(key);
        return text.Length is >= 1 and <= MaxName && !text.Any(char.IsControl) ? text : throw Outside(path, key, text, $"a name of 1 to {MaxName} characters");
    }

    private long Whole(string key, long low, long high)
    {
        string text = Text(key);
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) && value >= low && value <= high
            ? value
            : throw Outside(path, key, text, string.Create(CultureInfo.InvariantCulture, $"a whole number from {low} to {high}"));
    }

    private double Number(string key, Predicate<double> allowed, string range)
    {
        string text = Text(key);
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && allowed(value) ? value
            : throw Outside(path, key, text, range);
    }

    private float Eps(string key) => (float)Number(key, v => LayerNormEps.Allows((float)v), "above 0 and at most 1");

    private static CheckpointException Missing(string path, string key) => new(path, $"is damaged: its metadata has no '{key}'", EarlierOne);

    private static CheckpointException Outside(string path, string key, string text, string range) =>
        new(path, $"is damaged: its metadata says {key} {(text.Length > 40 ? text[..40] + "..." : text)}, which must be {range}", EarlierOne);
}
