using HeteroAKD.CudaEmulator.Execution;
using HeteroAKD.CudaEmulator.Tests.Support;

namespace HeteroAKD.CudaEmulator.Tests;

/// <summary>Branches, loops, barriers, and lanes that part and meet.</summary>
public sealed class ControlTests : IDisposable
{
    private readonly KernelBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Lanes_that_part_meet_again()
    {
        uint[] results = _bench.Run("""
            and.b32 %r1, %r0, 1;
            setp.eq.s32 %p1, %r1, 0;
            @%p1 bra EVEN;
            mov.u32 %r2, 100;
            bra.uni JOIN;
            EVEN:
            mov.u32 %r2, 200;
            JOIN:
            activemask.b32 %r3;
            add.s32 %r2, %r2, %r3;
            st.global.u32 [%rd3], %r2;
            """);
        Assert.All(results.Index(), r => Assert.Equal(r.Index % 2 == 0 ? 199u : 99u, r.Item));
    }

    [Fact]
    public void Every_lane_runs_its_own_number_of_turns()
    {
        uint[] results = _bench.Run("""
            mov.u32 %r1, 0;
            mov.u32 %r2, 0;
            LOOP:
            setp.ge.s32 %p1, %r1, %r0;
            @%p1 bra DONE;
            add.s32 %r2, %r2, %r1;
            add.s32 %r1, %r1, 1;
            bra LOOP;
            DONE:
            activemask.b32 %r3;
            setp.ne.s32 %p2, %r3, -1;
            @%p2 mov.u32 %r2, 7777;
            st.global.u32 [%rd3], %r2;
            """);
        Assert.All(results.Index(), r => Assert.Equal((uint)(r.Index * (r.Index - 1) / 2), r.Item));
    }

    [Fact]
    public void Lanes_that_ended_store_nothing()
    {
        uint[] results = _bench.Run("""
            setp.lt.u32 %p1, %r0, 5;
            @!%p1 ret;
            st.global.u32 [%rd3], %r0;
            """);
        Assert.Equal([0u, 1, 2, 3, 4, 0x7FFF7FFF], results[..6]);
    }

    [Fact]
    public void A_block_passes_values_through_shared_memory()
    {
        uint[] results = _bench.Run(
            """
            mov.u32 %r1, buffer;
            shl.b32 %r2, %r0, 2;
            add.s32 %r2, %r2, %r1;
            st.shared.u32 [%r2], %r0;
            bar.sync 0;
            mov.u32 %r3, %ntid.x;
            sub.s32 %r3, %r3, %r0;
            sub.s32 %r3, %r3, 1;
            shl.b32 %r3, %r3, 2;
            add.s32 %r3, %r3, %r1;
            ld.shared.u32 %r4, [%r3];
            st.global.u32 [%rd3], %r4;
            """,
            outputs: 80,
            threads: 80,
            arrays: ".shared .align 4 .b8 buffer[320];");
        Assert.Equal(Enumerable.Range(0, 80).Select(i => 79u - (uint)i), results);
    }

    [Fact]
    public void Blocks_know_where_they_are()
    {
        Kernel kernel = KernelBench.Load("""
            mov.u32 %r1, %ctaid.x;
            mov.u32 %r2, %ctaid.y;
            mov.u32 %r3, %nctaid.x;
            mad.lo.s32 %r4, %r2, %r3, %r1;
            mov.u32 %r5, %tid.y;
            mov.u32 %r6, %ntid.x;
            mad.lo.s32 %r7, %r5, %r6, %r0;
            mad.lo.s32 %r8, %r4, 6, %r7;
            mul.wide.u32 %rd5, %r8, 4;
            add.s64 %rd6, %rd1, %rd5;
            st.global.u32 [%rd6], %r8;
            """);
        uint[] results = _bench.Run(kernel, [0], 36, new Dim3(3, 2, 1), new Dim3(2, 3, 1));
        Assert.Equal(Enumerable.Range(0, 36).Select(i => (uint)i), results);
    }

    [Fact]
    public void A_barrier_waits_for_lanes_that_come_later()
    {
        _bench.Run("""
            setp.lt.u32 %p1, %r0, 16;
            @%p1 bra HERE;
            mov.u32 %r1, 1;
            mov.u32 %r1, 2;
            HERE:
            bar.sync 0;
            """);
    }

    [Fact]
    public void A_barrier_in_one_branch_only_is_an_error()
    {
        KernelFault fault = _bench.Fault("""
            setp.lt.u32 %p1, %r0, 16;
            @%p1 bar.sync 0;
            """);
        Assert.Equal(FaultKind.LaunchFailed, fault.Kind);
        Assert.Contains("lanes 0x0000ffff", fault.Message);
    }

    [Fact]
    public void A_barrier_after_lanes_have_ended_is_an_error()
    {
        KernelFault fault = _bench.Fault("""
            setp.lt.u32 %p1, %r0, 16;
            @!%p1 ret;
            bar.sync 0;
            """);
        Assert.Contains("a barrier is reached by the lanes 0x0000ffff only", fault.Message);
        Assert.Contains("thread (0, 0, 0)", fault.Message);
    }

    [Fact]
    public void Warps_at_different_barriers_are_a_deadlock()
    {
        KernelFault fault = _bench.Fault(
            """
            setp.lt.u32 %p1, %r0, 32;
            @%p1 bra OTHER;
            bar.sync 1;
            ret;
            OTHER:
            bar.sync 2;
            """,
            threads: 64);
        Assert.Equal(FaultKind.LaunchTimeout, fault.Kind);
        Assert.Contains("warp 0 waits at barrier 2", fault.Message);
        Assert.Contains("warp 1 waits at barrier 1", fault.Message);
    }

    [Fact]
    public void A_barrier_of_some_threads_lets_them_go()
    {
        uint[] results = _bench.Run(
            """
            setp.lt.u32 %p1, %r0, 64;
            @!%p1 bra OUT;
            bar.sync 1, 64;
            OUT:
            bar.sync 0;
            st.global.u32 [%rd3], %r0;
            """,
            outputs: 96,
            threads: 96);
        Assert.Equal(95u, results[95]);
    }

    [Fact]
    public void A_loop_without_an_end_is_given_up()
    {
        KernelFault fault = _bench.Fault("LOOP: bra LOOP;");
        Assert.Equal(FaultKind.LaunchTimeout, fault.Kind);
        Assert.Contains("without an end", fault.Message);
    }

    [Fact]
    public void Atomic_sums_do_not_depend_on_the_order_of_blocks()
    {
        Kernel kernel = KernelBench.Load("""
            mov.u32 %r1, %ctaid.x;
            cvt.rn.f32.u32 %f1, %r1;
            add.f32 %f1, %f1, 0f3DCCCCCD;
            red.global.add.f32 [%rd0], %f1;
            atom.global.add.u32 %r2, [%rd0+4], 1;
            """);
        float expected = 0;
        for (int i = 0; i < 100; i++)
        {
            expected += i + 0.1f;
        }

        Kernel copy = KernelBench.Load("ld.global.u32 %r1, [%rd2]; st.global.u32 [%rd3], %r1;");
        Assert.True(kernel.HasGlobalAtomics);
        Assert.False(copy.HasGlobalAtomics);
        ulong x = _bench.Memory.Allocate(8);
        Assert.Equal(expected, AddUp(kernel, x));
    }

    private unsafe float AddUp(Kernel kernel, ulong address)
    {
        uint* sums = (uint*)_bench.Memory.Find(address)!.Host;
        (sums[0], sums[1]) = (0, 0);
        byte[] parameters = [.. BitConverter.GetBytes(address), .. BitConverter.GetBytes(address)];
        new GridRunner(_bench.Memory).Run(new Launch(kernel, new Dim3(100, 1, 1), new Dim3(1, 1, 1), 0, parameters));
        Assert.Equal(100u, sums[1]);
        return BitConverter.UInt32BitsToSingle(sums[0]);
    }
}
