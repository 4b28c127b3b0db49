using System.CommandLine;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;

namespace HeteroAKD.Cli.Commands;

/// <summary><c>heteroakd distill CONFIG</c>.</summary>
internal sealed class DistillCommand : Command
{
    private readonly Argument<string> _file = new("CONFIG") { Description = "Experiment file (YAML); configs/default.yaml explains every option" };

    public DistillCommand(IDistillCommand service, IDryRunCommand? dry, CommonOptions options, Terminal terminal, CancellationToken cancellation)
        : base("distill", "Train or load the teacher, train the student alone and distilled (and with plain KD alone: distillation.control), and show the gain")
    {
        Add(_file);
        DryRunOption dryRun = new(this, dry, terminal, cancellation);
        SetAction(result =>
        {
            string path = result.GetRequiredValue(_file);
            ExperimentConfig config = ConfigurationReader.ReadFile(path, options.Overrides(result, withOut: true));
            if (dryRun.Run(result, config, null) is { } code)
            {
                return code;
            }

            DistillRequest request = new(config, Path.GetFileNameWithoutExtension(path), options.Mode(result));
            RunOutcome outcome = terminal.WithProgress(progress => service.Run(request, progress, cancellation));
            return RunReport.Write(terminal, [outcome], config.Distillation);
        });
    }
}
