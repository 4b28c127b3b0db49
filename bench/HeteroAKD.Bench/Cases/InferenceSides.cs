using System.Diagnostics;
using HeteroAKD.Bench.Libtorch;
using HeteroAKD.Bench.Libtorch.Models;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Weights.Onnx;
using Microsoft.ML.OnnxRuntime;
using TorchSharp;

namespace HeteroAKD.Bench.Cases;

/// <summary>Our frozen network, as <c>predict</c> and teachers run it.</summary>
internal sealed class OurInference : IContender
{
    private readonly InferenceCase _case;
    private readonly SegmentationModel _model;
    private readonly FrozenNetwork _network;
    private readonly Tensor _images; // [N, 3, H, W]

    public OurInference(InferenceCase @case, Device device)
    {
        _case = @case;
        _model = ModelZoo.Create(@case.Model, @case.Classes, device, StepSetting.Seed);
        _network = _model.Freeze();
        _images = Tensor.From(device, @case.Images.Shape, @case.Images.Values(StepSetting.ImageSeeds[0]));
    }

    /// <inheritdoc/>
    public Lap Run()
    {
        long start = Stopwatch.GetTimestamp();
        using (_model.Device.BeginStep())
        {
            _network.Logits(_images);
        }

        return Lap.Since(start);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Result> Results(int batch)
    {
        using StepScope step = _model.Device.BeginStep();
        return [_case.LastImage(_network.Logits(_images).ToDoubles())];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _images.Dispose();
        _network.Dispose();
        _model.Dispose();
    }
}

/// <summary>The network composed from libtorch's functions.</summary>
internal sealed class TorchInference : IContender
{
    private readonly InferenceCase _case;
    private readonly Func<Layers, torch.Tensor, TorchOutput> _network;
    private readonly Parameters _parameters;
    private readonly Layers _layers;
    private readonly torch.Tensor _images; // [N, 3, H, W]
    private readonly bool _lastOnly;

    public TorchInference(InferenceCase @case, torch.ScalarType type)
    {
        _case = @case;
        _lastOnly = type == torch.ScalarType.Float64;
        _network = TorchNetworks.Of(@case.Model);
        _parameters = Parameters.Of(@case.Model, @case.Classes, StepSetting.Seed, type);
        _layers = new Layers(_parameters, training: false);
        _images = TorchData.Values(@case.Images.Values(StepSetting.ImageSeeds[0]), @case.Images.Shape, type);
    }

    /// <inheritdoc/>
    public Lap Run()
    {
        long start = Stopwatch.GetTimestamp();
        using (torch.NewDisposeScope())
        using (torch.inference_mode())
        {
            _network(_layers, _images);
        }

        return Lap.Since(start);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Result> Results(int batch)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable none = torch.no_grad();
        torch.Tensor images = _lastOnly ? _images.narrow(0, _case.Batch - 1, 1) : _images;
        double[] logits = TorchData.ToDoubles(_network(_layers, images).Logits);
        return [_lastOnly ? new Result("logits", logits) : _case.LastImage(logits)];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _parameters.Dispose();
        _images.Dispose();
    }
}

/// <summary>ONNX Runtime on the graph that <c>export</c> writes, on as many threads as libtorch has.</summary>
internal sealed class OnnxInference : IContender
{
    private readonly InferenceCase _case;
    private readonly SessionOptions _options;
    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly OrtValue _images; // [N, 3, H, W]

    public OnnxInference(InferenceCase @case)
    {
        _case = @case;
        _options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            IntraOpNumThreads = torch.get_num_threads(),
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        _session = new InferenceSession(Graph(@case), _options);
        _images = OrtValue.CreateTensorValueFromMemory(
            @case.Images.Values(StepSetting.ImageSeeds[0]), [.. @case.Images.Shape.ToArray().Select(size => (long)size)]);
    }

    /// <inheritdoc/>
    public Lap Run()
    {
        long start = Stopwatch.GetTimestamp();
        Answer().Dispose();
        return Lap.Since(start);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Result> Results(int batch)
    {
        using IDisposableReadOnlyCollection<OrtValue> answer = Answer();
        return [_case.LastImage(Array.ConvertAll(answer[0].GetTensorDataAsSpan<float>().ToArray(), value => (double)value))];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _images.Dispose();
        _run.Dispose();
        _session.Dispose();
        _options.Dispose();
    }

    private IDisposableReadOnlyCollection<OrtValue> Answer() => _session.Run(_run, [NetworkGraph.Images], [_images], [NetworkGraph.Logits]);

    private static byte[] Graph(InferenceCase @case)
    {
        using Device device = Device.Open("cpu", 1);
        using SegmentationModel model = ModelZoo.Create(@case.Model, @case.Classes, device, StepSetting.Seed);
        using MemoryStream file = new();
        new NetworkGraph(model, LogitsSize.Network).Trace(@case.Images.Shape, new TranslationOptions(), new Dictionary<string, string>()).WriteTo(file);
        return file.ToArray();
    }
}
