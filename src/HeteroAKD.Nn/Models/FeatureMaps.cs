using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Models;

/// <summary>The maps that an encoder's stages left, finest first. A value: it makes no garbage.</summary>
public readonly struct FeatureMaps
{
    /// <summary>Most stages.</summary>
    public const int MaxCount = 4;

    private readonly Maps _maps;

    private FeatureMaps(in Maps maps, int count)
    {
        _maps = maps;
        Count = count;
    }

    /// <summary>Number of stages.</summary>
    public int Count { get; }

    /// <summary>The map of a stage, [N, channels, H/stride, W/stride]; <c>[^1]</c> is the deepest.</summary>
    public Tensor this[int stage] =>
        stage >= 0 && stage < Count ? _maps[stage]! : throw new ArgumentOutOfRangeException(nameof(stage), $"there are {Count} stages, no stage {stage}");

    /// <summary>These and one more stage.</summary>
    public FeatureMaps With(Tensor map)
    {
        Maps maps = _maps;
        maps[Count] = map;
        return new FeatureMaps(maps, Count + 1);
    }

    [System.Runtime.CompilerServices.InlineArray(MaxCount)]
    private struct Maps
    {
        private Tensor? _element0;
    }
}
