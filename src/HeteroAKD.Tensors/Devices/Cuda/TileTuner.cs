using System.Diagnostics;

namespace HeteroAKD.Tensors.Devices.Cuda;

/// <summary>
/// Which of two tiles is quicker for a product of given sizes on this card: both are tried once, when the product is first met, and the answer is kept with the
/// kernels. Whatever it is, every sum has its terms in the same order, so the choice changes the time and not one bit.
/// </summary>
/// <param name="device">The card.</param>
/// <param name="cache">Where answers are kept.</param>
/// <param name="key">How they are named there.</param>
/// <param name="enabled">Whether to try at all; by default unless HETEROAKD_TUNE=off.</param>
internal sealed class TileTuner(CudaDevice device, KernelCache cache, KernelKey key, bool? enabled = null)
{
    private const string Variable = "HETEROAKD_TUNE";
    private const string LargeText = "large";

    // A smaller product is over before its tile matters.
    private const long LeastWork = 1L << 24;

    // Of each tile; the quickest counts. One before them loads the kernel and fills caches.
    private const int Runs = 5;

    private readonly bool _enabled = enabled ?? !string.Equals(Environment.GetEnvironmentVariable(Variable), "off", StringComparison.OrdinalIgnoreCase);
    private readonly Dictionary<TiledProduct, bool> _answers = [];
    private long _ticks;

    /// <summary>Products that were tried in this process, with the time it took, in words; empty if there were none.</summary>
    public string Summary =>
        Tried == 0 ? "" : FormattableString.Invariant($"; tiles of {Tried} products chosen in {Stopwatch.GetElapsedTime(0, _ticks).TotalSeconds:F1} s");

    /// <summary>Products that were tried in this process.</summary>
    public int Tried { get; private set; }

    /// <summary>Whether the large tile is to be taken; null where both have to be tried first.</summary>
    /// <param name="product">The product.</param>
    /// <param name="planned">What the sizes alone say: the answer where trying is not worth it, not possible or not wanted.</param>
    public bool? IsLarge(in TiledProduct product, bool planned)
    {
        if (!_enabled || product.Work < LeastWork)
        {
            return planned;
        }

        if (_answers.TryGetValue(product, out bool large))
        {
            return large;
        }

        string? kept = cache.Read(NameOf(product));
        if (kept is not null)
        {
            _answers.Add(product, kept == LargeText);
            return kept == LargeText;
        }

        // Trials in a recorded step would be replayed with it.
        return device.IsRecording ? planned : null;
    }

    /// <summary>Tries both tiles and keeps the answer.</summary>
    /// <param name="product">The product.</param>
    /// <param name="launch">Computes it with the large tile or the small one.</param>
    public bool Try(in TiledProduct product, Action<bool> launch)
    {
        long start = Stopwatch.GetTimestamp();
        Tried++;
        device.Bind();
        CudaDriver.Check(CudaDriver.cuEventCreate(out nint first, 0), "cuEventCreate");
        CudaDriver.Check(CudaDriver.cuEventCreate(out nint last, 0), "cuEventCreate");
        bool large = Quickest(launch, true, first, last) <= Quickest(launch, false, first, last);
        CudaDriver.Check(CudaDriver.cuEventDestroy_v2(first), "cuEventDestroy");
        CudaDriver.Check(CudaDriver.cuEventDestroy_v2(last), "cuEventDestroy");
        _answers.Add(product, large);
        cache.Write(NameOf(product), large ? LargeText : "small");
        _ticks += Stopwatch.GetTimestamp() - start;
        return large;
    }

    private string NameOf(in TiledProduct product) => key.NameOf(product.Left, $"tile {product}", "tile-");

    private float Quickest(Action<bool> launch, bool large, nint first, nint last)
    {
        launch(large);
        float quickest = float.PositiveInfinity;
        for (int i = 0; i < Runs; i++)
        {
            CudaDriver.Check(CudaDriver.cuEventRecord(first, device.Stream), "cuEventRecord");
            launch(large);
            CudaDriver.Check(CudaDriver.cuEventRecord(last, device.Stream), "cuEventRecord");
            CudaDriver.Check(CudaDriver.cuEventSynchronize(last), "cuEventSynchronize");
            CudaDriver.Check(CudaDriver.cuEventElapsedTime(out float milliseconds, first, last), "cuEventElapsedTime");
            quickest = Math.Min(quickest, milliseconds);
        }

        return quickest;
    }
}
