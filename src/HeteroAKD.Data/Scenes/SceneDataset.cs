using System.Globalization;
using HeteroAKD.Nn;

namespace HeteroAKD.Data;

/// <summary>
/// Procedural street scenes with exact labels, made when they are asked for: no file, any number, the same scene for the same (seed, split, index).
/// </summary>
/// <remarks>
/// Eleven classes whose appearance overlaps on purpose: water shows the sky, pavements and facades share the road's grey, grass the colour of trees, billboards
/// show any of them, and a lane is closed because a lamp far above it is red. So most classes are decided by the layout of the whole picture. docs/scenes.md
/// describes the generator and shows a sheet of it.
/// </remarks>
public sealed class SceneDataset : ISegmentationDataset
{
    /// <summary>A split holds this many scenes.</summary>
    public const int MaxCount = 1 << 30;

    private static readonly ClassSet s_sceneClasses = new(
        ["sky", "water", "building", "road", "closed-lane", "pavement", "grass", "tree", "pole", "sign", "car"],
        [
            (150, 200, 240), (40, 80, 200), (150, 80, 60), (128, 96, 128), (230, 60, 60), (230, 190, 200), (150, 220, 90), (30, 120, 40), (250, 240, 230),
            (250, 210, 30),
            (70, 20, 140),
        ]);

    private readonly SceneOptions _options;
    private readonly SceneSplit _split;
    private readonly int _first;

    /// <summary>Scenes <paramref name="first"/> to <paramref name="first"/> + <paramref name="count"/> - 1 of a split.</summary>
    /// <param name="split">Splits have no scene in common.</param>
    /// <param name="count">Number of scenes.</param>
    /// <param name="options">Size, seed and quality of the labels; null for the defaults.</param>
    /// <param name="first">Number of the first scene within the split.</param>
    /// <exception cref="DatasetException">A size is not a multiple of 32, or the scenes asked for lie outside the split.</exception>
    public SceneDataset(SceneSplit split, int count, SceneOptions? options = null, int first = 0)
    {
        options ??= new SceneOptions();
        if (options.Width < 32 || options.Height < 32 || options.Width % 32 != 0 || options.Height % 32 != 0)
        {
            throw new DatasetException(null, $"SceneDataset: a scene of {options.Width}x{options.Height}", "Both sides must be multiples of 32");
        }
        if (options.AnnotationNoise is not (>= 0 and <= 1))
        {
            throw new DatasetException(null, FormattableString.Invariant($"SceneDataset: AnnotationNoise {options.AnnotationNoise}"), "It is 0 to 1");
        }
        if (count < 1 || first < 0 || (long)first + count > MaxCount)
        {
            throw new DatasetException(null, $"SceneDataset: {count} scenes from number {first}", $"Ask for at least one within 0 to {MaxCount - 1}");
        }
        (_options, _split, _first, Count) = (options, split, first, count);
    }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public ClassSet Classes => s_sceneClasses;

    /// <inheritdoc/>
    public (int Width, int Height)? SizeOf(int index) => (_options.Width, _options.Height);

    /// <inheritdoc/>
    public Sample Load(int index, Sample? reuse = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        int number = _first + index;
        string id = string.Create(CultureInfo.InvariantCulture, $"{_split}-{number:D6}");
        Sample sample = reuse is not null && reuse.Image.Width == _options.Width && reuse.Image.Height == _options.Height
            ? reuse
            : new Sample(id, new RgbImage(_options.Width, _options.Height), new byte[_options.Width * _options.Height]);
        sample.Id = id;
        SceneRenderer.Render(_options, ((uint)_split << 30) | (uint)number, sample);
        return sample;
    }
}
