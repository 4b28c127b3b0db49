using HeteroAKD.Distillation;
using HeteroAKD.Nn;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Training.Loop;

/// <summary>
/// Forward and backward pass on the batch in <see cref="StepInputs"/>. The first step runs as it is written, the next ones are recorded as well; once two in
/// a row launched the same, the last is replayed from then on. If that does not come about, every step goes on as the first, and the log says why.
/// </summary>
internal sealed class TrainingStep : IDisposable
{
    // Buffers that grow at first use may make the first recordings differ.
    private const int Attempts = 3;

    private readonly TrainingJob _job;
    private readonly StepInputs _inputs;
    private readonly Action<string> _say;
    private readonly Action _body;
    private readonly Tensor _key; // [1] of the step's masks
    private Pass _pass;
    private float _share;
    private ObjectiveResult _result;
    private RecordedStep? _recorded;
    private Tensor? _images; // those of the recording
    private Phase _phase;
    private int _attempts;

    /// <summary>Takes over neither network nor inputs.</summary>
    /// <param name="job">Network and objective.</param>
    /// <param name="inputs">Where the batches are.</param>
    /// <param name="replay">Whether to record at all.</param>
    /// <param name="say">Hears how recording ended.</param>
    public TrainingStep(TrainingJob job, StepInputs inputs, bool replay, Action<string> say)
    {
        _job = job;
        _inputs = inputs;
        _say = say;
        _body = Body;
        _key = Tensor.Persistent(job.Model.Device, new Shape(1), DType.Int32);
        _phase = replay && RecordedStep.IsSupported(job.Model.Device) ? Phase.First : Phase.Plain;
    }

    private enum Phase
    {
        Plain,
        First,
        Recording,
        Comparing,
        Replaying,
    }

    /// <summary>Launches of a replayed step; 0 while steps are not replayed.</summary>
    public int Launches => _phase == Phase.Replaying ? _recorded!.Launches : 0;

    /// <summary>Runs the step.</summary>
    /// <param name="pass">Training, with the key of the step's masks.</param>
    /// <param name="share">The loss's own gradient: 1 over the accumulated micro-steps.</param>
    /// <param name="read">Called while the results exist.</param>
    public void Run(in Pass pass, float share, Action<ObjectiveResult> read)
    {
        _pass = pass;
        if (_phase != Phase.Plain)
        {
            // Only a replay needs the key in device memory; the masks are the same either way.
            _key.CopyFrom([pass.Key]);
            _pass = pass with { Counter = _key };
        }

        _share = share;
        if (_phase > Phase.First && !ReferenceEquals(_images, _inputs.Images))
        {
            Drop();
            _phase = Phase.First;
            _attempts = 0;
        }

        switch (_phase)
        {
            case Phase.Replaying:
                _recorded!.Replay();
                read(_result);
                break;
            case Phase.Recording:
                _recorded = RecordedStep.Record(_job.Model.Device, _body);
                _phase = Phase.Comparing;
                read(_result);
                break;
            case Phase.Comparing:
                Compare(read);
                break;
            default:
                using (_job.Model.Device.BeginStep())
                {
                    Body();
                    read(_result);
                }

                _phase = _phase == Phase.First ? Phase.Recording : Phase.Plain;
                _images = _inputs.Images;
                break;
        }
    }

    /// <summary>Gives its memory back.</summary>
    public void Dispose()
    {
        Drop();
        _key.Dispose();
    }

    private void Compare(Action<ObjectiveResult> read)
    {
        // The first recording's memory goes back before the second begins, so that equal steps get equal addresses.
        RecordedStep first = _recorded!;
        first.Dispose();
        _recorded = null;
        _phase = Phase.Recording;
        RecordedStep second = RecordedStep.Record(_job.Model.Device, _body);
        _recorded = second;
        read(_result);
        string? reason = first.Spoiled ?? second.Spoiled ?? first.DifferenceTo(second);
        if (reason is null)
        {
            _phase = Phase.Replaying;
            string how = second.Prepare();
            _say($"steps are replayed: {second.Launches} launches{(how.Length > 0 ? $" {how}" : "")}");
        }
        else if (++_attempts < Attempts)
        {
            _phase = Phase.Comparing;
        }
        else
        {
            Drop();
            _phase = Phase.Plain;
            _say($"steps are not replayed: {reason}");
        }
    }

    private void Drop()
    {
        _recorded?.Dispose();
        _recorded = null;
    }

    private void Body()
    {
        _result = _job.Objective.Loss(_job.Model, _inputs.Images, _inputs.Labels, _pass);
        Device device = _job.Model.Device;
        device.Tape.Backward(_result.Total, Tensor.Full(device, _result.Total.Shape, _share));
    }
}
