using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Checks;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.DeviceBench.Rows;

/// <summary>AdamW over the parameters of a network, for gradients that are there.</summary>
internal sealed class AdamWork : RowWork
{
    // Value, gradient and both means read, all but the gradient written.
    private const int MovedPerParameter = 7;
    private const int Seed = 1;
    private const double GradientScale = 1e-2;
    private const double LearningRate = 1e-4;
    private const double WeightDecay = 0.01;

    private static readonly OptimizerOptions s_defaults = new();

    private readonly SegmentationModel _model;
    private readonly FlatParameters _parameters;
    private readonly Optimizer _optimizer;

    /// <summary>Builds the network and its gradients.</summary>
    public AdamWork(Device device, RowSizes sizes)
    {
        _model = ModelZoo.Create(sizes.Model, sizes.Classes, device, Seed);
        _parameters = new FlatParameters(device, [.. ParameterGroup.Of(_model, "student", 1, WeightDecay, spareNormsAndBiases: false)]);
        _optimizer = new Optimizer(_parameters, new OptimizerOptions { Kind = OptimizerKind.AdamW, WeightDecay = WeightDecay });
        using Tensor gradient = new RowInput("gradient", _parameters.Gradients.Shape) { Scale = GradientScale }.Tensor(device, DType.Float32, Seed);
        _parameters.Gradients.CopyFrom(gradient.ToFloats());
    }

    /// <inheritdoc/>
    public override bool IsDivided => false;

    /// <summary>Elements that an update moves.</summary>
    public double Moved => (double)MovedPerParameter * _parameters.Values.Shape.Count;

    /// <summary>Holds the values after two updates against plain loops in double.</summary>
    public static RowCheck Check(Device device, RowSizes sizes)
    {
        using AdamWork work = new(device, sizes);
        double[] values = work._parameters.Values.ToDoubles();
        double[] gradients = work._parameters.Gradients.ToDoubles();
        work.Run(() => { });
        work.Run(() => { });
        double[] actual = work._parameters.Values.ToDoubles();
        double worst = 0;
        double scale = 0;
        for (int i = 0; i < values.Length; i++)
        {
            double expected = Updated(Updated(values[i], gradients[i]), gradients[i]);
            worst = Math.Max(worst, Math.Abs(actual[i] - expected));
            scale = Math.Max(scale, Math.Abs(expected));
        }

        return new RowCheck(worst / scale, 2 * FloatTolerance.Of(ErrorClass.Arithmetic, 1), "values");
    }

    /// <inheritdoc/>
    public override void Run(Action afterForward) => _optimizer.Step(LearningRate);

    /// <inheritdoc/>
    public override void Dispose()
    {
        _optimizer.Dispose();
        _model.Dispose();
        _parameters.Dispose();
    }

    // With the same gradient in every step both means, once corrected, are the gradient and its square.
    private static double Updated(double value, double gradient) =>
        (value * (1 - (LearningRate * WeightDecay))) - (LearningRate * gradient / (Math.Abs(gradient) + s_defaults.Eps));
}
