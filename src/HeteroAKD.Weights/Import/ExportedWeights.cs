using System.Globalization;
using System.Text.Json;
using HeteroAKD.Nn.Encoders;

namespace HeteroAKD.Weights.Import;

/// <summary>
/// What belongs to weights that are exported alone, and is no tensor: the metadata of a safetensors file keeps it, a state dict of PyTorch cannot.
/// </summary>
/// <param name="Model">Architecture, as the model zoo names it.</param>
/// <param name="Classes">Channels of the logits.</param>
/// <param name="LayerNormEps">What layer norms add to the variance.</param>
/// <param name="Input">The normalisation of images that the weights expect.</param>
internal sealed record ExportedWeights(string Model, int Classes, LayerNormEps LayerNormEps, InputNormalization Input)
{
    private const string FormatKey = "format";
    private const string Format = "pt";
    private const string BlocksEpsKey = "layer_norm_eps_blocks";
    private const string ConvolutionsEpsKey = "layer_norm_eps_convolutions";

    /// <summary>The metadata. <c>format</c> is what safetensors' own readers for PyTorch ask for.</summary>
    public IReadOnlyDictionary<string, string> Metadata() => new Dictionary<string, string>
    {
        [FormatKey] = Format,
        ["model"] = Model,
        ["classes"] = Classes.ToString(CultureInfo.InvariantCulture),
        [BlocksEpsKey] = LayerNormEps.Blocks.ToString("R", CultureInfo.InvariantCulture),
        [ConvolutionsEpsKey] = LayerNormEps.Convolutions.ToString("R", CultureInfo.InvariantCulture),
        ["mean"] = Input.MeanText,
        ["std"] = Input.StdText,
    };

    /// <summary>Reads the metadata of a file, or returns null where this program did not write it.</summary>
    /// <param name="path">For messages.</param>
    /// <param name="metadata">All of it.</param>
    /// <exception cref="WeightImportException">A value is missing or none.</exception>
    internal static ExportedWeights? Find(string path, IReadOnlyDictionary<string, string> metadata)
    {
        if (metadata.GetValueOrDefault(FormatKey) != Format || !metadata.ContainsKey(BlocksEpsKey))
        {
            return null;
        }

        try
        {
            LayerNormEps eps = new(Eps(metadata[BlocksEpsKey]), Eps(metadata[ConvolutionsEpsKey]));
            InputNormalization input = new(Colours(metadata["mean"]), Colours(metadata["std"]));
            return new ExportedWeights(metadata["model"], ClassCount(metadata["classes"]), eps, input);
        }
        catch (Exception e) when (e is KeyNotFoundException or FormatException or OverflowException or JsonException)
        {
            throw new WeightImportException(path, $"has metadata of an export by this program that cannot be read: {e.Message}. Export the checkpoint anew");
        }
    }

    private static float Eps(string text) => float.Parse(text, CultureInfo.InvariantCulture) is var eps && LayerNormEps.Allows(eps)
        ? eps
        : throw new FormatException($"an epsilon of layer norms is {text}, which must be above 0 and at most 1");

    private static int ClassCount(string text) => int.Parse(text, CultureInfo.InvariantCulture) is var count && count >= 1
        ? count
        : throw new FormatException($"the number of classes is {text}, which must be at least 1");

    private static double[] Colours(string text) => JsonSerializer.Deserialize<double[]>(text) is { Length: 3 } values
        ? values
        : throw new FormatException($"{text} are not 3 numbers, red green blue");
}
