using System.Reflection;

namespace HeteroAKD.Tensors;

/// <summary>The version of these assemblies. They share one, which MinVer takes from the last tag of the repository.</summary>
internal static class ProductVersion
{
    /// <summary>With the commit, as <c>heteroakd --version</c> prints it: <c>0.2.0-alpha.0.12+6f1e…</c>.</summary>
    public static string WithCommit { get; } =
        typeof(ProductVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>The semantic version: <c>0.2.0</c> on its tag, <c>0.2.0-alpha.0.12</c> twelve commits after the tag before it.</summary>
    public static string Number { get; } = WithCommit.Split('+')[0];
}
