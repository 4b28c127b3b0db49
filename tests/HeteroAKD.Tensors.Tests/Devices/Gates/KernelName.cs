using System.Reflection;

namespace HeteroAKD.Tensors.Tests.Devices.Gates;

/// <summary>Names of entry points as tables and messages write them.</summary>
internal static class KernelName
{
    /// <summary>Entry point and kernel, as in <c>WidePixel UnaryKernel&lt;Relu&gt;</c>.</summary>
    public static string Of(MethodInfo entry) => entry.IsGenericMethod ? $"{entry.Name} {Of(entry.GetGenericArguments()[0])}" : entry.Name;

    /// <summary>The kernel without its type parameters.</summary>
    public static string Definition(MethodInfo entry) => entry.IsGenericMethod ? entry.GetGenericArguments()[0].Name : "";

    /// <summary>A type without namespaces.</summary>
    public static string Of(Type type)
    {
        string name = type.Name.Split('`')[0];
        return type.IsGenericType ? $"{name}<{string.Join(",", type.GetGenericArguments().Select(Of))}>" : name;
    }
}
