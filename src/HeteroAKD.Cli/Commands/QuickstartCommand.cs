using System.CommandLine;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;

namespace HeteroAKD.Cli.Commands;

/// <summary><c>heteroakd quickstart</c>.</summary>
internal sealed class QuickstartCommand : Command
{
    private const int MostSeeds = 100;
    private const string PlanFile = "plans/regimes.yaml";

    private readonly Option<int> _seeds = new Option<int>("--seeds")
    {
        Description = "Repeat the student over so many seeds and compare pair by pair",
        HelpName = "n",
        DefaultValueFactory = _ => 1,
    }.Whole(1, MostSeeds);

    public QuickstartCommand(IQuickstartCommand service, IDryRunCommand? dry, CommonOptions options, Terminal terminal, CancellationToken cancellation)
        : base(
            "quickstart",
            "Train a teacher and the same student three times on procedural scenes, alone, with plain KD and with HeteroAKD, and show the differences")
    {
        Add(_seeds);
        DryRunOption dryRun = new(this, dry, terminal, cancellation);
        SetAction(result =>
        {
            ExperimentConfig config = ShippedConfiguration.Read(ShippedConfiguration.Scenes, options.Overrides(result, withOut: true));
            if (dryRun.Run(result, config, null, result.GetValue(_seeds)) is { } code)
            {
                return code;
            }

            QuickstartRequest request = new(config, options.Mode(result), result.GetValue(_seeds));
            IReadOnlyList<RunOutcome> outcomes = terminal.WithProgress(progress => service.Run(request, progress, cancellation));
            return RunReport.Write(terminal, outcomes, config.Distillation, File.Exists(PlanFile) ? $"'heteroakd experiment {PlanFile}'" : RunReport.AnyPlan);
        });
    }
}
