namespace HeteroAKD.Experiments.Configuration;

/// <summary>Configurations that travel inside the program, so that it runs from any folder.</summary>
public static class ShippedConfiguration
{
    /// <summary>The quick start's, <c>configs/scenes.yaml</c>.</summary>
    public const string Scenes = "scenes.yaml";

    /// <summary>Reads one with overrides.</summary>
    public static ExperimentConfig Read(string name, IEnumerable<string>? overrides = null)
    {
        using Stream stream = typeof(ShippedConfiguration).Assembly.GetManifestResourceStream(name)
            ?? throw new ArgumentException($"the program holds no configuration {name}", nameof(name));
        using StreamReader reader = new(stream);
        return ConfigurationReader.ReadText(reader.ReadToEnd(), name, overrides);
    }
}
