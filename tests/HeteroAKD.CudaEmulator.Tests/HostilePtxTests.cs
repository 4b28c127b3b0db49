using System.Text;
using HeteroAKD.CudaEmulator.Execution;
using HeteroAKD.CudaEmulator.Ptx;
using HeteroAKD.CudaEmulator.Tests.Support;

namespace HeteroAKD.CudaEmulator.Tests;

/// <summary>Text that is no PTX, or uses what the emulator lacks, is an error with a line.</summary>
public sealed class HostilePtxTests
{
    [Theory]
    [InlineData("wgmma.fence.sync.aligned;", "lacks the instruction wgmma.fence.sync.aligned")]
    [InlineData("add.rz.f32 %f1, %f2, %f3;", "lacks the instruction add.rz.f32")]
    [InlineData("cvta %rd5, %rd6;", "lacks the instruction cvta")]
    [InlineData("cvta.to %rd5, %rd6;", "lacks the instruction cvta.to")]
    [InlineData("ld %r1, [%rd0];", "lacks the instruction ld")]
    [InlineData("mma.sync {%f1}, {%f1}, {%f1}, {%f1};", "lacks the instruction mma.sync")]
    [InlineData("bar.sync;", "takes 1 operands, not 0")]
    [InlineData("cp.async.ca.shared.global [%r1], [%rd0];", "has to be an integer")]
    [InlineData("ld.global.u32 %r1, [%rd0+2147483647+2147483647];", "expected a smaller byte offset")]
    [InlineData("ld.global.u32 %r1, [%rd0+4294967296];", "expected a byte offset")]
    [InlineData("add.s32 %r1, %r2;", "takes 3 operands, not 2")]
    [InlineData("add.s32 %r1, %r2, %f1;", "%f1 is a register of another type")]
    [InlineData("add.f32 %f1, %f2, %rd1;", "%rd1 is a register of another type")]
    [InlineData("add.s32 %r1, %r2, %r99;", "%r99 is neither declared nor a special register")]
    [InlineData("fma.rn.f32 %f1, f2, %f3, %f4;", "the unknown name f2")]
    [InlineData("add.s32 5, %r1, %r2;", "needs a register where it has the number 5")]
    [InlineData("mov.f32 %f1, 0f123;", "does not fit")]
    [InlineData("mov.u32 %r1, 0f3F800000;", "does not fit")]
    [InlineData("bra NOWHERE;", "no label of the function")]
    [InlineData("A: A: ret;", "the label A is there twice")]
    [InlineData(".reg .b32 %r1;", "%r1 is declared twice")]
    [InlineData(".reg .b32 %big<99999999>;", "more than")]
    [InlineData("call other;", "lacks calls")]
    [InlineData("@%r1 ret;", "a predicate before this")]
    [InlineData("ld.global.u32 %r1, %rd0;", "has to be an address in brackets")]
    [InlineData("ld.global.u32 %r1, [%r2];", "needs an address of 64 bits")]
    [InlineData("ld.shared.u32 %r1, [x];", "not in the address space")]
    [InlineData("ld.global.v4.u32 {%r1, %r2}, [%rd0];", "takes 4 registers in braces")]
    [InlineData("ld.global.v8.f32 %f1, [%rd0];", "lacks the instruction")]
    [InlineData("cvt.s32.f32 %r1, %f1;", "needs a rounding mode")]
    [InlineData("cp.async.cg.shared.global [%r1], [%rd0], 4;", "copies 16 bytes")]
    [InlineData("cp.async.wait_group %r1;", "has to be an integer")]
    [InlineData("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f1, %f2}, {%r1, %r2, %r3, %r4}, {%r5, %r6}, {%f1, %f2, %f3, "
        + "%f4};",
    "has to be 4 registers")]
    [InlineData("mov.b32 %r1, \"text\";", "expected a register, a number or a name")]
    [InlineData("mov.b32 %r1, §;", "unexpected character")]
    [InlineData("/* no end", "a comment has no end")]
    [InlineData("{", "expected an instruction, a declaration or a label, found 'end of text'")]
    [InlineData(".shared .align 3 .b8 odd[4];", "which is not possible")]
    [InlineData(".shared .b8 large[60000];", "are the limits")]
    public void Is_an_error_with_its_line(string body, string expected)
    {
        PtxException error = Assert.Throws<PtxException>(() => KernelBench.Load(body));
        Assert.Contains(expected, error.Message);
        Assert.InRange(error.Line, 4, 24);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not PTX at all")]
    [InlineData(".version 8.0\n.visible .entry K(")]
    [InlineData(".version 8.0\n.visible .entry K() { ret; } .visible .entry K() { ret; }")]
    [InlineData(".version 8.0\n.global .b8 table[4];")]
    public void Is_no_module(string text) => Assert.Throws<PtxException>(() => PtxParser.Parse(text));

    /// <summary>Whatever is done to a text, it loads or it is an error of PTX: nothing else is thrown.</summary>
    [Fact]
    public void Damaged_text_never_does_more_than_fail()
    {
        string text = KernelBench.Text(
            """
            setp.lt.u32 %p1, %r0, 16;
            @%p1 bra NEXT;
            ld.global.v2.f32 {%f1, %f2}, [%rd0+8];
            fma.rn.f32 %f3, %f1, %f2, 0f3F800000;
            shfl.sync.bfly.b32 %r1|%p2, %r0, 1, 0x1f, -1;
            cp.async.ca.shared.global [buffer+4], [%rd2], 4, %r3;
            NEXT:
            bar.sync 0;
            """,
            ".shared .align 4 .b8 buffer[128];");
        Random random = new(1);
        int loaded = 0;
        int refused = 0;
        for (int i = 0; i < 3000; i++)
        {
            try
            {
                KernelDecoder.Decode(PtxParser.Parse(Damage(text, random)));
                loaded++;
            }
            catch (PtxException)
            {
                refused++;
            }
        }

        Assert.True(loaded > 50 && refused > 1000, $"{loaded} texts were loaded and {refused} refused");
    }

    /// <summary>Deletes, doubles or changes a few characters.</summary>
    private static string Damage(string text, Random random)
    {
        StringBuilder damaged = new(text);
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            int at = random.Next(damaged.Length);
            switch (random.Next(3))
            {
                case 0:
                    damaged.Remove(at, Math.Min(random.Next(1, 12), damaged.Length - at));
                    break;
                case 1:
                    damaged.Insert(at, damaged.ToString(at, Math.Min(random.Next(1, 12), damaged.Length - at)));
                    break;
                default:
                    damaged[at] = (char)random.Next(1, 127);
                    break;
            }
        }

        return damaged.ToString();
    }
}
