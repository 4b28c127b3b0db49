using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Training.Tests.Optimization;

public sealed class LearningRateScheduleTests
{
    [Fact]
    public void Warm_up_is_linear_and_the_decay_starts_at_the_peak()
    {
        LearningRateSchedule schedule = new(new ScheduleOptions { WarmupFraction = 0.1, Power = 1 }, peak: 1, steps: 100);
        Assert.Equal(0.1, schedule.At(0), 12);
        Assert.Equal(1, schedule.At(9), 12);
        Assert.Equal(1, schedule.At(10), 12);
        Assert.Equal(0.5, schedule.At(55), 12);
        Assert.Equal(0, schedule.At(100), 12);
    }

    [Fact]
    public void Warm_up_starts_at_its_factor_and_steps_win_over_the_fraction()
    {
        LearningRateSchedule schedule = new(new ScheduleOptions { WarmupSteps = 4, WarmupFactor = 0.2 }, peak: 1, steps: 100);
        Assert.Equal([0.4, 0.6, 0.8, 1.0], Enumerable.Range(0, 4).Select(s => Math.Round(schedule.At(s), 12)));
    }

    [Theory]
    [InlineData(ScheduleKind.Poly, 0.5358867312681466)]  // 0.5^0.9
    [InlineData(ScheduleKind.Cosine, 0.5)]
    [InlineData(ScheduleKind.Constant, 1)]
    public void Kinds_differ_half_way(ScheduleKind kind, double expected) =>
        Assert.Equal(expected, new LearningRateSchedule(new ScheduleOptions { Kind = kind, WarmupFraction = 0 }, 1, 100).At(50), 12);

    [Fact]
    public void Rate_never_falls_below_its_floor() =>
        Assert.Equal(0.01, new LearningRateSchedule(new ScheduleOptions { WarmupFraction = 0, MinLr = 0.01 }, 1, 10).At(10));

    [Fact]
    public void One_step_runs_at_the_peak() => Assert.Equal(2, new LearningRateSchedule(new ScheduleOptions(), 2, 1).At(0));
}
