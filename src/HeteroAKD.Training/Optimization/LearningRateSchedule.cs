namespace HeteroAKD.Training.Optimization;

/// <summary>The learning rate of every step: linear warm-up, then the chosen decay over the steps that remain.</summary>
public sealed class LearningRateSchedule
{
    private readonly ScheduleOptions _config;
    private readonly double _peak;
    private readonly int _steps;
    private readonly int _warmup;

    /// <summary>A schedule.</summary>
    /// <param name="config">Shape, warm-up and lowest rate.</param>
    /// <param name="peak">Rate at the end of warm-up.</param>
    /// <param name="steps">All steps, warm-up included.</param>
    public LearningRateSchedule(ScheduleOptions config, double peak, int steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        _config = config;
        _peak = peak;
        _steps = steps;
        int wanted = config.WarmupSteps > 0 ? config.WarmupSteps : (int)Math.Round(config.WarmupFraction * steps);
        _warmup = Math.Min(wanted, steps);
    }

    /// <summary>The rate of a step, counted from 0. The step after the last one would have the decay's end, <c>minLr</c>.</summary>
    public double At(int step)
    {
        if (step < _warmup)
        {
            // The first step already moves: (step + 1) / warmup, and the last warm-up step runs at the peak.
            double part = (step + 1.0) / _warmup;
            return _peak * (_config.WarmupFactor + ((1 - _config.WarmupFactor) * part));
        }

        double t = Math.Min(1, (double)(step - _warmup) / Math.Max(1, _steps - _warmup));
        double decay = _config.Kind switch
        {
            ScheduleKind.Poly => Math.Pow(1 - t, _config.Power),
            ScheduleKind.Cosine => (1 + Math.Cos(Math.PI * t)) / 2,
            _ => 1,
        };
        return Math.Max(_config.MinLr, _peak * decay);
    }
}
