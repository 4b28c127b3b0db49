namespace HeteroAKD.Data;

/// <summary>
/// What a <see cref="CounterRandom"/> is used for. Draws for different purposes never share a counter, so adding one leaves the others as they were.
/// </summary>
internal enum RandomPurpose : uint
{
    /// <summary>The order of an epoch.</summary>
    Shuffle = 1,

    /// <summary>The geometric and photometric draw of one image in one epoch.</summary>
    Augment = 2,

    /// <summary>The contents of a procedural scene.</summary>
    Scene = 3,

    /// <summary>The mistakes of a procedural scene's annotator.</summary>
    Annotation = 4,

    /// <summary>Which images of a folder validate.</summary>
    Split = 5,
}

/// <summary>
/// Counter-based random numbers, Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
/// </summary>
/// <remarks>
/// The 64-bit key is the seed; the 128-bit counter is (block, purpose, major, minor), for example (0.., Augment, epoch, image index). There is no state to
/// save: the same five numbers give the same sequence on any thread of any machine, and neighbouring seeds or indices are as independent as distant ones.
/// It is a mutable struct: hand it on by <c>ref</c>.
/// </remarks>
internal struct CounterRandom
{
    private readonly uint _key0, _key1;
    private readonly uint _purpose, _major, _minor;
    private uint _block;
    private uint _word0, _word1, _word2, _word3;
    private int _used;

    /// <summary>The sequence of one (seed, purpose, major, minor).</summary>
    public CounterRandom(ulong seed, RandomPurpose purpose, uint major, uint minor)
    {
        (_key0, _key1) = ((uint)seed, (uint)(seed >> 32));
        (_purpose, _major, _minor) = ((uint)purpose, major, minor);
        _used = 4;
    }

    /// <summary>Uniform 32 bits.</summary>
    public uint NextUInt()
    {
        if (_used == 4)
        {
            (_word0, _word1, _word2, _word3) = Philox(_block++, _purpose, _major, _minor, _key0, _key1);
            _used = 0;
        }
        return _used++ switch { 0 => _word0, 1 => _word1, 2 => _word2, _ => _word3 };
    }

    /// <summary>Uniform in [0, 1), 24 bits.</summary>
    public float NextFloat() => (NextUInt() >> 8) * (1f / (1 << 24));

    /// <summary>Uniform in [low, high). Always takes one draw, so that an empty range does not shift what follows.</summary>
    public float Uniform(float low, float high) => low + (high - low) * NextFloat();

    /// <summary>Uniform integer in [0, count), by multiply-high: the bias is below count / 2^32.</summary>
    public int NextInt(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return (int)(((ulong)NextUInt() * (uint)count) >> 32);
    }

    /// <summary>True with the given probability.</summary>
    public bool Chance(float probability) => NextFloat() < probability;

    /// <summary>Fills <paramref name="order"/> with a uniform permutation of 0 .. Length-1 (Fisher-Yates).</summary>
    public void Permute(Span<int> order)
    {
        for (int i = 0; i < order.Length; i++)
        {
            int j = NextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
    }

    /// <summary>The bare function: ten rounds of Philox4x32 on a 128-bit counter with a 64-bit key.</summary>
    public static (uint, uint, uint, uint) Philox(uint c0, uint c1, uint c2, uint c3, uint key0, uint key1)
    {
        for (int round = 0; round < 10; round++)
        {
            ulong product0 = 0xD2511F53ul * c0;
            ulong product1 = 0xCD9E8D57ul * c2;
            (c0, c1, c2, c3) = ((uint)(product1 >> 32) ^ c1 ^ key0, (uint)product1, (uint)(product0 >> 32) ^ c3 ^ key1, (uint)product0);
            key0 = unchecked(key0 + 0x9E3779B9u);
            key1 = unchecked(key1 + 0xBB67AE85u);
        }
        return (c0, c1, c2, c3);
    }
}
