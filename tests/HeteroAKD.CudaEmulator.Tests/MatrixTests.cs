using HeteroAKD.CudaEmulator.Execution;
using HeteroAKD.CudaEmulator.Tests.Support;

namespace HeteroAKD.CudaEmulator.Tests;

/// <summary>Which lane holds which element, by the PTX manual, and what the matrix instructions compute.</summary>
public sealed class MatrixTests : IDisposable
{
    private readonly KernelBench _bench = new();

    public void Dispose() => _bench.Dispose();

    /// <summary>m16n8k8 with tf32: each register one element.</summary>
    [Fact]
    public void Products_of_tf32_have_the_layout_of_the_manual()
    {
        (float[,] a, float[,] b, float[,] c) = Matrices(8, 1 << 10);
        uint[] input = new uint[32 * 10];
        for (int lane = 0; lane < 32; lane++)
        {
            int group = lane >> 2;
            int inGroup = lane % 4;
            float[] values =
            [
                a[group, inGroup], a[group + 8, inGroup], a[group, inGroup + 4], a[group + 8, inGroup + 4],
                b[inGroup, group], b[inGroup + 4, group],
                c[group, inGroup * 2], c[group, (inGroup * 2) + 1], c[group + 8, inGroup * 2], c[group + 8, (inGroup * 2) + 1],
            ];
            for (int i = 0; i < values.Length; i++)
            {
                // What lies below the tf32 digits is not used.
                input[(i * 32) + lane] = BitConverter.SingleToUInt32Bits(values[i]) | (i < 6 ? 0x1FFFu : 0);
            }
        }

        uint[] results = _bench.Run(
            Loads(10) + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f20, %f21, %f22, %f23}, {%r1, %r2, %r3, %r4}, {%r5, %r6}, {%f7, %f8, %f9, "
                + "%f10};" + StoreResults,
            input,
            outputs: 128);
        CheckProduct(results, a, b, c, 8);
        Assert.Equal(1, _bench.Statistics.MatrixInstructions);
    }

    /// <summary>m16n8k16 with bfloat16: each register two elements.</summary>
    [Fact]
    public void Products_of_bfloat16_have_the_layout_of_the_manual()
    {
        (float[,] a, float[,] b, float[,] c) = Matrices(16, 1 << 7);
        uint[] input = new uint[32 * 10];
        for (int lane = 0; lane < 32; lane++)
        {
            int group = lane >> 2;
            int column = (lane % 4) * 2;
            (float Low, float High)[] pairs =
            [
                (a[group, column], a[group, column + 1]), (a[group + 8, column], a[group + 8, column + 1]),
                (a[group, column + 8], a[group, column + 9]), (a[group + 8, column + 8], a[group + 8, column + 9]),
                (b[column, group], b[column + 1, group]), (b[column + 8, group], b[column + 9, group]),
            ];
            for (int i = 0; i < pairs.Length; i++)
            {
                input[(i * 32) + lane] = (BitConverter.SingleToUInt32Bits(pairs[i].Low) >> 16) | (BitConverter.SingleToUInt32Bits(pairs[i].High) & 0xFFFF0000);
            }

            float[] sums = [c[group, column], c[group, column + 1], c[group + 8, column], c[group + 8, column + 1]];
            for (int i = 0; i < 4; i++)
            {
                input[((6 + i) * 32) + lane] = BitConverter.SingleToUInt32Bits(sums[i]);
            }
        }

        uint[] results = _bench.Run(
            Loads(10) + "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f20, %f21, %f22, %f23}, {%r1, %r2, %r3, %r4}, {%r5, %r6}, {%f7, %f8, %f9, "
                + "%f10};" + StoreResults,
            input,
            outputs: 128);
        CheckProduct(results, a, b, c, 16);
    }

    [Fact]
    public void A_product_needs_the_whole_warp()
    {
        KernelFault fault = Assert.Throws<KernelFault>(() => _bench.Run(
            "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f1, %f2, %f3, %f4}, {%r1, %r2, %r3, %r4}, {%r5, %r6}, {%f7, %f8, %f9, %f10};", threads: 16));
        Assert.Contains("reached by the lanes 0x0000ffff only", fault.Message);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(4, false)]
    [InlineData(1, true)]
    [InlineData(4, true)]
    public void Matrices_are_loaded_in_the_layout_of_the_manual(int count, bool transposed)
    {
        // Element (r, c) of matrix i is 64 i + 8 r + c. Rows lie 48 bytes apart: lane l gives the address of row l.
        string registers = string.Join(", ", Enumerable.Range(1, count).Select(i => $"%r{i}"));
        string body = $$"""
            mov.u32 %r20, buffer;
            mad.lo.s32 %r21, %r0, 48, %r20;
            shl.b32 %r22, %r0, 3;
            mov.u32 %r23, 0;
            LOOP:
            shl.b32 %r24, %r23, 1;
            add.s32 %r24, %r24, %r21;
            add.s32 %r25, %r22, %r23;
            cvt.u16.u32 %h1, %r25;
            st.shared.u16 [%r24], %h1;
            add.s32 %r23, %r23, 1;
            setp.lt.s32 %p1, %r23, 8;
            @%p1 bra LOOP;
            ldmatrix.sync.aligned.m8n8.x{{count}}{{(transposed ? ".trans" : "")}}.shared.b16 {{{registers}}}, [%r21];
            {{string.Join("\n", Enumerable.Range(1, count).Select(i => $"st.global.u32 [%rd3+{128 * (i - 1)}], %r{i};"))}}
            """;
        uint[] results = _bench.Run(body, outputs: 32 * count, arrays: ".shared .align 16 .b8 buffer[1536];");
        for (int i = 0; i < count; i++)
        {
            for (int lane = 0; lane < 32; lane++)
            {
                int major = lane / 4;
                int minor = 2 * (lane % 4);
                int first = (64 * i) + (transposed ? (8 * minor) + major : (8 * major) + minor);
                int second = first + (transposed ? 8 : 1);
                Assert.Equal((uint)(first | (second << 16)), results[(32 * i) + lane]);
            }
        }
    }

    private const string StoreResults = """
        st.global.f32 [%rd3], %f20;
        st.global.f32 [%rd3+128], %f21;
        st.global.f32 [%rd3+256], %f22;
        st.global.f32 [%rd3+384], %f23;
        """;

    private static string Loads(int count) =>
        string.Join("\n", Enumerable.Range(1, count).Select(i => $"ld.global.b32 %r{i}, [%rd2+{128 * (i - 1)}]; mov.b32 %f{i}, %r{i};"));

    /// <summary>Small whole numbers over a power of two, which both formats hold exactly.</summary>
    private static (float[,] A, float[,] B, float[,] C) Matrices(int k, int range)
    {
        Random random = new(k);
        return (Fill(16, k), Fill(k, 8), Fill(16, 8));

        float[,] Fill(int rows, int columns)
        {
            float[,] matrix = new float[rows, columns];
            for (int i = 0; i < matrix.Length; i++)
            {
                matrix[i / columns, i % columns] = random.Next(-range, range) / 64f;
            }

            return matrix;
        }
    }

    private static void CheckProduct(uint[] results, float[,] a, float[,] b, float[,] c, int k)
    {
        for (int row = 0; row < 16; row++)
        {
            for (int column = 0; column < 8; column++)
            {
                double sum = c[row, column];
                for (int i = 0; i < k; i++)
                {
                    sum += (double)a[row, i] * b[i, column];
                }

                // d0, d1: row lane / 4, columns 2 (lane mod 4) and the next; d2, d3: eight rows below.
                int lane = (4 * (row % 8)) + (column / 2);
                int register = (2 * (row / 8)) + (column % 2);
                Assert.Equal((float)sum, BitConverter.UInt32BitsToSingle(results[(32 * register) + lane]));
            }
        }
    }
}
