using HeteroAKD.CudaEmulator.Execution;
using HeteroAKD.CudaEmulator.Tests.Support;

namespace HeteroAKD.CudaEmulator.Tests;

/// <summary>What a sanitizer finds.</summary>
public sealed class MemoryCheckTests : IDisposable
{
    private const string Buffer = ".shared .align 4 .b8 first[256]; .shared .align 4 .b8 second[256]; .local .align 4 .b8 own[16];";

    // %r2: four bytes of the thread in the first array.
    private const string Places = """
        mov.u32 %r1, first;
        shl.b32 %r2, %r0, 2;
        add.s32 %r2, %r2, %r1;

        """;

    private readonly KernelBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData("ld.global.u32 %r3, [%rd2+4];", "a read of 4 bytes at global address", 31)]
    [InlineData("st.global.u32 [%rd3+4], %r0;", "a write of 4 bytes at global address", 31)]
    [InlineData("ld.global.u32 %r3, [%rd2-4];", "a read of 4 bytes at global address", 0)]
    [InlineData("add.s64 %rd5, %rd2, 2; ld.global.u32 %r3, [%rd5];", "which is no multiple of 4", 0)]
    [InlineData("ld.global.v2.u32 {%r3, %r4}, [%rd0+4];", "an access of 8 bytes", 0)]
    [InlineData("ld.u32 %r3, [%rd2+4];", "a read of 4 bytes at global address", 31)]
    [InlineData("ld.shared.u32 %r3, [%r0];", "outside the block's", 0)]
    [InlineData("st.shared.u32 [%r2+256], %r0;", "outside the arrays of the block", 0)]
    [InlineData("st.shared.u32 [%r2+132], %r0;", "outside the arrays of the block at offset 256", 31)]
    [InlineData("ld.shared.u32 %r3, [%r2];", "that nobody has written", 0)]
    [InlineData("st.local.u32 [own+16], %r0;", "local memory, which has 16 bytes", 0)]
    [InlineData("ld.param.u64 %rd5, [y+8];", "the parameters, which has 16 bytes", 0)]
    [InlineData("st.global.u32 [%rd1], %r0;", "lanes of the warp store different values", 0)]
    [InlineData("mov.u32 %r3, 5; st.shared.u32 [first], %r0;", "lanes of the warp store different values", 0)]
    public void An_access_that_may_not_be_made_is_named(string instruction, string expected, int thread)
    {
        KernelFault fault = _bench.Fault($"{Places}\n{instruction}", new uint[32], arrays: Buffer);
        Assert.Contains(expected, fault.Message);
        Assert.StartsWith("kernel K, PTX line ", fault.Message);
        Assert.Contains($"block (0, 0, 0), thread ({thread}, 0, 0)", fault.Message);
    }

    [Fact]
    public void The_line_is_that_of_the_text()
    {
        string body = "ld.global.u32 %r3, [%rd2+400];";
        int line = KernelBench.Text(body).Split('\n').Index().Single(l => l.Item.Contains(body, StringComparison.Ordinal)).Index + 1;
        Assert.Contains($"PTX line {line},", _bench.Fault(body, new uint[32]).Message);
    }

    [Fact]
    public void Memory_that_was_given_back_is_gone()
    {
        ulong address = _bench.Memory.Allocate(128);
        Assert.True(_bench.Memory.Free(address));
        Assert.False(_bench.Memory.Free(address));
        Assert.Contains("outside all live allocations", _bench.Fault($"mov.u64 %rd5, {address}; ld.global.u32 %r3, [%rd5];").Message);
    }

    [Fact]
    public void Allocations_lie_apart_and_are_aligned_to_no_more_than_promised()
    {
        ulong first = _bench.Memory.Allocate(1 << 20);
        ulong second = _bench.Memory.Allocate(1 << 20);
        Assert.True(second - first > 16 << 20);
        Assert.All([first, second], a => Assert.Equal(512ul, a & (1023)));
    }

    [Fact]
    public void Subword_accesses_of_one_word_do_not_race()
    {
        _bench.Run(
            """
            mov.u32 %r1, first;
            shl.b32 %r2, %r0, 1;
            add.s32 %r2, %r2, %r1;
            cvt.u16.u32 %h1, %r0;
            st.shared.u16 [%r2], %h1;
            """,
            threads: 65,
            arrays: Buffer);
    }

    public static TheoryData<string, string, string> Races => new()
    {
        { "st.shared.u32 [%r2], %r0;", "st.shared.u32 [%r3], %r0;", "wrote it (line" },
        { "st.shared.u32 [%r2], %r0;", "ld.shared.u32 %r4, [%r3];", "read it since the last barrier, and this thread writes it" },
        { "ld.shared.u32 %r4, [%r2];", "st.shared.u32 [%r3], %r0;", "and this thread reads it" },
        { "red.shared.add.u32 [%r2], 1;", "ld.shared.u32 %r4, [%r3];", "read it since the last barrier, and this thread writes it" },
        { "ld.shared.u32 %r4, [%r2];", "red.shared.add.u32 [%r3], 1;", "and this thread reads it" },
    };

    [Theory]
    [MemberData(nameof(Races))]
    public void Accesses_of_two_warps_without_a_barrier_between_are_a_race(string first, string second, string expected)
    {
        string before = Places + "xor.b32 %r3, %r2, 128; st.shared.u32 [%r2], %r0; bar.sync 0;\n";
        _bench.Run($"{before} {first} bar.sync 0; {second}", threads: 64, arrays: Buffer);
        KernelFault fault = _bench.Fault($"{before} {first} {second}", threads: 64, arrays: Buffer);
        Assert.Contains("a race on shared memory", fault.Message);
        Assert.Contains(expected, fault.Message);
    }

    [Fact]
    public void Many_may_read_what_one_wrote_before_the_barrier_and_atomics_do_not_race()
    {
        uint[] results = _bench.Run(
            """
            setp.ne.s32 %p1, %r0, 0;
            @!%p1 st.shared.u32 [first], 7;
            bar.sync 0;
            red.shared.add.u32 [first], 1;
            bar.sync 0;
            ld.shared.u32 %r4, [first];
            st.global.u32 [%rd3], %r4;
            """,
            outputs: 96,
            threads: 96,
            arrays: Buffer);
        Assert.All(results, r => Assert.Equal(103u, r));
    }

    [Fact]
    public void Generic_addresses_reach_every_space()
    {
        uint[] results = _bench.Run(
            """
            mov.u64 %rd5, first;
            cvta.shared.u64 %rd6, %rd5;
            add.s64 %rd6, %rd6, %rd4;
            st.u32 [%rd6], %r0;
            mov.u64 %rd7, own;
            cvta.local.u64 %rd7, %rd7;
            ld.u32 %r4, [%rd6];
            st.u32 [%rd7+4], %r4;
            ld.local.u32 %r5, [own+4];
            st.u32 [%rd3], %r5;
            """,
            arrays: Buffer);
        Assert.Equal(Enumerable.Range(0, 32).Select(i => (uint)i), results);
    }

    /// <summary>From the bytes 80 81 .. 8f.</summary>
    [Theory]
    [InlineData("ld.global.u8 %r1, [%rd0+1];", 0x81u)]
    [InlineData("ld.global.s8 %r1, [%rd0+1];", 0xFFFFFF81u)]
    [InlineData("ld.global.u16 %r1, [%rd0+2];", 0x8382u)]
    [InlineData("ld.global.s16 %r1, [%rd0+2];", 0xFFFF8382u)]
    [InlineData("ld.global.nc.b16 %h1, [%rd0+2]; cvt.u32.u16 %r1, %h1;", 0x8382u)]
    [InlineData("ld.global.s16 %rd5, [%rd0+2]; mov.b64 {_, %r1}, %rd5;", 0xFFFFFFFFu)]
    [InlineData("ld.global.v2.u32 {%r2, %r1}, [%rd0+8];", 0x8F8E8D8Cu)]
    [InlineData("ld.global.v4.u32 {%r2, %r3, %r1, %r4}, [%rd0];", 0x8B8A8988u)]
    [InlineData("ld.global.v2.b64 {%rd5, %rd6}, [%rd0]; mov.b64 {_, %r1}, %rd6;", 0x8F8E8D8Cu)]
    [InlineData("st.global.u8 [%rd0], 7; ld.global.u32 %r1, [%rd0];", 0x83828107u)]
    [InlineData("mov.u16 %h1, 258; st.global.v2.u16 [%rd0], {%h1, %h1}; ld.global.u32 %r1, [%rd0];", 0x01020102u)]
    public void Accesses_have_their_widths(string instruction, uint expected)
    {
        uint[] bytes = [0x83828180, 0x87868584, 0x8B8A8988, 0x8F8E8D8C];
        Assert.Equal(expected, _bench.Run($"{instruction} st.global.u32 [%rd1], %r1;", bytes)[0]);
    }

    /// <summary>What is in memory after one thread, and what it got; there were 5 and 9 before.</summary>
    [Theory]
    [InlineData("atom.global.exch.b32 %r1, [%rd0], 7;", 7u, 5u)]
    [InlineData("atom.global.cas.b32 %r1, [%rd0], 5, 8;", 8u, 5u)]
    [InlineData("atom.global.cas.b32 %r1, [%rd0], 6, 8;", 5u, 5u)]
    [InlineData("atom.global.min.s32 %r1, [%rd0], -3;", 0xFFFFFFFDu, 5u)]
    [InlineData("atom.global.min.u32 %r1, [%rd0], -3;", 5u, 5u)]
    [InlineData("atom.global.max.u32 %r1, [%rd0], 6;", 6u, 5u)]
    [InlineData("atom.global.and.b32 %r1, [%rd0], 4;", 4u, 5u)]
    [InlineData("atom.global.or.b32 %r1, [%rd0], 2;", 7u, 5u)]
    [InlineData("atom.relaxed.gpu.global.add.u32 %r1, [%rd0], -1;", 4u, 5u)]
    [InlineData("red.global.xor.b32 [%rd0], 1; mov.u32 %r1, 5;", 4u, 5u)]
    public void Atomic_operations(string instruction, uint left, uint returned)
    {
        uint[] results = _bench.Run($"{instruction} ld.global.u32 %r2, [%rd0]; st.global.u32 [%rd1], %r2; st.global.u32 [%rd1+4], %r1;", [5, 9], 2, threads: 1);
        Assert.Equal([left, returned], results);
    }

    [Fact]
    public void Dynamic_shared_memory_has_the_size_of_the_launch()
    {
        const string Dynamic = ".extern .shared .align 16 .b8 dynamic[];";
        string body = "mov.u32 %r1, dynamic; shl.b32 %r2, %r0, 2; add.s32 %r2, %r2, %r1; st.shared.u32 [%r2], %r0;";
        string text = KernelBench.Text(body).Replace(".visible", $"{Dynamic}\n.visible", StringComparison.Ordinal);
        Kernel kernel = KernelDecoder.Decode(Ptx.PtxParser.Parse(text))["K"];
        _bench.Run(kernel, [0], 1, new Dim3(32, 1, 1), new Dim3(1, 1, 1), dynamicBytes: 128);
        Assert.Throws<KernelFault>(() => _bench.Run(kernel, [0], 1, new Dim3(32, 1, 1), new Dim3(1, 1, 1), dynamicBytes: 124));
    }

    [Theory]
    [InlineData(4, 0)]
    [InlineData(8, 1)]
    [InlineData(128, 31)]
    [InlineData(132, 0)]
    public void Bank_conflicts_are_counted(int stride, int expected)
    {
        _bench.Run($"mov.u32 %r1, wide; mad.lo.s32 %r2, %r0, {stride}, %r1; st.shared.u32 [%r2], %r0;", arrays: ".shared .align 4 .b8 wide[8192];");
        Assert.Equal(expected, _bench.Statistics.BankConflicts);
    }

    [Fact]
    public void Bytes_in_global_memory_are_counted()
    {
        _bench.Run("ld.global.u32 %r1, [%rd2]; st.global.u32 [%rd3], %r1;", new uint[32]);
        Assert.Equal((1, 128, 128), (_bench.Statistics.Launches, _bench.Statistics.GlobalBytesRead, _bench.Statistics.GlobalBytesWritten));
    }
}
