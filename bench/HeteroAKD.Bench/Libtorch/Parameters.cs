using HeteroAKD.Bench.Peers;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using TorchSharp;
using TorchSharp.Modules;

namespace HeteroAKD.Bench.Libtorch;

/// <summary>The parameters and running statistics of a network, or another module, of ours as libtorch tensors, under their names.</summary>
internal sealed class Parameters : IDisposable
{
    private readonly Dictionary<string, torch.Tensor> _tensors = [];
    private readonly List<(string Name, Parameter Tensor)> _trained = [];

    /// <summary>Copies a module's state.</summary>
    public Parameters(Module module, torch.ScalarType type)
    {
        foreach (StateEntry entry in module.State())
        {
            torch.Tensor tensor = TorchData.Values(entry.Tensor.ToFloats(), entry.Tensor.Shape, type);
            if (entry.IsBuffer)
            {
                _tensors.Add(entry.Name, tensor);
                continue;
            }

            Parameter parameter = torch.nn.Parameter(tensor);
            _tensors.Add(entry.Name, parameter);
            _trained.Add((entry.Name, parameter));
        }
    }

    /// <summary>What is trained, in our order.</summary>
    public IReadOnlyList<(string Name, Parameter Tensor)> Trained => _trained;

    /// <summary>The gradients of what is trained, zeros where there are none: the auxiliary head takes no part in evaluation mode.</summary>
    public IEnumerable<Result> Gradients() =>
        _trained.Select(p => new Result($"grad.{p.Name}", p.Tensor.grad is { } gradient ? TorchData.ToDoubles(gradient) : new double[p.Tensor.numel()]));

    /// <summary>A tensor by its name in our network.</summary>
    public torch.Tensor this[string name] => _tensors[name];

    /// <summary>A tensor that a layer may lack, such as a bias.</summary>
    public torch.Tensor? Optional(string name) => _tensors.GetValueOrDefault(name);

    /// <summary>A network of the zoo, with the initial values of a seed.</summary>
    public static Parameters Of(string model, int classes, int seed, torch.ScalarType type)
    {
        using Device device = Device.Open("cpu", 1);
        using SegmentationModel ours = ModelZoo.Create(model, classes, device, seed);
        return new Parameters(ours, type);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (torch.Tensor tensor in _tensors.Values)
        {
            tensor.Dispose();
        }
    }
}
