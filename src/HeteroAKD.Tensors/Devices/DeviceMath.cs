using System.Reflection;
using ILGPU;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.Frontend;
using ILGPU.Frontend.Intrinsic;
using ILGPU.IR;
using ILGPU.IR.Intrinsics;
using Value = ILGPU.IR.Value;

namespace HeteroAKD.Tensors.Devices;

/// <summary>
/// What ILGPU 1.5.3 lacks and kernels need: a fused multiply-add. <see cref="MathF.FusedMultiplyAdd"/> is remapped to a method of ours,
/// for which each backend emits its own instruction.
/// </summary>
public static class DeviceMath
{
    private static readonly MethodInfo s_method = typeof(DeviceMath).GetMethod(nameof(FusedMultiplyAdd))!;
    private static readonly Lock s_gate = new();
    private static bool s_remapped;

    /// <summary>a · b + c with one rounding; this body runs on ILGPU's simulator.</summary>
    [IntrinsicImplementation]
    public static float FusedMultiplyAdd(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);

    /// <summary>Makes the function known to a context; call it before the first kernel is compiled.</summary>
    public static void Register(Context context)
    {
        lock (s_gate)
        {
            if (!s_remapped)
            {
                RemappedIntrinsics.AddRemapping(
                    typeof(MathF).GetMethod(nameof(MathF.FusedMultiplyAdd))!,
                    (ref InvocationContext invocation) => invocation.Method = s_method);
                s_remapped = true;
            }
        }

        IntrinsicImplementationManager manager = context.GetIntrinsicManager();
        manager.RegisterMethod(s_method, new PTXIntrinsic(typeof(DeviceMath), nameof(EmitPtx), IntrinsicImplementationMode.GenerateCode));
        manager.RegisterMethod(s_method, new CLIntrinsic(typeof(DeviceMath), nameof(EmitOpenCL), IntrinsicImplementationMode.GenerateCode));
        PtxIntrinsics.Register(manager);
        OpenCLIntrinsics.Register(manager);
    }

    private static void EmitPtx(PTXBackend backend, PTXCodeGenerator generator, Value value)
    {
        string a = Register(generator, value[0]);
        string b = Register(generator, value[1]);
        string c = Register(generator, value[2]);
        string result = "%" + PTXRegisterAllocator.GetStringRepresentation(generator.AllocateHardware(value));
        generator.Builder.AppendLine($"\tfma.rn.f32 {result}, {a}, {b}, {c};");
    }

    private static string Register(PTXCodeGenerator generator, Value operand) =>
        "%" + PTXRegisterAllocator.GetStringRepresentation(generator.EnsureHardwareRegister(generator.LoadPrimitive(operand)));

    private static void EmitOpenCL(CLBackend backend, CLCodeGenerator generator, Value value)
    {
        CLCodeGenerator.Variable target = generator.Allocate(value);
        using CLCodeGenerator.StatementEmitter statement = generator.BeginStatement(target);
        statement.AppendCommand("fma");
        statement.BeginArguments();
        statement.AppendArgument(generator.Load(value[0]));
        statement.AppendArgument(generator.Load(value[1]));
        statement.AppendArgument(generator.Load(value[2]));
        statement.EndArguments();
    }
}
