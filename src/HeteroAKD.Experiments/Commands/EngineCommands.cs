using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Commands;

/// <summary>One device of this machine.</summary>
/// <param name="Name">The name that <c>--device</c> takes.</param>
/// <param name="Description">The hardware in words.</param>
/// <param name="MemoryBytes">Memory it can use; 0 where unknown.</param>
/// <param name="Available">Whether it can be used.</param>
/// <param name="Note">Lanes, threads, or why it cannot be used.</param>
public sealed record DeviceInfo(string Name, string Description, long MemoryBytes, bool Available, string Note);

/// <summary>A network that can be built by name.</summary>
/// <param name="Name">The name that configurations take.</param>
/// <param name="Family">What it mainly computes with.</param>
/// <param name="Parameters">Its trainable values, those of an auxiliary head among them.</param>
public sealed record ModelSummary(string Name, ModelFamily Family, long Parameters);

/// <summary>Published weights that configurations name without a path.</summary>
/// <param name="Name">What <c>teacher.pretrained</c> and <c>student.pretrained</c> take.</param>
/// <param name="Description">Whose they are.</param>
/// <param name="Path">The file, or null where this machine has none.</param>
public sealed record PretrainedSummary(string Name, string Description, string? Path);

/// <summary>Lists devices and networks.</summary>
public interface IInfoCommand
{
    /// <summary>Every kind of device, whether this machine has it or not.</summary>
    IReadOnlyList<DeviceInfo> Devices();

    /// <summary>Every network, with so many classes.</summary>
    IReadOnlyList<ModelSummary> Models(int classes);

    /// <summary>Every published file of weights that has a name here.</summary>
    IReadOnlyList<PretrainedSummary> Pretrained();

    /// <summary>What a network costs for one image of height x width.</summary>
    ModelProfile Profile(string model, int classes, int height, int width);
}

/// <summary>One checked gradient.</summary>
/// <param name="Op">The op.</param>
/// <param name="Case">Shapes and attributes.</param>
/// <param name="Error">Largest error against central differences in float64.</param>
/// <param name="Tolerance">Largest error allowed.</param>
public sealed record GradientCheck(string Op, string Case, double Error, double Tolerance)
{
    /// <summary>Whether the gradient is right; an error that is NaN is not.</summary>
    public bool Passed => Error <= Tolerance;
}

/// <summary>Checks gradients.</summary>
public interface IGradcheckCommand
{
    /// <summary>
    /// Checks every op whose name contains the filter, yielding each as it is done; <paramref name="threads"/> are those of the cpu device, 0 for every core.
    /// </summary>
    IEnumerable<GradientCheck> Run(string filter, int seed, int threads, CancellationToken cancellation);
}

/// <summary>What an op takes, for a person.</summary>
/// <param name="Name">PyTorch's name.</param>
/// <param name="Inputs">Tensors with their shapes, for example <c>weight [out, in/groups, kH, kW]</c>.</param>
/// <param name="Attributes">Attributes with defaults, for example <c>stride=1</c>.</param>
/// <param name="Outputs">Tensors with their shapes.</param>
public sealed record OpDescription(string Name, IReadOnlyList<string> Inputs, IReadOnlyList<string> Attributes, IReadOnlyList<string> Outputs);

/// <summary>Asks for one op on tensors from a file.</summary>
/// <param name="Name">The op.</param>
/// <param name="Input">Safetensors file with its inputs by name, and with <paramref name="Gradients"/> the upstream gradients <c>grad.OUTPUT</c>.</param>
/// <param name="Output">Safetensors file to write.</param>
/// <param name="Attributes">Texts <c>attribute=value</c>.</param>
/// <param name="Device">The device.</param>
/// <param name="Gradients">Whether to write <c>grad.INPUT</c> too.</param>
/// <param name="Precision">How products round their factors.</param>
/// <param name="Threads">Threads of the cpu device; 0 for every core.</param>
public sealed record OpRequest(
    string Name, string Input, string Output, IReadOnlyList<string> Attributes, string Device, bool Gradients, MatrixPrecision Precision =
        MatrixPrecision.Fp32, int Threads = 0);

/// <summary>Runs ops of the table.</summary>
public interface IOpCommand
{
    /// <summary>Every op, in the order of the table.</summary>
    IReadOnlyList<OpDescription> List();

    /// <summary>Runs one op and returns the names and shapes of what it wrote, one a line.</summary>
    IReadOnlyList<string> Run(OpRequest request);
}
