using System.Globalization;
using HeteroAKD.Nn.Initialization;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn;

/// <summary>Where a module is built: on which device, from which random numbers, and under which name.</summary>
/// <param name="Device">Where parameters live.</param>
/// <param name="Generator">Draws initial values; null leaves parameters undefined, for a checkpoint that fills them anyway.</param>
/// <param name="Path">Name of the module in its model, such as <c>encoder.stages.0</c>; empty for the root.</param>
/// <param name="Type">Float type; <see cref="DType.Float64"/> is for gradient checks on the host.</param>
public readonly record struct Site(Device Device, Generator? Generator, string Path = "", DType Type = DType.Float32)
{
    /// <summary>A number that the path alone decides (FNV-1a; string.GetHashCode differs from process to process): names a layer's random stream.</summary>
    public int Id => (int)Path.Aggregate(2166136261u, (hash, c) => (hash ^ c) * 16777619);

    /// <summary>The site of a child.</summary>
    public Site At(string name) => this with { Path = NameOf(name) };

    /// <summary>The site of an element of a list of children.</summary>
    public Site At(string list, int index) => At(string.Create(CultureInfo.InvariantCulture, $"{list}.{index}"));

    /// <summary>The full name of something called <paramref name="name"/> here.</summary>
    public string NameOf(string name) => Path.Length == 0 ? name : $"{Path}.{name}";
}
