namespace HeteroAKD.Data.Tests;

public class CounterRandomTests
{
    /// <summary>The known answers that come with Random123 (kat_vectors, philox4x32-10).</summary>
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Philox_MatchesKnownAnswers(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint r0, uint r1, uint r2, uint r3) =>
        Assert.Equal((r0, r1, r2, r3), CounterRandom.Philox(c0, c1, c2, c3, k0, k1));

    [Fact]
    public void Sequence_DependsOnEveryPartOfItsName()
    {
        (ulong Seed, RandomPurpose Purpose, uint Major, uint Minor)[] names = new (ulong Seed, RandomPurpose Purpose, uint Major, uint Minor)[]
        {
            (1, RandomPurpose.Augment, 0, 0), (2, RandomPurpose.Augment, 0, 0), (1UL << 32 | 1, RandomPurpose.Augment, 0, 0),
            (1, RandomPurpose.Shuffle, 0, 0), (1, RandomPurpose.Augment, 1, 0), (1, RandomPurpose.Augment, 0, 1),
        };
        uint[] firsts = names.Select(n => new CounterRandom(n.Seed, n.Purpose, n.Major, n.Minor).NextUInt()).ToArray();
        Assert.Equal(firsts.Length, firsts.Distinct().Count());
    }

    [Fact]
    public void NextFloat_IsUniform()
    {
        CounterRandom random = new(7, RandomPurpose.Scene, 0, 0);
        (double sum, double squares, int n) = (0.0, 0.0, 100_000);
        for (int i = 0; i < n; i++)
        {
            float value = random.NextFloat();
            Assert.InRange(value, 0f, 0.99999999f);
            sum += value;
            squares += value * value;
        }
        Assert.Equal(1.0 / 2, sum / n, 0.005); // standard error 0.0009
        Assert.Equal(1.0 / 3, squares / n, 0.005);
    }

    [Fact]
    public void Permute_GivesEachOrderEquallyOften()
    {
        Dictionary<string, int> counts = new();
        for (uint epoch = 0u; epoch < 6000; epoch++)
        {
            int[] order = new int[3];
            CounterRandom random = new(3, RandomPurpose.Shuffle, epoch, 0);
            random.Permute(order);
            Assert.Equal([0, 1, 2], order.Order());
            string key = string.Join(",", order);
            counts[key] = counts.GetValueOrDefault(key) + 1;
        }
        Assert.Equal(6, counts.Count);
        Assert.All(counts.Values, count => Assert.InRange(count, 850, 1150)); // 1000 expected, deviation 29
    }
}
