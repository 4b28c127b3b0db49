using System.Diagnostics;
using HeteroAKD.Bench.Libtorch;
using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Optimization;
using TorchSharp;

namespace HeteroAKD.Bench.Cases;

/// <summary>AdamW over all parameters of a network, gradients given. Ours measures the gradient's norm as well, as the training loop does.</summary>
/// <param name="Model">Name in the zoo.</param>
/// <param name="Classes">Classes.</param>
/// <param name="Parameters">Trained values.</param>
internal sealed record OptimizerCase(string Model, int Classes, int Parameters) : PeerCase("adamw", $"{Model}, {Parameters} parameters")
{
    private const int GradientSeed = 5;

    // Parameter, gradient and two moments are read, all but the gradient written; about 14 operations, a root and a division.
    private const int MovedPerParameter = 7;
    private const int FlopsPerParameter = 30;

    /// <summary>The rows.</summary>
    public static IReadOnlyList<OptimizerCase> Rows { get; } = [new("segformer-b0", 19, 3_718_995) { Goal = 2 }, new("tiny-cnn-student", 11, 89_523)];

    /// <inheritdoc/>
    public override Work Work => Work.Elements((double)FlopsPerParameter * Parameters, (double)MovedPerParameter * Parameters);

    /// <inheritdoc/>
    public override IContender Ours(Device device) => new OurSide(this, device);

    /// <inheritdoc/>
    public override IContender Theirs(torch.ScalarType type) => new TorchSide(this, type);

    private static float[] Gradient(Shape shape, int index) => new CaseInput("gradient", shape) { Scale = 1e-2 }.Values(GradientSeed + index);

    private sealed class OurSide : IContender
    {
        private readonly SegmentationModel _model;
        private readonly FlatParameters _parameters;
        private readonly Optimizer _optimizer;

        public OurSide(OptimizerCase @case, Device device)
        {
            _model = ModelZoo.Create(@case.Model, @case.Classes, device, StepSetting.Seed);
            _parameters = new FlatParameters(device, [.. ParameterGroup.Of(_model, "student", 1, StepSetting.WeightDecay, spareNormsAndBiases: false)]);
            _optimizer = new Optimizer(_parameters, new OptimizerOptions { Kind = OptimizerKind.AdamW, WeightDecay = StepSetting.WeightDecay });
            int index = 0;
            foreach (Tensor parameter in _model.Parameters())
            {
                parameter.Grad!.CopyFrom(Gradient(parameter.Shape, index++));
            }
        }

        public Lap Run()
        {
            long start = Stopwatch.GetTimestamp();
            _optimizer.Step(StepSetting.LearningRate);
            return Lap.Since(start);
        }

        public IReadOnlyList<Result> Results(int batch)
        {
            Run();
            return [.. _model.Parameters().Select(p => new Result(p.Name, p.ToDoubles()))];
        }

        public void Dispose()
        {
            _optimizer.Dispose();
            _model.Dispose();
            _parameters.Dispose();
        }
    }

    private sealed class TorchSide : IContender
    {
        private readonly Parameters _parameters;
        private readonly torch.optim.Optimizer _optimizer;

        public TorchSide(OptimizerCase @case, torch.ScalarType type)
        {
            _parameters = Libtorch.Parameters.Of(@case.Model, @case.Classes, StepSetting.Seed, type);
            _optimizer = torch.optim.AdamW(_parameters.Trained.Select(p => p.Tensor), StepSetting.LearningRate, weight_decay: StepSetting.WeightDecay);
            for (int i = 0; i < _parameters.Trained.Count; i++)
            {
                torch.Tensor parameter = _parameters.Trained[i].Tensor;
                Shape shape = TorchData.ShapeOf(parameter);
                parameter.grad = TorchData.Values(Gradient(shape, i), shape, type);
            }
        }

        public Lap Run()
        {
            long start = Stopwatch.GetTimestamp();
            _optimizer.step();
            return Lap.Since(start);
        }

        public IReadOnlyList<Result> Results(int batch)
        {
            Run();
            return [.. _parameters.Trained.Select(p => new Result(p.Name, TorchData.ToDoubles(p.Tensor)))];
        }

        public void Dispose()
        {
            _optimizer.Dispose();
            _parameters.Dispose();
        }
    }
}
