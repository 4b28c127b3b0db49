using HeteroAKD.Weights.Formats;

namespace HeteroAKD.Experiments.Tests.Import;

/// <summary>Names and shapes as PyTorch modules register them, each tensor with values of its own.</summary>
internal sealed class StateDict
{
    private readonly List<HostTensor> _tensors = [];

    public IReadOnlyList<HostTensor> Tensors => _tensors;

    public HostTensor this[string name] => _tensors.Single(t => t.Name == name);

    /// <summary>A tensor whose n-th value is its place in the file + n/1024.</summary>
    public StateDict Add(string name, params int[] sizes)
    {
        float[] values = new float[sizes.Aggregate(1, (a, b) => a * b)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = _tensors.Count + (i / 1024f);
        }

        _tensors.Add(HostTensor.Of(name, sizes, values));
        return this;
    }

    /// <summary>nn.Linear.</summary>
    public StateDict Linear(string name, int inFeatures, int outFeatures) => Add($"{name}.weight", outFeatures, inFeatures).Add($"{name}.bias", outFeatures);

    /// <summary>nn.Conv2d; bias where asked for.</summary>
    public StateDict Conv(string name, int inChannels, int outChannels, int kernel, bool bias = false)
    {
        Add($"{name}.weight", outChannels, inChannels, kernel, kernel);
        return bias ? Add($"{name}.bias", outChannels) : this;
    }

    /// <summary>nn.LayerNorm.</summary>
    public StateDict LayerNorm(string name, int channels) => Add($"{name}.weight", channels).Add($"{name}.bias", channels);

    /// <summary>nn.BatchNorm2d, with its counter.</summary>
    public StateDict BatchNorm(string name, int channels)
    {
        Add($"{name}.weight", channels).Add($"{name}.bias", channels).Add($"{name}.running_mean", channels).Add($"{name}.running_var", channels);
        _tensors.Add(new HostTensor($"{name}.num_batches_tracked", "I64", [], BitConverter.GetBytes(1L)));
        return this;
    }

    public void Remove(string name) => _tensors.RemoveAll(t => t.Name == name);

    public string WriteTorch(string path)
    {
        using FileStream stream = File.Create(path);
        TorchFile.Write(stream, _tensors);
        return path;
    }

    public string WriteSafeTensors(string path)
    {
        using FileStream stream = File.Create(path);
        SafeTensors.Write(stream, _tensors, new Dictionary<string, string> { ["format"] = "pt" });
        return path;
    }
}
