using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Initialization;
using HeteroAKD.Nn.Layers;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Training.Loop;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Training.Tests.Loop;

/// <summary>The loop for modules of one's own.</summary>
public sealed class ModuleTrainerTests : IDisposable
{
    private const int Steps = 8;

    private readonly TemporaryFolder _folder = new();
    private readonly Device _device = Device.Open("cpu", 1);

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_step_is_clear_forward_backward_update()
    {
        using Line byHand = NewLine();
        OptimizerOptions rule = new() { Lr = 0.05 };
        using (FlatParameters parameters = new(_device, [.. ParameterGroup.Of(byHand, "line", 1, rule.WeightDecay, spareNormsAndBiases: true)]))
        using (Optimizer optimizer = new(parameters, rule))
        {
            LearningRateSchedule schedule = new(new ScheduleOptions(), rule.Lr, Steps);
            for (int step = 0; step < Steps; step++)
            {
                optimizer.ZeroGrad();
                using (_device.BeginStep())
                {
                    Loss(byHand, step, Pass.Train((int)CounterHash.Hash(0, step))).Backward();
                }

                optimizer.Step(schedule.At(step));
            }
        }

        using Line line = NewLine();
        Train(line, Options(rule));

        Assert.Equal(Values(byHand), Values(line));
    }

    [Fact]
    public void Mini_batches_of_a_step_are_averaged()
    {
        OptimizerOptions rule = new() { Kind = OptimizerKind.Sgd, Lr = 0.05 };
        using Line twice = NewLine();
        Train(twice, Options(rule with { Accumulate = 2 }), (batch, pass) => Loss(twice, batch / 2, pass)); // each step sees one mini-batch twice
        using Line once = NewLine();
        Train(once, Options(rule));

        // Running statistics have seen every mini-batch twice, and differ.
        Assert.Equal(once.Parameters().SelectMany(p => p.ToFloats()), twice.Parameters().SelectMany(p => p.ToFloats()), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void The_loss_is_reported_every_so_many_steps_and_at_the_end()
    {
        using Line line = NewLine();
        using ModuleTrainer trainer = new(line, Options(new OptimizerOptions { Lr = 0.05 }) with { LogEvery = 3 });
        List<(int Step, double Loss)> reports = [];

        trainer.Run((batch, pass) => Loss(line, 0, pass), (step, loss) => reports.Add((step, loss)));

        Assert.Equal([3, 6, 8], reports.Select(r => r.Step));
        Assert.True(reports[2].Loss < reports[0].Loss, string.Join(", ", reports));
        Assert.True(trainer.GradientNorm() > 0);
    }

    [Theory]
    [InlineData(OptimizerKind.AdamW)]
    [InlineData(OptimizerKind.Sgd)]
    public void A_training_goes_on_bit_for_bit(OptimizerKind kind)
    {
        OptimizerOptions rule = new() { Kind = kind, Lr = 0.05 };
        using Line unbroken = NewLine();
        Train(unbroken, Options(rule));

        string path = _folder.File("stopped.safetensors");
        using (Line line = NewLine())
        using (ModuleTrainer trainer = new(line, Options(rule)))
        using (CancellationTokenSource stop = new())
        {
            Assert.Throws<OperationCanceledException>(() => trainer.Run(
                (batch, pass) =>
                {
                    if (batch == 4)
                    {
                        stop.Cancel();
                    }

                    return Loss(line, batch, pass);
                },
                cancellation: stop.Token));
            Assert.Equal(5, trainer.Step);
            trainer.Save(path);
        }

        using Line other = new(new Site(_device, new Generator(seed: 99)));
        using (ModuleTrainer trainer = new(other, Options(rule)))
        {
            trainer.Load(path);
            Assert.Equal(5, trainer.Step);
            trainer.Run((batch, pass) => Loss(other, batch, pass));
        }

        Assert.Equal(Values(unbroken), Values(other));
    }

    [Fact]
    public void Parameters_that_want_no_gradient_stay_as_they_are()
    {
        using Line line = NewLine();
        line.Last.RequireGrad(false);
        float[] frozen = Values(line.Last);
        float[] trained = Values(line.First);

        Train(line, Options(new OptimizerOptions { Lr = 0.05, WeightDecay = 1 }));

        Assert.Equal(frozen, Values(line.Last));
        Assert.NotEqual(trained, Values(line.First));
    }

    [Fact]
    public void Several_modules_are_trained_and_saved_together()
    {
        Site site = new(_device, new Generator(seed: 1));
        using Line first = new(site.At("student"));
        using Line second = new(site.At("projector"));
        float[] before = Values(second);
        using ModuleTrainer trainer = new([first, second], Options(new OptimizerOptions()));
        trainer.Run((batch, pass) => Loss(first, batch, pass) + Loss(second, batch, pass));
        string path = _folder.File("both.safetensors");
        trainer.Save(path);

        Assert.NotEqual(before, Values(second));
        Assert.Contains("model.projector.first.weight", Checkpoint.Load(path).Names);
    }

    [Fact]
    public void A_file_of_another_training_changes_nothing()
    {
        string path = _folder.File("adamw.safetensors");
        using (Line line = NewLine())
        using (ModuleTrainer trainer = new(line, Options(new OptimizerOptions())))
        {
            trainer.Run((batch, pass) => Loss(line, batch, pass));
            trainer.Save(path);
        }

        using Line other = NewLine();
        float[] before = Values(other);
        using (ModuleTrainer sgd = new(other, Options(new OptimizerOptions { Kind = OptimizerKind.Sgd })))
        {
            Assert.Contains("optimizer.second", Assert.Throws<CheckpointException>(() => sgd.Load(path)).Message, StringComparison.Ordinal);
        }

        using (ModuleTrainer shorter = new(other, Options(new OptimizerOptions()) with { Steps = 3 }))
        {
            Assert.Contains("8", Assert.Throws<CheckpointException>(() => shorter.Load(path)).Message, StringComparison.Ordinal);
        }

        Assert.Equal(before, Values(other));
    }

    [Fact]
    public void What_cannot_be_trained_is_an_error_that_says_why()
    {
        using Line line = NewLine();
        using Line same = NewLine();
        ModuleTrainingOptions options = Options(new OptimizerOptions());
        Assert.Contains("'first.weight'", Error(() => new ModuleTrainer([line, same], options)), StringComparison.Ordinal);
        Assert.Contains(
            "OptimizerOptions.Lr must lie in (0, 100], not -1",
            Error(() => new ModuleTrainer(line, Options(new OptimizerOptions { Lr = -1 }))),
            StringComparison.Ordinal);
        Assert.Contains(
            "OptimizerOptions.Betas", Error(() => new ModuleTrainer(line, Options(new OptimizerOptions { Betas = [0.9, 1] }))), StringComparison.Ordinal);
        Assert.Contains("2 values, not 1", Error(() => new ModuleTrainer(line, Options(new OptimizerOptions { Betas = [0.9] }))), StringComparison.Ordinal);
        Assert.Contains("ModuleTrainingOptions.Steps", Error(() => new ModuleTrainer(line, options with { Steps = 0 })), StringComparison.Ordinal);
        Assert.Contains(
            "ScheduleOptions.Power",
            Error(() => new ModuleTrainer(line, options with { Schedule = new ScheduleOptions { Power = double.NaN } })),
            StringComparison.Ordinal);
        Assert.Contains(
            "mini-batches",
            Error(() => new ModuleTrainer(line, options with { Steps = 1_000_000, Optimizer = new OptimizerOptions { Accumulate = 4096 } })),
            StringComparison.Ordinal);
        line.RequireGrad(false);
        Assert.Contains("RequireGrad()", Error(() => new ModuleTrainer(line, options)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_loss_that_cannot_be_used_is_an_error_that_says_why()
    {
        using Line line = NewLine();
        using Device elsewhere = Device.Open("cpu", 1);
        Assert.Contains(
            "not a scalar", Error(() => Train(line, Options(new()), (batch, pass) => Tensor.Full(_device, new Shape(2), 1))), StringComparison.Ordinal);
        Assert.Contains(
            "wants a gradient", Error(() => Train(line, Options(new()), (batch, pass) => Tensor.Full(_device, new Shape(1), 1))), StringComparison.Ordinal);
        Assert.Contains(
            "two devices", Error(() => Train(line, Options(new()), (batch, pass) => Tensor.Full(elsewhere, new Shape(1), 1))), StringComparison.Ordinal);
        string text = Error(() => Train(line, Options(new()), (batch, pass) => Loss(line, batch, pass) * float.NaN));
        Assert.Contains("step 0", text, StringComparison.Ordinal);
        Assert.Contains("NaN", text, StringComparison.Ordinal);
    }

    private static ModuleTrainingOptions Options(OptimizerOptions rule) => new() { Steps = Steps, Optimizer = rule };

    private static string Error(Action action) => Assert.ThrowsAny<HeteroAkdException>(action).Message;

    private static float[] Values(Module module) => [.. module.State().SelectMany(e => e.Tensor.ToFloats())];

    private Line NewLine() => new(new Site(_device, new Generator(seed: 1)));

    private void Train(Line line, ModuleTrainingOptions options, Func<int, Pass, Tensor>? loss = null)
    {
        using ModuleTrainer trainer = new(line, options);
        trainer.Run(loss ?? ((batch, pass) => Loss(line, batch, pass)));
    }

    /// <summary>The squared distance from 3x - 1 of what the line says of x.</summary>
    private Tensor Loss(Line line, int batch, in Pass pass)
    {
        Random random = new(batch);
        float[] x = [.. Enumerable.Range(0, 16).Select(_ => random.NextSingle())];
        Tensor input = Tensor.From(_device, new Shape(16, 1, 1, 1), x);
        Tensor target = Tensor.From(_device, new Shape(16, 1, 1, 1), [.. x.Select(v => (3 * v) - 1)]);
        return Functional.MseLoss(line.Forward(input, pass), target);
    }

    /// <summary>Two 1x1 convolutions and a batch norm between: parameters of one and of more dimensions, and running statistics.</summary>
    private sealed class Line : Layer
    {
        public Line(in Site site)
            : base(site)
        {
            First = Add(new Conv2d(site.At("first"), 1, 4, kernelSize: 1));
            Norm = Add(new BatchNorm2d(site.At("norm"), 4));
            Last = Add(new Conv2d(site.At("last"), 4, 1, kernelSize: 1));
        }

        public Conv2d First { get; }

        public Conv2d Last { get; }

        private BatchNorm2d Norm { get; }

        public override Tensor Forward(Tensor input, in Pass pass) => Last.Forward(Norm.Forward(First.Forward(input, pass), pass), pass);
    }
}
