using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Inference;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Nn.Models;

/// <summary>A frozen network for one size of images.</summary>
internal sealed class FrozenPass : IDisposable
{
    // A replay saves some microseconds an operation and holds the memory of the pass: not where maps are so large that the operations take milliseconds.
    private const long MaxReplayedBytes = 32 << 20;

    private readonly FrozenGraph _graph;
    private readonly Shape _shape;
    private readonly DType _type;
    private readonly bool _logitsAlone;
    private readonly int _features;
    private readonly Tensor[] _results; // logits, then the classifier's input and the encoder's maps
    private Replay _replay;
    private Tensor? _input; // [N, 3, H, W] that the recording reads
    private RecordedStep? _recorded;

    /// <summary>Looks through the network at the size of some images and makes it ready; computes nothing.</summary>
    public FrozenPass(SegmentationModel model, Tensor images, bool logitsAlone)
    {
        (_shape, _type, _logitsAlone) = (images.Shape, images.DType, logitsAlone);
        using NoGrad none = new();
        using StepScope scope = model.Device.BeginStep();
        Tensor input;
        SegmentationOutput output;
        IReadOnlyList<TracedOperation> operations;
        using (GraphTrace trace = GraphTrace.OfShapes(model.Device))
        {
            input = trace.Input(_shape, _type);
            output = model.Forward(input, Pass.Evaluation);
            operations = trace.Operations;
        }

        _features = output.Features.Count;
        Tensor[] wanted = [output.Logits, output.HeadFeature, .. Enumerable.Range(0, _features).Select(s => output.Features[s])];
        _graph = new FrozenGraph(operations, input, logitsAlone ? [output.Logits] : wanted);
        _results = new Tensor[logitsAlone ? 1 : wanted.Length];
    }

    private enum Replay
    {
        NotYet,
        Wanted,
        Ready,
        Impossible,
    }

    /// <summary>Bytes of folded and packed weights.</summary>
    public long WeightBytes => _graph.WeightBytes;

    /// <summary>Whether it was made for such images and results.</summary>
    public bool Serves(Tensor images, bool logitsAlone) => images.Shape == _shape && images.DType == _type && logitsAlone == _logitsAlone;

    /// <summary>All results.</summary>
    public SegmentationOutput Forward(Tensor images)
    {
        _graph.Run(images, _results);
        FeatureMaps features = default;
        for (int s = 0; s < _features; s++)
        {
            features = features.With(_results[2 + s]);
        }

        return new SegmentationOutput(_results[0], null, features, _results[1]);
    }

    /// <summary>The logits.</summary>
    public Tensor Logits(Tensor images)
    {
        // No replay if the caller records a step, traces the operations or checks them for NaN: the operations themselves have to run then.
        Device device = images.Device;
        bool plain = _replay == Replay.Impossible || !RecordedStep.IsSupported(device) || device.Trace is not null || device.CheckFinite;
        if (!plain && _replay == Replay.Wanted)
        {
            Record(device);
        }

        if (!plain && _replay == Replay.Ready)
        {
            Copy.Run(images, _input!);
            _recorded!.Replay();
            Tensor logits = Tensor.Empty(device, _results[0].Shape, _results[0].DType);
            Copy.Run(_results[0], logits);
            return logits;
        }

        _replay = _replay == Replay.NotYet ? (_graph.PeakBytes <= MaxReplayedBytes ? Replay.Wanted : Replay.Impossible) : _replay;
        Span<Tensor> result = new Tensor[1];
        _graph.Run(images, result);
        return result[0];
    }

    /// <summary>Gives packed weights and the memory of the recording back.</summary>
    public void Dispose()
    {
        _recorded?.Dispose();
        _input?.Dispose();
        _graph.Dispose();
    }

    // Buffers that grow at first use did so in the pass before.
    private void Record(Device device)
    {
        _input = Tensor.Persistent(device, _shape, _type);
        Fill.Run(_input, 0);
        _recorded = RecordedStep.Record(device, () => _graph.Run(_input, _results));
        _replay = _recorded.Spoiled is null ? Replay.Ready : Replay.Impossible;
        if (_replay == Replay.Ready)
        {
            _recorded.Prepare();
        }
    }
}
