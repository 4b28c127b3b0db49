using System.CommandLine;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;

namespace HeteroAKD.Cli.Commands;

/// <summary><c>heteroakd train CONFIG</c>.</summary>
internal sealed class TrainCommand : Command
{
    private readonly Argument<string> _file = new("CONFIG") { Description = "Experiment file (YAML); configs/default.yaml explains every option" };

    private readonly Option<NetworkRole> _network = new Option<NetworkRole>("--network")
    {
        Description = "Which network of the experiment: teacher, student, or distilled with the teacher that teacher.checkpoint, teacher.onnx or "
            + "teacher.logits names",
        HelpName = "role",
        DefaultValueFactory = _ => NetworkRole.Student,
    }.OneOf();

    private readonly Option<string?> _teacherOutputs = new Option<string?>("--teacher-outputs")
    {
        Description = "Folder that keeps the teacher's output of every batch: trainings with the same teacher, images and seed read it there and end with "
            + "the same bits",
        HelpName = "path",
    }.Path();

    public TrainCommand(ITrainCommand service, IDryRunCommand? dry, CommonOptions options, Terminal terminal, CancellationToken cancellation)
        : base("train", "Train one network of an experiment")
    {
        Add(_file);
        Add(_network);
        Add(_teacherOutputs);
        this.AddRule(result =>
        {
            if (result.GetValue(_teacherOutputs) is not null && result.GetValue(_network) != NetworkRole.Distilled)
            {
                result.AddError("--teacher-outputs needs --network distilled: no other network asks the teacher");
            }
        });
        DryRunOption dryRun = new(this, dry, terminal, cancellation);
        SetAction(result =>
        {
            string path = result.GetRequiredValue(_file);
            ExperimentConfig config = ConfigurationReader.ReadFile(path, options.Overrides(result, withOut: true));
            if (dryRun.Run(result, config, result.GetValue(_network)) is { } code)
            {
                return code;
            }

            TrainRequest request = new(
                config, Path.GetFileNameWithoutExtension(path), options.Mode(result), result.GetValue(_network), result.GetValue(_teacherOutputs) ?? "");
            RunOutcome outcome = terminal.WithProgress(progress => service.Run(request, progress, cancellation));
            return RunReport.Write(terminal, [outcome], config.Distillation);
        });
    }
}
