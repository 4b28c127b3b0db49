using HeteroAKD.CudaEmulator.Execution;
using HeteroAKD.CudaEmulator.Tests.Support;

namespace HeteroAKD.CudaEmulator.Tests;

/// <summary>Exchanges between lanes, votes, and lanes that are missing.</summary>
public sealed class CollectiveTests : IDisposable
{
    private readonly KernelBench _bench = new();

    public void Dispose() => _bench.Dispose();

    public static TheoryData<string, int[]> Shuffles => new()
    {
        { "shfl.sync.bfly.b32 %r1, %r0, 3, 0x1f, -1;", [.. Enumerable.Range(0, 32).Select(l => l ^ 3)] },
        { "shfl.sync.up.b32 %r1, %r0, 2, 0, -1;", [.. Enumerable.Range(0, 32).Select(l => l < 2 ? l : l - 2)] },
        { "shfl.sync.down.b32 %r1, %r0, 5, 0x1f, -1;", [.. Enumerable.Range(0, 32).Select(l => l > 26 ? l : l + 5)] },
        { "shfl.sync.idx.b32 %r1, %r0, 7, 0x1f, -1;", [.. Enumerable.Repeat(7, 32)] },

        // Segments of eight lanes: the mask of the segment is 0x18.
        { "shfl.sync.idx.b32 %r1, %r0, 3, 0x181f, -1;", [.. Enumerable.Range(0, 32).Select(l => (l & 24) + 3)] },
        { "shfl.sync.down.b32 %r1, %r0, 1, 0x181f, -1;", [.. Enumerable.Range(0, 32).Select(l => l % 8 == 7 ? l : l + 1)] },
        { "shfl.sync.up.b32 %r1, %r0, 1, 0x1800, -1;", [.. Enumerable.Range(0, 32).Select(l => l % 8 == 0 ? l : l - 1)] },
    };

    [Theory]
    [MemberData(nameof(Shuffles))]
    public void Shuffle(string instruction, int[] expected) =>
        Assert.Equal(expected, _bench.Run($"{instruction} st.global.u32 [%rd3], %r1;").Select(r => (int)r));

    [Fact]
    public void Shuffle_says_whether_its_source_was_in_range()
    {
        uint[] results = _bench.Run("""
            shfl.sync.down.b32 %r1|%p1, %r0, 4, 0x1f, -1;
            selp.b32 %r1, 1, 0, %p1;
            st.global.u32 [%rd3], %r1;
            """);
        Assert.Equal(Enumerable.Range(0, 32).Select(l => l < 28 ? 1u : 0u), results);
    }

    [Fact]
    public void A_tree_of_shuffles_adds_up_a_warp()
    {
        uint[] results = _bench.Run("""
            shfl.sync.bfly.b32 %r1, %r0, 16, 0x1f, -1;
            add.s32 %r0, %r0, %r1;
            shfl.sync.bfly.b32 %r1, %r0, 8, 0x1f, -1;
            add.s32 %r0, %r0, %r1;
            shfl.sync.bfly.b32 %r1, %r0, 4, 0x1f, -1;
            add.s32 %r0, %r0, %r1;
            shfl.sync.bfly.b32 %r1, %r0, 2, 0x1f, -1;
            add.s32 %r0, %r0, %r1;
            shfl.sync.bfly.b32 %r1, %r0, 1, 0x1f, -1;
            add.s32 %r0, %r0, %r1;
            st.global.u32 [%rd3], %r0;
            """);
        Assert.All(results, r => Assert.Equal(496u, r));
    }

    [Fact]
    public void Votes()
    {
        uint[] results = _bench.Run("""
            setp.lt.u32 %p1, %r0, 3;
            vote.sync.ballot.b32 %r1, %p1, -1;
            vote.sync.any.pred %p2, %p1, -1;
            vote.sync.all.pred %p3, %p1, -1;
            vote.sync.all.pred %p4, !%p3, -1;
            @%p2 add.s32 %r1, %r1, 100;
            @%p3 add.s32 %r1, %r1, 1000;
            @%p4 add.s32 %r1, %r1, 10000;
            st.global.u32 [%rd3], %r1;
            """);
        Assert.All(results, r => Assert.Equal(10107u, r));
    }

    [Fact]
    public void Lanes_wait_for_the_others_of_the_mask()
    {
        uint[] results = _bench.Run("""
            setp.lt.u32 %p1, %r0, 16;
            mov.u32 %r2, 5;
            @%p1 bra MEET;
            mov.u32 %r2, 6;
            MEET:
            shfl.sync.idx.b32 %r1, %r2, 31, 0x1f, -1;
            st.global.u32 [%rd3], %r1;
            """);
        Assert.All(results, r => Assert.Equal(6u, r));
    }

    [Fact]
    public void Half_a_warp_may_exchange_by_itself()
    {
        uint[] results = _bench.Run("""
            mov.u32 %r1, 99;
            setp.lt.u32 %p1, %r0, 16;
            @%p1 shfl.sync.bfly.b32 %r1, %r0, 1, 0x1f, 0xffff;
            bar.warp.sync -1;
            st.global.u32 [%rd3], %r1;
            """);
        Assert.Equal(Enumerable.Range(0, 32).Select(l => l < 16 ? (uint)(l ^ 1) : 99u), results);
    }

    [Theory]
    [InlineData("@%p1 shfl.sync.idx.b32 %r1, %r0, 0, 0x1f, -1;", "lanes 0x0000ffff")]
    [InlineData("@!%p1 ret; shfl.sync.idx.b32 %r1, %r0, 0, 0x1f, -1;", "the others of the warp have ended or do not exist")]
    [InlineData("shfl.sync.idx.b32 %r1, %r0, 0, 0x1f, 0xffff;", "whose mask 0x0000ffff leaves it out")]
    [InlineData("@%p1 shfl.sync.idx.b32 %r1, %r0, 20, 0x1f, 0xffff;", "takes from lane 20, which does not take part")]
    public void Missing_lanes_are_an_error(string instruction, string expected)
    {
        KernelFault fault = _bench.Fault($"setp.lt.u32 %p1, %r0, 16; {instruction}");
        Assert.Equal(FaultKind.LaunchFailed, fault.Kind);
        Assert.Contains(expected, fault.Message);
    }
}
