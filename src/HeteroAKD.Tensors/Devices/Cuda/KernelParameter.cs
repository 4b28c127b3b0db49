using System.Reflection;
using System.Runtime.InteropServices;
using ILGPU;

namespace HeteroAKD.Tensors.Devices.Cuda;

/// <summary>One number of a kernel's parameter.</summary>
/// <param name="Path">Fields from the parameter down to it; empty for a parameter that is a number itself.</param>
/// <param name="Name">The same for people.</param>
/// <param name="Type">Its primitive type; a view counts as one, of 16 bytes: address and length. <see cref="Void"/> for the byte of a struct without
/// fields.</param>
/// <param name="Offset">Bytes from the parameter's start.</param>
/// <param name="Bytes">Its size.</param>
internal sealed record ParameterField(IReadOnlyList<FieldInfo> Path, string Name, Type Type, int Offset, int Bytes);

/// <summary>
/// How PTX that ILGPU made expects a parameter: C's layout of the fields in the order of their declaration, views as address and length. The runtime's own
/// layout is another, as a view holds a reference there.
/// </summary>
internal sealed class KernelParameter
{
    private readonly List<ParameterField> _fields = [];

    private KernelParameter(Type type) => (Bytes, Alignment) = Walk(type, 0, []);

    /// <summary>Its size.</summary>
    public int Bytes { get; }

    /// <summary>Its alignment.</summary>
    public int Alignment { get; }

    /// <summary>Its numbers in order.</summary>
    public IReadOnlyList<ParameterField> Fields => _fields;

    /// <summary>The layout of a type.</summary>
    /// <exception cref="NotSupportedException">A field has a type that a kernel cannot take.</exception>
    public static KernelParameter Of(Type type) => new(type);

    /// <summary>Whether the type is one of ILGPU's views.</summary>
    public static bool IsView(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ArrayView<>);

    /// <summary>The next multiple of an alignment.</summary>
    public static int Aligned(int offset, int alignment) => (offset + alignment - 1) / alignment * alignment;

    /// <summary>The field that a byte belongs to, for messages.</summary>
    public string NameAt(int offset) => _fields.FirstOrDefault(f => offset >= f.Offset && offset < f.Offset + f.Bytes)?.Name ?? $"byte {offset}";

    private (int Bytes, int Alignment) Walk(Type type, int start, List<FieldInfo> path)
    {
        if (IsView(type))
        {
            return Leaf(type, start, 2 * sizeof(long), sizeof(long), path);
        }

        if (type.IsEnum)
        {
            type = type.GetEnumUnderlyingType();
        }

        if (type.IsPrimitive && type != typeof(nint) && type != typeof(nuint) && type != typeof(char) && type != typeof(bool))
        {
            int size = Marshal.SizeOf(type);
            return Leaf(type, start, size, size, path);
        }

        if (!type.IsValueType || type.IsPrimitive)
        {
            throw new NotSupportedException($"a kernel cannot take {NameOf(path)} of type {type}");
        }

        return WalkStruct(type, start, path);
    }

    private (int Bytes, int Alignment) WalkStruct(Type type, int start, List<FieldInfo> path)
    {
        int end = 0, alignment = 1;
        foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).OrderBy(f => f.MetadataToken))
        {
            int align = AlignmentOf(field.FieldType);
            int offset = Aligned(end, align);
            path.Add(field);
            (int bytes, _) = Walk(field.FieldType, start + offset, path);
            path.RemoveAt(path.Count - 1);
            end = offset + bytes;
            alignment = Math.Max(alignment, align);
        }

        // C# gives a struct without fields one byte, which kernels load.
        return end == 0 ? Leaf(typeof(void), start, 1, 1, path) : (Math.Max(Aligned(end, alignment), type.StructLayoutAttribute?.Size ?? 0), alignment);
    }

    private static int AlignmentOf(Type type) => new KernelParameter(type).Alignment;

    private (int Bytes, int Alignment) Leaf(Type type, int offset, int bytes, int alignment, List<FieldInfo> path)
    {
        _fields.Add(new ParameterField([.. path], NameOf(path), type, offset, bytes));
        return (bytes, alignment);
    }

    // The compiler calls the field of a primary constructor's parameter "<key>P".
    private static string NameOf(List<FieldInfo> path) =>
        string.Join('.', path.Select(f => f.Name.Split('<', '>') is [_, string parameter, ..] ? parameter : f.Name.Trim('_')));
}
