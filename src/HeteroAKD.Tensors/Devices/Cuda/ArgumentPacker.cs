using System.Reflection;
using System.Reflection.Emit;
using ILGPU;
using ILGPU.Runtime;

namespace HeteroAKD.Tensors.Devices.Cuda;

/// <summary>Writes an argument as a kernel expects it; see <see cref="KernelParameter"/>.</summary>
internal unsafe delegate void PackArgument<TArgument>(in TArgument argument, byte* target)
    where TArgument : struct;

/// <summary>
/// The code that packs arguments of one type, made once: field by field, without reflection at a launch. Bytes between fields are left as they are.
/// </summary>
internal static unsafe class ArgumentPacker<TArgument>
    where TArgument : struct
{
    private static readonly MethodInfo s_writeViewMethod = typeof(ArgumentPacker<TArgument>).GetMethod(
        nameof(WriteView), BindingFlags.Static | BindingFlags.NonPublic)!;

    /// <summary>The layout.</summary>
    public static readonly KernelParameter Layout = KernelParameter.Of(typeof(TArgument));

    /// <summary>The code.</summary>
    public static readonly PackArgument<TArgument> Pack = Build();

    private static PackArgument<TArgument> Build()
    {
        Type[] parameters = [typeof(TArgument).MakeByRefType(), typeof(byte*)];
        DynamicMethod method = new($"Pack {typeof(TArgument)}", typeof(void), parameters, typeof(ArgumentPacker<TArgument>).Module, skipVisibility: true);
        ILGenerator code = method.GetILGenerator();
        foreach (ParameterField field in Layout.Fields.Where(f => f.Type != typeof(void)))
        {
            code.Emit(OpCodes.Ldarg_1);
            code.Emit(OpCodes.Ldc_I4, field.Offset);
            code.Emit(OpCodes.Add);
            code.Emit(OpCodes.Ldarg_0);
            foreach (FieldInfo step in field.Path)
            {
                code.Emit(OpCodes.Ldflda, step);
            }

            if (KernelParameter.IsView(field.Type))
            {
                code.Emit(OpCodes.Call, s_writeViewMethod.MakeGenericMethod(field.Type.GetGenericArguments()));
            }
            else
            {
                code.Emit(OpCodes.Ldobj, field.Type);
                code.Emit(OpCodes.Stobj, field.Type);
            }
        }

        code.Emit(OpCodes.Ret);
        return method.CreateDelegate<PackArgument<TArgument>>();
    }

    private static void WriteView<T>(byte* target, in ArrayView<T> view)
        where T : unmanaged
    {
        ((long*)target)[0] = view.IsValid ? view.LoadEffectiveAddressAsPtr() : 0;
        ((long*)target)[1] = view.Length;
    }
}
