using HeteroAKD.Kernels.Lanes;

namespace HeteroAKD.Nn.Initialization;

/// <summary>
/// Random numbers for initial values. The n-th number is a function of (seed, n), so its whole state is the count of numbers drawn.
/// </summary>
public sealed class Generator(int seed)
{
    /// <summary>What it was made from.</summary>
    public int Seed { get; } = seed;

    /// <summary>Numbers drawn so far; setting it continues from there.</summary>
    public uint Counter { get; set; }

    /// <summary>32 random bits.</summary>
    public uint NextBits() => CounterHash.Hash(Seed, (int)Counter++);

    /// <summary>A number in [0, 1), in steps of 2^-32.</summary>
    public double NextUniform() => NextBits() * (1.0 / 4294967296.0);

    /// <summary>A standard normal number, by Marsaglia's polar method. The pair's second number is not kept: it would be state besides the counter.</summary>
    public double NextNormal()
    {
        while (true)
        {
            double x = (2 * NextUniform()) - 1;
            double y = (2 * NextUniform()) - 1;
            double square = (x * x) + (y * y);
            if (square is > 0 and < 1)
            {
                return x * Math.Sqrt(-2 * Math.Log(square) / square);
            }
        }
    }
}
