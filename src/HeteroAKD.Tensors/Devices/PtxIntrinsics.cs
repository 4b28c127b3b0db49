using System.Reflection;
using System.Text;
using HeteroAKD.Kernels.Intrinsics;
using ILGPU.Backends;
using ILGPU.Backends.PTX;
using ILGPU.IR;
using ILGPU.IR.Intrinsics;
using ILGPU.IR.Values;

namespace HeteroAKD.Tensors.Devices;

/// <summary>
/// The PTX instruction of each method in <see cref="HeteroAKD.Kernels.Intrinsics"/>. In a template, <c>{r}</c> is the result (a list of registers where it
/// is a struct), <c>{0}</c>, <c>{1}</c>, … are the arguments; an argument that is a reference is an address.
/// </summary>
internal static class PtxIntrinsics
{
    private static readonly Dictionary<MethodBase, string> s_templates = new()
    {
        [Method(typeof(TensorCore), nameof(TensorCore.MultiplyTf32))] = "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {r}, {0}, {1}, {2};",
        [Method(typeof(TensorCore), nameof(TensorCore.MultiplyBf16))] = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {r}, {0}, {1}, {2};",
        [Method(typeof(TensorCore), nameof(TensorCore.LoadMatrices))] = "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {r}, [{0}];",
        [Method(typeof(TensorCore), nameof(TensorCore.LoadTransposed))] = "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {r}, [{0}];",
        [Method(typeof(TensorCore), nameof(TensorCore.ToTf32))] = "cvt.rna.tf32.f32 {r}, {0};",
        [Method(typeof(TensorCore), nameof(TensorCore.PackBf16))] = "cvt.rn.bf16x2.f32 {r}, {1}, {0};",
        [Method(typeof(FastMath), nameof(FastMath.Exp2))] = "ex2.approx.ftz.f32 {r}, {0};",
        [Method(typeof(AsyncCopy), nameof(AsyncCopy.Copy16))] = "cp.async.cg.shared.global [{0}], [{1}], 16;",
        [Method(typeof(AsyncCopy), nameof(AsyncCopy.CopyPart16))] = "cp.async.cg.shared.global [{0}], [{1}], 16, {2};",
        [Method(typeof(AsyncCopy), nameof(AsyncCopy.Copy8))] = "cp.async.ca.shared.global [{0}], [{1}], 8;",
        [Method(typeof(AsyncCopy), nameof(AsyncCopy.CopyPart8))] = "cp.async.ca.shared.global [{0}], [{1}], 8, {2};",
        [Method(typeof(AsyncCopy), nameof(AsyncCopy.Copy4))] = "cp.async.ca.shared.global [{0}], [{1}], 4, {2};",
        [Method(typeof(AsyncCopy), nameof(AsyncCopy.Commit))] = "cp.async.commit_group;",
        [Method(typeof(AsyncCopy), nameof(AsyncCopy.WaitAllButTwo))] = "cp.async.wait_group 2;",
        [Method(typeof(AsyncCopy), nameof(AsyncCopy.WaitAll))] = "cp.async.wait_all;",
    };

    /// <summary>Makes the instructions known to a context; call it before the first kernel is compiled.</summary>
    public static void Register(IntrinsicImplementationManager manager)
    {
        foreach (MethodBase method in s_templates.Keys)
        {
            manager.RegisterMethod((MethodInfo)method, new PTXIntrinsic(typeof(PtxIntrinsics), nameof(Emit), IntrinsicImplementationMode.GenerateCode));
        }
    }

    private static void Emit(PTXBackend backend, PTXCodeGenerator generator, Value value)
    {
        MethodCall call = (MethodCall)value;
        string template = s_templates[call.Target.Source];
        StringBuilder text = new("\t" + template);
        for (int i = 0; i < call.Count; i++)
        {
            text.Replace($"{{{i}}}", Operand(generator, generator.Load(call[i])));
        }

        if (!call.Type.IsVoidType)
        {
            text.Replace("{r}", Operand(generator, generator.Allocate(value)));
        }

        generator.Builder.AppendLine(text.ToString());
    }

    private static string Operand(PTXCodeGenerator generator, RegisterAllocator<PTXRegisterKind>.Register register) => register switch
    {
        RegisterAllocator<PTXRegisterKind>.CompoundRegister compound => $"{{{string.Join(", ", compound.Children.Select(c => Operand(generator, c)))}}}",
        RegisterAllocator<PTXRegisterKind>.PrimitiveRegister primitive =>
            "%" + PTXRegisterAllocator.GetStringRepresentation(generator.EnsureHardwareRegister(primitive)),
        _ => throw new NotSupportedException($"an operand of type {register.Type} has no registers"),
    };

    private static MethodInfo Method(Type type, string name) => type.GetMethod(name) ?? throw new MissingMethodException(type.Name, name);
}
