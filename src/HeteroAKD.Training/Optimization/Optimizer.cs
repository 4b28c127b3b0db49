using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Optim;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Training.Optimization;

/// <summary>
/// Updates flat parameters: one launch to measure the gradient, one to clip, one a group to update. What changes from step to step lies in a small
/// buffer on the device, so the launches are the same every step.
/// </summary>
public sealed class Optimizer : IDisposable
{
    private readonly OptimizerOptions _config;
    private readonly FlatParameters _parameters;
    private readonly Tensor _scalars; // [OptimizerScalars.Count]
    private readonly Tensor _squares; // [8] sum of squared gradients
    private readonly Tensor _norm; // [1] norm before clipping
    private readonly Tensor _clipped; // [count] the gradients of all groups without a rule of their own
    private readonly Tensor? _opposing; // [count] those of opponents
    private readonly Tensor _first; // [count] AdamW's mean of g, SGD's momentum
    private readonly Tensor? _second; // [count] mean of g² of AdamW and of opponents' Adam
    private readonly Piece[] _pieces; // one a group

    /// <summary>Takes over the parameters.</summary>
    /// <exception cref="HeteroAkdException"><see cref="OptimizerOptions.Betas"/> are not two.</exception>
    public Optimizer(FlatParameters parameters, OptimizerOptions config)
    {
        if (config.Betas.Count != 2)
        {
            throw new HeteroAkdException($"optimizer: Betas needs 2 values, not {config.Betas.Count}");
        }

        _parameters = parameters;
        _config = config;
        Device device = parameters.Values.Device;
        _scalars = Tensor.Persistent(device, new Shape(OptimizerScalars.Count));
        _squares = Tensor.Persistent(device, new Shape(Sums<F32>.Count));
        _norm = Tensor.Persistent(device, new Shape(1));
        Fill.Run(_norm, 0);
        _first = Zeros(device);
        _second = config.Kind == OptimizerKind.AdamW || parameters.Groups.Any(g => g.Own is not null) ? Zeros(device) : null;
        (_clipped, _opposing) = Parted(parameters);
        _pieces = [.. parameters.Groups.Zip(parameters.Ranges, PieceOf)];
    }

    /// <summary>Updates done.</summary>
    public int Steps { get; private set; }

    /// <summary>Clears the gradients.</summary>
    public void ZeroGrad() => _parameters.ZeroGrad();

    /// <summary>Measures and clips the gradient, then updates all parameters.</summary>
    /// <param name="learningRate">Rate of this step, before the groups' multipliers.</param>
    public void Step(double learningRate)
    {
        Steps++;
        SetScalars(_scalars, learningRate, _config.Betas[0], _config.Betas[1]);
        Device device = _scalars.Device;
        SquareSum.Run(_clipped, _squares);
        float maxNorm = _config.GradientClip > 0 ? (float)_config.GradientClip : float.PositiveInfinity;
        device.Pixel(new ClipScaleKernel(_squares.Mem, _scalars.Mem, _norm.Mem, maxNorm), 1, 1, 1, DType.Float32);
        for (int i = 0; i < _parameters.Groups.Count; i++)
        {
            Update(_parameters.Groups[i], _pieces[i]);
        }
    }

    /// <summary>Norm of the last step's gradient, without that of opponents, before clipping; waits for the device.</summary>
    public double GradientNorm() => _norm.Item();

    /// <summary>Norm of the last step's gradient of all opponents, 0 without one; measured now, waits for the device.</summary>
    public double OpponentGradientNorm()
    {
        if (_opposing is null)
        {
            return 0;
        }

        SquareSum.Run(_opposing, _squares);
        return Math.Sqrt(_squares.View(new Shape(1)).Item());
    }

    /// <summary>What a checkpoint keeps beside the parameters; <see cref="Steps"/> goes with it.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> State(string prefix)
    {
        yield return (prefix + "first", _first);
        if (_second is not null)
        {
            yield return (prefix + "second", _second);
        }
    }

    /// <summary>Goes on from a checkpoint whose state has been copied in.</summary>
    public void Resume(int steps) => Steps = steps;

    /// <summary>Frees the state; the parameters stay their owner's.</summary>
    public void Dispose()
    {
        _scalars.Dispose();
        _squares.Dispose();
        _norm.Dispose();
        _first.Dispose();
        _second?.Dispose();
        foreach (Piece piece in _pieces)
        {
            piece.OwnScalars?.Dispose();
        }
    }

    private void SetScalars(Tensor scalars, double rate, double beta1, double beta2)
    {
        Span<double> wide = stackalloc double[OptimizerScalars.Count];
        OptimizerScalars.Fill(wide, rate, beta1, beta2, Steps);
        Span<float> narrow = stackalloc float[OptimizerScalars.Count];
        for (int i = 0; i < narrow.Length; i++)
        {
            narrow[i] = (float)wide[i];
        }

        scalars.CopyFrom(narrow);
    }

    private void Update(ParameterGroup group, in Piece p)
    {
        Device device = _scalars.Device;
        if (group.Own is { } own)
        {
            SetScalars(p.OwnScalars!, own.Lr, own.Beta1, own.Beta2);
            AdamWKernel kernel = new(
                p.Values, p.Gradients, p.First, p.Second, p.OwnScalars!.Mem, own.Beta1, own.Beta2, own.Eps, group.WeightDecay, group.LrMultiplier);
            device.Pixel(kernel, 1, p.Count, 6, DType.Float32);
        }
        else if (_config.Kind == OptimizerKind.AdamW)
        {
            AdamWKernel kernel = new(
                p.Values, p.Gradients, p.First, p.Second, _scalars.Mem, _config.Betas[0], _config.Betas[1], _config.Eps, group.WeightDecay, group.LrMultiplier);
            device.Pixel(kernel, 1, p.Count, 6, DType.Float32);
        }
        else
        {
            SgdKernel kernel = new(
                p.Values, p.Gradients, p.First, _scalars.Mem, (float)_config.Momentum, (float)group.WeightDecay, _config.Nesterov ? 1
                    : 0, (float)group.LrMultiplier);
            device.Pixel(kernel, 1, p.Count, 4, DType.Float32);
        }
    }

    // Views are objects: made once, not in every step.
    private Piece PieceOf(ParameterGroup group, (int Start, int Count) range)
    {
        Shape shape = new(range.Count);
        Mem first = _first.View(shape, range.Start).Mem;
        return new Piece(
            range.Count,
            _parameters.Values.View(shape, range.Start).Mem,
            _parameters.Gradients.View(shape, range.Start).Mem,
            first,
            _second?.View(shape, range.Start).Mem ?? first,
            group.Own is null ? null : Tensor.Persistent(_first.Device, new Shape(OptimizerScalars.Count)));
    }

    private static (Tensor Clipped, Tensor? Opposing) Parted(FlatParameters parameters)
    {
        int own = parameters.Groups.Count(g => g.Own is not null);
        int others = parameters.Groups.Count - own;
        if (parameters.Groups.Take(others).Any(g => g.Own is not null))
        {
            throw new ArgumentException("Groups with a rule of their own stand after all others.", nameof(parameters));
        }

        if (own == 0)
        {
            return (parameters.Gradients, null);
        }

        int start = parameters.Ranges[others].Start;
        return (parameters.Gradients.View(new Shape(start)), parameters.Gradients.View(new Shape(parameters.Gradients.Shape.Count - start), start));
    }

    private Tensor Zeros(Device device)
    {
        Tensor zeros = Tensor.Persistent(device, _parameters.Values.Shape);
        zeros.Name = "state of the optimiser";
        Fill.Run(zeros, 0);
        return zeros;
    }

    /// <summary>A group's stretch of the flat memory, [Count] each, and what its own rule reads.</summary>
    private readonly record struct Piece(int Count, Mem Values, Mem Gradients, Mem First, Mem Second, Tensor? OwnScalars);
}
