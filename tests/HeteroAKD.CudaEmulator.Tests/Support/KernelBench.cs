using System.Runtime.InteropServices;
using HeteroAKD.CudaEmulator.Execution;
using HeteroAKD.CudaEmulator.Ptx;

namespace HeteroAKD.CudaEmulator.Tests.Support;

/// <summary>
/// Runs short pieces of PTX. They find the addresses of their thread's input and output in %rd2 and %rd3 (of the arrays in %rd0 and %rd1), the thread in %r0,
/// and declared registers %p0.., %h0.., %r1.., %rd4.., %f0.. and %d0...
/// </summary>
internal sealed unsafe class KernelBench : IDisposable
{
    private readonly GridRunner _runner;

    public KernelBench() => _runner = new GridRunner(Memory);

    public DeviceMemory Memory { get; } = new();

    public Statistics Statistics => _runner.Statistics;

    /// <summary>The whole text of a kernel with a body and arrays.</summary>
    public static string Text(string body, string arrays = "") => $$"""
        .version 8.0
        .target sm_80
        .address_size 64
        .visible .entry K(.param .u64 x, .param .u64 y)
        {
            {{arrays}}
            .reg .pred %p<16>;
            .reg .b16 %h<16>;
            .reg .b32 %r<64>;
            .reg .b64 %rd<32>;
            .reg .f32 %f<64>;
            .reg .f64 %d<8>;
            ld.param.u64 %rd0, [x];
            ld.param.u64 %rd1, [y];
            mov.u32 %r0, %tid.x;
            mul.wide.u32 %rd4, %r0, 4;
            add.s64 %rd2, %rd0, %rd4;
            add.s64 %rd3, %rd1, %rd4;
        {{body}}
            ret;
        }
        """;

    /// <summary>A decoded kernel.</summary>
    public static Kernel Load(string body, string arrays = "", bool contract = false) =>
        KernelDecoder.Decode(PtxParser.Parse(Text(body, arrays)), contract)["K"];

    /// <summary>Runs a body in one block and gives what it stored.</summary>
    /// <param name="body">PTX.</param>
    /// <param name="input">The array at %rd0.</param>
    /// <param name="outputs">Words of the array at %rd1.</param>
    /// <param name="threads">Of the block.</param>
    /// <param name="arrays">Declarations before the registers.</param>
    /// <param name="dynamicBytes">Dynamic shared memory.</param>
    public uint[] Run(string body, uint[]? input = null, int outputs = 32, int threads = 32, string arrays = "", int dynamicBytes = 0) =>
        Run(Load(body, arrays), input ?? [0], outputs, new Dim3(threads, 1, 1), new Dim3(1, 1, 1), dynamicBytes);

    /// <summary>Runs a kernel on a grid.</summary>
    public uint[] Run(Kernel kernel, uint[] input, int outputs, Dim3 block, Dim3 grid, int dynamicBytes = 0, long instructionLimit = 1_000_000)
    {
        ulong x = Memory.Allocate(input.Length * sizeof(uint));
        ulong y = Memory.Allocate(outputs * sizeof(uint));
        MemoryMarshal.AsBytes<uint>(input).CopyTo(new Span<byte>(Memory.Find(x)!.Host, input.Length * sizeof(uint)));
        byte[] parameters = new byte[16];
        MemoryMarshal.Write(parameters, in x);
        MemoryMarshal.Write(parameters.AsSpan(8), in y);
        _runner.Run(new Launch(kernel, grid, block, dynamicBytes, parameters) { InstructionLimit = instructionLimit });
        return new Span<uint>(Memory.Find(y)!.Host, outputs).ToArray();
    }

    /// <summary>The fault that a body ends with.</summary>
    public KernelFault Fault(string body, uint[]? input = null, int outputs = 32, int threads = 32, string arrays = "") =>
        Assert.Throws<KernelFault>(() => Run(body, input, outputs, threads, arrays));

    public void Dispose() => Memory.Dispose();
}
