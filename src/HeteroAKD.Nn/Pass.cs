using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn;

/// <summary>What kind of forward pass this is: explicit, so that a network has no mode that somebody forgot to switch.</summary>
/// <param name="Training">Batch statistics, dropout and drop-path are on.</param>
/// <param name="Key">Key of this pass's random masks; every layer derives its own from it, so equal keys give equal masks.</param>
/// <param name="Counter">[1] int32 that holds the key in device memory, or null; needed where the pass is recorded once and replayed with other keys.</param>
public readonly record struct Pass(bool Training, int Key = 0, Tensor? Counter = null)
{
    /// <summary>Running statistics, nothing random.</summary>
    public static Pass Evaluation => new(Training: false);

    /// <summary>A training pass; give every step another key.</summary>
    public static Pass Train(int key) => new(Training: true, key);

    /// <summary>The key of one layer's mask in this pass.</summary>
    public int KeyOf(int layerId) => (int)CounterHash.Hash(Key, layerId);

    /// <summary>
    /// The random stream of one layer as operations take it: its key, or, with a counter, the layer's number, which tells it from others. The kernel then
    /// derives the same key from both.
    /// </summary>
    public (int Key, Tensor? Counter) StreamOf(int layerId) => (Counter is null ? KeyOf(layerId) : layerId, Counter);
}
