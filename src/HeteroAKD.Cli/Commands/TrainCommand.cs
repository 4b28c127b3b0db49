using System.CommandLine;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;

namespace HeteroAKD.Cli.Commands;

/// <summary><c>heteroakd train CONFIG</c>.</summary>
internal sealed class TrainCommand : Command
{
    private readonly Argument<string> file = new("CONFIG") { Description = "Experiment file (YAML); configs/default.yaml explains every option" };

    private readonly Option<NetworkRole> network = new("--network")
    {
        Description = "Which network of the experiment: teacher, student, or distilled with the teacher that teacher.checkpoint names",
        HelpName = "role",
        DefaultValueFactory = _ => NetworkRole.Student,
    };

    public TrainCommand(ITrainCommand service, IDryRunCommand? dry, CommonOptions options, Terminal terminal, CancellationToken cancellation)
        : base("train", "Train one network of an experiment")
    {
        Add(file);
        Add(network);
        Option<bool> dryRun = DryRunReport.NewOption();
        if (dry is not null)
        {
            Add(dryRun);
        }

        SetAction(result =>
        {
            string path = result.GetRequiredValue(file);
            ExperimentConfig config = ConfigurationReader.ReadFile(path, options.Overrides(result, withOut: true));
            if (dry is not null && result.GetValue(dryRun))
            {
                return DryRunReport.Write(terminal, terminal.WithProgress(progress => dry.Try(config, result.GetValue(network), progress, cancellation)));
            }

            var request = new TrainRequest(config, Path.GetFileNameWithoutExtension(path), options.Mode(result), result.GetValue(network));
            RunOutcome outcome = terminal.WithProgress(progress => service.Run(request, progress, cancellation));
            return RunReport.Write(terminal, [outcome], config.Distillation);
        });
    }
}
