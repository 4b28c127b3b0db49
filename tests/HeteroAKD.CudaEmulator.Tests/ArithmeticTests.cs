using System.Globalization;
using HeteroAKD.CudaEmulator.Tests.Support;

namespace HeteroAKD.CudaEmulator.Tests;

/// <summary>One instruction each, where it is easy to be wrong.</summary>
public sealed class ArithmeticTests
{
    private const string NaN = "7fc00000";
    private const string Infinity = "7f800000";

    /// <summary>%r4 from %r1, %r2 and %r3.</summary>
    [Theory]
    [InlineData("div.s32 %r4, %r1, %r2;", "fffffff9", "2", "0", "fffffffd")]
    [InlineData("rem.s32 %r4, %r1, %r2;", "fffffff9", "2", "0", "ffffffff")]
    [InlineData("div.u32 %r4, %r1, %r2;", "fffffff9", "2", "0", "7ffffffc")]
    [InlineData("shl.b32 %r4, %r1, %r2;", "ffffffff", "20", "0", "0")]
    [InlineData("shl.b32 %r4, %r1, 4;", "f0000001", "0", "0", "10")]
    [InlineData("shr.s32 %r4, %r1, %r2;", "80000000", "28", "0", "ffffffff")]
    [InlineData("shr.u32 %r4, %r1, %r2;", "80000000", "1f", "0", "1")]
    [InlineData("mul.hi.u32 %r4, %r1, %r2;", "ffffffff", "ffffffff", "0", "fffffffe")]
    [InlineData("mul.hi.s32 %r4, %r1, %r2;", "ffffffff", "2", "0", "ffffffff")]
    [InlineData("mul.lo.s32 %r4, %r1, %r2;", "10001", "10001", "0", "20001")]
    [InlineData("mad.lo.s32 %r4, %r1, %r2, %r3;", "3", "5", "fffffff0", "ffffffff")]
    [InlineData("min.s32 %r4, %r1, %r2;", "ffffffff", "1", "0", "ffffffff")]
    [InlineData("min.u32 %r4, %r1, %r2;", "ffffffff", "1", "0", "1")]
    [InlineData("sub.s32 %r4, %r1, -5;", "2", "0", "0", "7")]
    [InlineData("not.b32 %r4, %r1;", "ff00ff00", "0", "0", "ff00ff")]
    [InlineData("prmt.b32 %r4, %r1, %r2, 0x5410;", "33221100", "77665544", "0", "55441100")]
    [InlineData("prmt.b32 %r4, %r1, %r2, %r3;", "33228011", "77665544", "7391", "7733ff80")]
    [InlineData("lop3.b32 %r4, %r1, %r2, %r3, 0x96;", "f0", "cc", "aa", "96")]
    [InlineData("lop3.b32 %r4, %r1, %r2, %r3, 0xca;", "f0f0f0f0", "cccccccc", "aaaaaaaa", "cacacaca")]
    [InlineData("bfe.u32 %r4, %r1, %r2, %r3;", "12345678", "8", "10", "3456")]
    [InlineData("bfe.s32 %r4, %r1, %r2, %r3;", "800", "4", "8", "ffffff80")]
    [InlineData("bfe.s32 %r4, %r1, %r2, %r3;", "80000000", "1c", "10", "fffffff8")]
    [InlineData("bfi.b32 %r4, %r1, %r2, 8, 16;", "abcd", "11223344", "0", "11abcd44")]
    [InlineData("bfi.b32 %r4, %r1, %r2, 40, 16;", "abcd", "11223344", "0", "11223344")]
    [InlineData("brev.b32 %r4, %r1;", "80000003", "0", "0", "c0000001")]
    [InlineData("popc.b32 %r4, %r1;", "f00f", "0", "0", "8")]
    [InlineData("clz.b32 %r4, %r1;", "0", "0", "0", "20")]
    [InlineData("shf.l.wrap.b32 %r4, %r1, %r2, 8;", "aabbccdd", "11223344", "0", "223344aa")]
    [InlineData("selp.b32 %r4, %r1, %r2, %p0;", "1", "2", "0", "2")]
    [InlineData("slct.b32.s32 %r4, %r1, %r2, %r3;", "1", "2", "ffffffff", "2")]
    [InlineData("cvt.s32.s8 %r4, %r1;", "180", "0", "0", "ffffff80")]
    [InlineData("cvt.u32.u8 %r4, %r1;", "180", "0", "0", "80")]
    [InlineData("cvt.sat.s8.s32 %r4, %r1;", "180", "0", "0", "7f")]
    [InlineData("cvt.sat.u8.s32 %r4, %r1;", "fffffff0", "0", "0", "0")]
    [InlineData("{ .reg .b32 %r1; mov.b32 %r1, 7; mov.b32 %r4, %r1; }", "1", "0", "0", "7")]
    public void Integers(string instruction, string a, string b, string c, string expected) => Check(instruction, [a, b, c], expected);

    /// <summary>%f4 from %f1, %f2 and %f3, as bits.</summary>
    [Theory]
    [InlineData("add.f32 %f4, %f1, %f2;", "3f800000", "33800000", "0", "3f800000")]
    [InlineData("fma.rn.f32 %f4, %f1, %f2, %f3;", "3f800001", "3f800001", "bf800002", "28800000")]
    [InlineData("add.ftz.f32 %f4, %f1, %f2;", "00000001", "80000001", "0", "0")]
    [InlineData("mul.f32 %f4, %f1, %f2;", "00800000", "3f000000", "0", "00400000")]
    [InlineData("mul.ftz.f32 %f4, %f1, %f2;", "80800000", "3f000000", "0", "80000000")]
    [InlineData("min.f32 %f4, %f1, %f2;", NaN, "3f800000", "0", "3f800000")]
    [InlineData("max.f32 %f4, %f1, %f2;", "80000000", "0", "0", "0")]
    [InlineData("max.NaN.f32 %f4, %f1, %f2;", NaN, "3f800000", "0", "ffc00000")]
    [InlineData("div.rn.f32 %f4, %f1, %f2;", "3f800000", "40400000", "0", "3eaaaaab")]
    [InlineData("div.rn.f32 %f4, %f1, %f2;", "3f800000", "80000000", "0", "ff800000")]
    [InlineData("rcp.rn.f32 %f4, %f1;", "40400000", "0", "0", "3eaaaaab")]
    [InlineData("sqrt.rn.f32 %f4, %f1;", "40000000", "0", "0", "3fb504f3")]
    [InlineData("rsqrt.approx.f32 %f4, %f1;", "40800000", "0", "0", "3f000000")]
    [InlineData("ex2.approx.f32 %f4, %f1;", "40400000", "0", "0", "41000000")]
    [InlineData("ex2.approx.ftz.f32 %f4, %f1;", "c3020000", "0", "0", "0")]
    [InlineData("ex2.approx.f32 %f4, %f1;", "c3020000", "0", "0", "00080000")]
    [InlineData("lg2.approx.f32 %f4, %f1;", "41000000", "0", "0", "40400000")]
    [InlineData("lg2.approx.f32 %f4, %f1;", "0", "0", "0", "ff800000")]
    [InlineData("neg.f32 %f4, %f1;", "0", "0", "0", "80000000")]
    [InlineData("abs.f32 %f4, %f1;", "ff800000", "0", "0", Infinity)]
    [InlineData("copysign.f32 %f4, %f1, %f2;", "80000000", "3f800000", "0", "bf800000")]
    [InlineData("mov.f32 %f4, 0f3DCCCCCD;", "0", "0", "0", "3dcccccd")]
    [InlineData("mov.f32 %f4, 1.5;", "0", "0", "0", "3fc00000")]
    [InlineData("cvt.rni.f32.f32 %f4, %f1;", "40200000", "0", "0", "40000000")]
    [InlineData("cvt.rmi.f32.f32 %f4, %f1;", "bf000000", "0", "0", "bf800000")]
    [InlineData("cvt.rpi.f32.f32 %f4, %f1;", "3f000000", "0", "0", "3f800000")]
    [InlineData("cvt.sat.f32.f32 %f4, %f1;", "40000000", "0", "0", "3f800000")]
    [InlineData("cvt.rn.f16.f32 %h1, %f1; cvt.f32.f16 %f4, %h1;", "3f801001", "0", "0", "3f802000")]
    public void Floats(string instruction, string a, string b, string c, string expected) => Check($"{instruction} mov.b32 %r4, %f4;", [a, b, c], expected);

    /// <summary>%r4 from %f1, %f2 and %r1.</summary>
    [Theory]
    [InlineData("cvt.rzi.s32.f32 %r4, %f1;", "bfc00000", "0", "ffffffff")]
    [InlineData("cvt.rzi.s32.f32 %r4, %f1;", "4f000000", "0", "7fffffff")]
    [InlineData("cvt.rzi.s32.f32 %r4, %f1;", NaN, "0", "0")]
    [InlineData("cvt.rni.s32.f32 %r4, %f1;", "40200000", "0", "2")]
    [InlineData("cvt.rzi.u32.f32 %r4, %f1;", "bf800000", "0", "0")]
    [InlineData("cvt.rn.f32.s32 %f9, %r1; mov.b32 %r4, %f9;", "1000001", "0", "4b800000")]
    [InlineData("cvt.rn.f32.u32 %f9, %r1; mov.b32 %r4, %f9;", "ffffffff", "0", "4f800000")]
    [InlineData("cvt.rna.tf32.f32 %r4, %f1;", "3f801000", "0", "3f802000")]
    [InlineData("cvt.rna.tf32.f32 %r4, %f1;", "3f800fff", "0", "3f800000")]
    [InlineData("cvt.rn.bf16x2.f32 %r4, %f1, %f2;", "3f808000", "3f818000", "3f803f82")]
    [InlineData("cvt.rn.bf16.f32 %h1, %f1; cvt.u32.u16 %r4, %h1;", "3f808001", "0", "3f81")]
    [InlineData("cvt.rn.bf16.f32 %h1, %f1; cvt.u32.u16 %r4, %h1;", "7f800001", "0", "7fff")]
    [InlineData("mov.b64 %rd9, {%r1, %r2}; shr.u64 %rd9, %rd9, 16; mov.b64 {%r4, _}, %rd9;", "11112222", "33334444", "44441111")]
    [InlineData("mul.wide.s32 %rd9, %r1, %r2; mov.b64 {_, %r4}, %rd9;", "ffffffff", "2", "ffffffff")]
    [InlineData("mul.wide.u32 %rd9, %r1, %r2; mov.b64 {_, %r4}, %rd9;", "ffffffff", "2", "1")]
    [InlineData("cvt.f64.f32 %d1, %f1; cvt.f64.f32 %d2, %f2; div.rn.f64 %d1, %d1, %d2; cvt.rn.f32.f64 %f9, %d1; mov.b32 %r4, "
        + "%f9;",
    "3f800000", "40400000", "3eaaaaab")]
    public void Conversions(string instruction, string a, string b, string expected) => Check(instruction, [a, b, "0"], expected);

    /// <summary>The upper word of %rd9 from %rd7 and %rd8, whose upper words are %r1 and %r2 and whose lower are zero.</summary>
    [Theory]
    [InlineData("add.s64 %rd9, %rd7, %rd8;", "ffffffff", "2", "1")]
    [InlineData("sub.u64 %rd9, %rd7, 1;", "1", "0", "0")]
    [InlineData("mul.lo.s64 %rd9, %rd7, 3;", "5", "0", "f")]
    [InlineData("mad.lo.u64 %rd9, %rd7, 3, %rd8;", "5", "1", "10")]
    [InlineData("div.s64 %rd9, %rd7, -2;", "8", "0", "fffffffc")]
    [InlineData("rem.u64 %rd9, %rd7, %rd8;", "9", "4", "1")]
    [InlineData("mul.hi.u64 %rd9, %rd7, %rd8; shl.b64 %rd9, %rd9, 32;", "10", "10", "100")]
    [InlineData("shl.b64 %rd9, %rd7, 4;", "f0000001", "0", "10")]
    [InlineData("shr.s64 %rd9, %rd7, 8;", "80000000", "0", "ff800000")]
    [InlineData("shr.u64 %rd9, %rd7, 64;", "80000000", "0", "0")]
    [InlineData("and.b64 %rd9, %rd7, %rd8;", "f0f0", "ff00", "f000")]
    [InlineData("xor.b64 %rd9, %rd7, %rd8;", "f0f0", "ff00", "ff0")]
    [InlineData("not.b64 %rd9, %rd7;", "ffff0000", "0", "ffff")]
    [InlineData("min.s64 %rd9, %rd7, %rd8;", "ffffffff", "1", "ffffffff")]
    [InlineData("max.u64 %rd9, %rd7, %rd8;", "ffffffff", "1", "ffffffff")]
    [InlineData("neg.s64 %rd9, %rd7;", "1", "0", "ffffffff")]
    [InlineData("selp.b64 %rd9, %rd7, %rd8, %p0;", "1", "2", "2")]
    [InlineData("setp.lt.s64 %p1, %rd7, %rd8; selp.b64 %rd9, %rd7, %rd8, %p1;", "ffffffff", "1", "ffffffff")]
    [InlineData("cvt.s64.s32 %rd9, %r1;", "80000000", "0", "ffffffff")]
    [InlineData("cvt.u64.u32 %rd9, %r1;", "80000000", "0", "0")]
    [InlineData("cvt.rn.f32.s64 %f9, %rd7; cvt.rzi.s64.f32 %rd9, %f9;", "fffffff0", "0", "fffffff0")]
    [InlineData("mad.wide.s32 %rd9, %r1, 2, %rd8;", "ffffffff", "5", "4")]
    public void Integers_of_64_bits(string instruction, string a, string b, string expected) =>
        Check($"mov.b64 %rd7, {{0, %r1}}; mov.b64 %rd8, {{0, %r2}}; {instruction} mov.b64 {{_, %r4}}, %rd9;", [a, b, "0"], expected);

    [Theory]
    [InlineData("eq", "3f800000", NaN, 0)]
    [InlineData("ne", "3f800000", NaN, 0)]
    [InlineData("neu", "3f800000", NaN, 1)]
    [InlineData("equ", "3f800000", "40000000", 0)]
    [InlineData("lt", "3f800000", "40000000", 1)]
    [InlineData("lt", NaN, "40000000", 0)]
    [InlineData("ltu", NaN, "40000000", 1)]
    [InlineData("leu", "40000000", "3f800000", 0)]
    [InlineData("gtu", "3f800000", NaN, 1)]
    [InlineData("geu", "3f800000", "3f800000", 1)]
    [InlineData("num", "3f800000", NaN, 0)]
    [InlineData("nan", "3f800000", NaN, 1)]
    [InlineData("eq", "0", "80000000", 1)]
    public void Comparisons_of_floats(string comparison, string a, string b, int expected) =>
        Check($"setp.{comparison}.f32 %p1, %f1, %f2; selp.b32 %r4, 1, 0, %p1;", [a, b, "0"], expected.ToString(CultureInfo.InvariantCulture));

    [Theory]
    [InlineData("setp.lt.s32 %p1, %r1, %r2;", 1)]
    [InlineData("setp.lo.u32 %p1, %r1, %r2;", 0)]
    [InlineData("setp.hs.u32 %p1, %r1, %r2;", 1)]
    [InlineData("setp.lt.and.s32 %p1, %r1, %r2, !%p0;", 1)]
    [InlineData("setp.lt.and.s32 %p1, %r1, %r2, %p0;", 0)]
    [InlineData("setp.gt.or.s32 %p1|%p2, %r1, %r2, %p0; xor.pred %p1, %p1, %p2;", 1)]
    [InlineData("testp.notanumber.f32 %p1, %f1;", 1)]
    [InlineData("testp.finite.f32 %p1, %f1;", 0)]
    [InlineData("setp.eq.s32 %p2, %r1, %r2; not.pred %p1, %p2;", 1)]
    public void Predicates(string instruction, int expected) =>
        Check($"{instruction} selp.b32 %r4, 1, 0, %p1;", ["ffffffff", "1", "0"], expected.ToString(CultureInfo.InvariantCulture));

    /// <summary>Loads three words as integers and floats, runs the instruction with %p0 false, and compares %r4.</summary>
    private static void Check(string instruction, string[] inputs, string expected)
    {
        using KernelBench bench = new();
        string body = $"""
            ld.global.u32 %r1, [%rd0];
            ld.global.u32 %r2, [%rd0+4];
            ld.global.u32 %r3, [%rd0+8];
            ld.global.f32 %f1, [%rd0];
            ld.global.f32 %f2, [%rd0+4];
            ld.global.f32 %f3, [%rd0+8];
            setp.ne.s32 %p0, 0, 0;
            {instruction}
            st.global.u32 [%rd3], %r4;
            """;
        uint[] bits = [.. inputs.Select(i => uint.Parse(i, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
        Assert.Equal(uint.Parse(expected, NumberStyles.HexNumber, CultureInfo.InvariantCulture), Assert.Single(bench.Run(body, bits).Distinct()));
    }
}
