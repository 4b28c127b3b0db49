using HeteroAKD.CudaEmulator.Execution;
using HeteroAKD.CudaEmulator.Tests.Support;

namespace HeteroAKD.CudaEmulator.Tests;

/// <summary>Copies that arrive when they are waited for, and not before.</summary>
public sealed class AsynchronousCopyTests : IDisposable
{
    private const string Buffer = ".shared .align 16 .b8 buffer[2048];";

    // %r2: four bytes of the thread in the buffer; %r3: the same 1024 bytes further.
    private const string Places = """
        mov.u32 %r1, buffer;
        shl.b32 %r2, %r0, 2;
        add.s32 %r2, %r2, %r1;
        add.s32 %r3, %r2, 1024;

        """;

    private readonly KernelBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData("cp.async.commit_group; cp.async.wait_group 0;")]
    [InlineData("cp.async.wait_all;")]
    public void Data_are_there_after_the_wait(string wait)
    {
        uint[] input = [.. Enumerable.Range(0, 32).Select(i => (uint)i * 3)];
        uint[] results = _bench.Run(
            $"{Places} cp.async.ca.shared.global [%r2], [%rd2], 4; {wait} ld.shared.u32 %r4, [%r2]; st.global.u32 [%rd3], %r4;", input, arrays: Buffer);
        Assert.Equal(input, results);
    }

    [Theory]
    [InlineData("")]
    [InlineData("cp.async.commit_group;")]
    [InlineData("cp.async.wait_group 0;")]
    [InlineData("cp.async.commit_group; cp.async.wait_group 1;")]
    public void Reading_before_is_an_error(string wait)
    {
        KernelFault fault = _bench.Fault(
            $"{Places} cp.async.ca.shared.global [%r2], [%rd2], 4; {wait} ld.shared.u32 %r4, [%r2];", new uint[32], arrays: Buffer);
        Assert.Contains("an asynchronous copy of thread 0 of the block", fault.Message);
        Assert.Contains("has yet to fill", fault.Message);
    }

    [Fact]
    public void Waiting_for_all_but_one_group_leaves_the_last()
    {
        string body = $"""
            {Places}
            cp.async.ca.shared.global [%r2], [%rd2], 4;
            cp.async.commit_group;
            cp.async.ca.shared.global [%r3], [%rd2], 4;
            cp.async.commit_group;
            cp.async.wait_group 1;
            ld.shared.u32 %r4, [%r2];
            """;
        _bench.Run(body, new uint[32], arrays: Buffer);
        Assert.Contains("has yet to fill", _bench.Fault(body + "ld.shared.u32 %r4, [%r3];", new uint[32], arrays: Buffer).Message);
    }

    [Fact]
    public void What_the_source_does_not_have_is_zero()
    {
        uint[] results = _bench.Run(
            """
            mov.u32 %r1, buffer;
            shl.b32 %r2, %r0, 4;
            add.s32 %r2, %r2, %r1;
            mul.wide.u32 %rd5, %r0, 16;
            add.s64 %rd5, %rd5, %rd0;
            mov.u32 %r5, 8;
            cp.async.cg.shared.global [%r2], [%rd5], 16, %r5;
            cp.async.wait_all;
            ld.shared.v4.u32 {%r6, %r7, %r8, %r9}, [%r2];
            add.s64 %rd6, %rd1, %rd5;
            sub.s64 %rd6, %rd6, %rd0;
            st.global.v4.u32 [%rd6], {%r6, %r7, %r8, %r9};
            """,
            [.. Enumerable.Range(1, 128).Select(i => (uint)i)],
            outputs: 128,
            arrays: Buffer);
        Assert.Equal([1u, 2, 0, 0, 5, 6, 0, 0], results[..8]);
    }

    [Fact]
    public void Other_threads_need_a_barrier_after_the_wait()
    {
        string start = $"{Places} st.shared.u32 [%r2], %r0; bar.sync 0; cp.async.ca.shared.global [%r2], [%rd2], 4; cp.async.wait_all;";
        string read = "xor.b32 %r5, %r2, 128; ld.shared.u32 %r4, [%r5];";
        _bench.Run($"{start} bar.sync 0; {read}", new uint[64], threads: 64, arrays: Buffer);
        Assert.Contains("a race on shared memory", _bench.Fault($"{start} {read}", new uint[64], threads: 64, arrays: Buffer).Message);
    }

    [Fact]
    public void A_copy_into_what_others_may_still_read_is_an_error()
    {
        string body = $"""
            {Places}
            st.shared.u32 [%r2], %r0;
            bar.sync 0;
            xor.b32 %r5, %r2, 128;
            ld.shared.u32 %r4, [%r5];
            cp.async.ca.shared.global [%r2], [%rd2], 4;
            bar.sync 0;
            cp.async.wait_all;
            """;
        Assert.Contains("thread (32, 0, 0): a read of shared memory", _bench.Fault(body, new uint[64], threads: 64, arrays: Buffer).Message);
    }

    [Fact]
    public void A_source_outside_memory_is_an_error()
    {
        KernelFault fault = _bench.Fault($"{Places} cp.async.ca.shared.global [%r2], [%rd2+128], 4;", new uint[32], arrays: Buffer);
        Assert.Contains("outside all live allocations", fault.Message);
    }
}
