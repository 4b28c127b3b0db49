using HeteroAKD.Experiments.Plans;

namespace HeteroAKD.Experiments.Tests.Plans;

/// <summary>What a step of each arm costs: <c>experiment --cost</c>.</summary>
public sealed class CostTests
{
    private const string Small = """
        base: base.yaml
        set:
          data: {kind: scenes, trainCount: 8, valCount: 2, testCount: 2, studentLimit: 8, size: {width: 64, height: 64}}
          teacher: {model: tiny-cnn-student}
          training: {steps: 10, batchSize: 2}
        shared: {teachers: {good: {}}}
        cells:
          trusted: {teacher: good}
          few: {teacher: good, data: {studentLimit: 4}}
        arms:
          alone: {distillation.method: none}
          kd: {distillation: {method: kd, lambda1: 2}}
          both: {distillation: {method: heteroakd, lambda1: 2, lambda2: 1}}
        seeds: 1-2
        compare: {control: alone}
        """;

    private static string FileOf(TestPlan plan) => Path.ChangeExtension(plan.Csv, "cost.csv");

    [Fact]
    public void Each_arm_is_measured_with_its_terms()
    {
        using TestPlan plan = new(Small);
        ExperimentOutcome outcome = plan.Cost();
        CostFile file = CostFile.Read(FileOf(plan))!;
        Assert.Equal(FileOf(plan), outcome.Files[0]);
        Assert.Equal(["alone", "kd", "both"], file.Costs.Select(c => c.Arm));
        Assert.StartsWith("cell trusted, cpu, 4 threads, ", file.Where, StringComparison.Ordinal);
        ArmCost alone = file.Costs[0], kd = file.Costs[1], both = file.Costs[2];
        Assert.Equal((1.0, 1.0, 1.0), alone.TimesAlone);
        Assert.Equal(default, alone.Teacher);
        Assert.Empty(alone.Terms);
        Assert.Equal(["kd"], kd.Terms.Select(t => t.Name));
        Assert.Equal(["heteroakd", "kd"], both.Terms.Select(t => t.Name).Order(StringComparer.Ordinal));
        Assert.All(file.Costs, c => Assert.True(c.Step > 0 && c.Forward > 0 && c.Backward > 0 && c.PeakBytes > 0 && c.Launches > 0, c.Arm));

        // Counts, not times: the teacher and L_hakd are launches and memory that the student alone has not.
        Assert.True(kd.Launches > alone.Launches && both.Launches > kd.Launches);
        Assert.True(both.PeakBytes > alone.PeakBytes);
        Assert.Contains(
            "the shared teacher good is not there; its initial weights take as long",
            plan.Progress.Lines.Where(l => l.StartsWith("kd:", StringComparison.Ordinal)).Select(l => l[4..]));
    }

    [Fact]
    public void The_report_prints_the_cost_beside_the_gain()
    {
        using TestPlan plan = new(Small);
        Assert.DoesNotContain("Cost of a step", plan.Report().Report, StringComparison.Ordinal);
        new CostFile([Example], "cpu, 2 threads").Write(FileOf(plan));
        string report = plan.Report().Report;
        Assert.Contains("Measured by 'experiment --cost' (cpu, 2 threads)", report, StringComparison.Ordinal);
        Assert.Contains("hakd 2.00 ± 0.30 (16.0 %), kd -0.10 ± 0.20 (-0.8 %)", report, StringComparison.Ordinal);
        Assert.Contains("Cost of a step", File.ReadAllText(Path.ChangeExtension(plan.Csv, "md")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cost_is_read_as_it_was_written()
    {
        using TestPlan plan = new(Small);
        new CostFile([Example], "cell a, cpu").Write(FileOf(plan));
        CostFile read = CostFile.Read(FileOf(plan))!;
        Assert.Equal("cell a, cpu", read.Where);
        Assert.Equal(Example with { Terms = [] }, read.Costs[0] with { Terms = [] });
        Assert.Equal(Example.Terms, read.Costs[0].Terms);
    }

    [Theory]
    [InlineData("arm,seconds\nkd,1\n", "is not what 'experiment --cost' writes; remove it and measure again")]
    [InlineData("", "is not what 'experiment --cost' writes")]
    [InlineData(null, "is damaged (")]
    public void A_foreign_or_damaged_file_is_named(string? text, string message)
    {
        using TestPlan plan = new(Small);
        new CostFile([Example], "cpu").Write(FileOf(plan));
        File.WriteAllText(FileOf(plan), text ?? File.ReadAllText(FileOf(plan)).Replace("12.5", "much", StringComparison.Ordinal));
        string report = plan.Report().Report;
        Assert.Contains(message, report, StringComparison.Ordinal);
        Assert.Contains("0 of 12 runs are finished", report, StringComparison.Ordinal);
    }

    [Fact]
    public void A_difference_is_the_median_with_its_interval()
    {
        // In R: x <- 1:9 / 1000; 1.82 * IQR(x) / sqrt(9) with the quartiles 3 and 7.
        CostDifference difference = CostDifference.Of(Enumerable.Range(1, 9).Reverse().Select(i => i / 1000.0));
        Assert.Equal(5, difference.Milliseconds, 9);
        Assert.Equal(1.82 * 4 / 3, difference.HalfWidth, 9);
    }

    [Fact]
    public void Stopped_it_writes_nothing()
    {
        using TestPlan plan = new(Small);
        using CancellationTokenSource stopped = new();
        stopped.Cancel();
        Assert.True(plan.Cost(stopped.Token).Interrupted);
        Assert.False(File.Exists(FileOf(plan)));
    }

    private static ArmCost Example => new()
    {
        Arm = "both, \"quoted\"",
        Step = 12.5,
        TimesAlone = (1.1, 1.25, 1.5),
        Forward = 7,
        Backward = 4,
        Teacher = new(3, 0.5),
        Terms =
        [
            ("hakd", new(2, 0.3)), ("kd", new(-0.1, 0.2))
        ],
        PeakBytes = 1 << 20,
        Launches = 200,
    };
}
