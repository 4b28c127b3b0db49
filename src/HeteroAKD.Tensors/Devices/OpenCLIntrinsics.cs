using HeteroAKD.Kernels.Intrinsics;
using ILGPU.Backends.OpenCL;
using ILGPU.IR;
using ILGPU.IR.Intrinsics;
using ILGPU.IR.Types;
using ILGPU.Util;

namespace HeteroAKD.Tensors.Devices;

/// <summary>
/// OpenCL's version of the methods in <see cref="AsyncCopy"/>: a copy is done at once, so there is nothing to wait for. It has none of
/// <see cref="TensorCore"/>.
/// </summary>
internal static class OpenCLIntrinsics
{
    /// <summary>Makes the functions known to a context; call it before the first kernel is compiled.</summary>
    public static void Register(IntrinsicImplementationManager manager)
    {
        Register(manager, nameof(AsyncCopy.Copy16), nameof(EmitCopy16));
        Register(manager, nameof(AsyncCopy.CopyPart16), nameof(EmitCopyPart16));
        Register(manager, nameof(AsyncCopy.Copy4), nameof(EmitCopy4));
        Register(manager, nameof(AsyncCopy.Commit), nameof(EmitNothing));
        Register(manager, nameof(AsyncCopy.WaitAllButTwo), nameof(EmitNothing));
        Register(manager, nameof(AsyncCopy.WaitAll), nameof(EmitNothing));
    }

    private static void Register(IntrinsicImplementationManager manager, string method, string emitter) =>
        manager.RegisterMethod(
            typeof(AsyncCopy).GetMethod(method)!, new CLIntrinsic(typeof(OpenCLIntrinsics), emitter, IntrinsicImplementationMode.GenerateCode));

    private static void EmitCopy16(CLBackend backend, CLCodeGenerator generator, Value value)
    {
        using CLCodeGenerator.StatementEmitter statement = generator.BeginStatement((RawString)$"*(({Space(value[0])} float4*)");
        statement.Append(generator.Load(value[0]));
        statement.AppendOperation((RawString)$") = *(({Space(value[1])} float4*)");
        statement.Append(generator.Load(value[1]));
        statement.AppendOperation((RawString)")");
    }

    private static void EmitCopyPart16(CLBackend backend, CLCodeGenerator generator, Value value)
    {
        for (int i = 0; i < 4; i++)
        {
            EmitElement(generator, value, i);
        }
    }

    private static void EmitCopy4(CLBackend backend, CLCodeGenerator generator, Value value) => EmitElement(generator, value, 0);

    private static void EmitNothing(CLBackend backend, CLCodeGenerator generator, Value value)
    {
    }

    // ((__local float*)target)[i] = bytes > 4 i ? ((__global float*)source)[i] : 0;
    private static void EmitElement(CLCodeGenerator generator, Value value, int index)
    {
        using CLCodeGenerator.StatementEmitter statement = generator.BeginStatement((RawString)$"(({Space(value[0])} float*)");
        statement.Append(generator.Load(value[0]));
        statement.AppendOperation((RawString)$")[{index}] = ");
        statement.Append(generator.Load(value[2]));
        statement.AppendOperation((RawString)$" > {4 * index} ? (({Space(value[1])} float*)");
        statement.Append(generator.Load(value[1]));
        statement.AppendOperation((RawString)$")[{index}] : 0.0f");
    }

    private static string Space(Value pointer) => ((AddressSpaceType)pointer.Type).AddressSpace switch
    {
        MemoryAddressSpace.Global => "__global",
        MemoryAddressSpace.Shared => "__local",
        var other => throw new NotSupportedException($"a copy needs shared and global memory, not {other}"),
    };
}
