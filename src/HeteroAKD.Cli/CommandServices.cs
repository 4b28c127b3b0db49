using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Export;
using HeteroAKD.Experiments.Plans;

namespace HeteroAKD.Cli;

/// <summary>What does the work behind each command. A command exists on the command line where its service is set.</summary>
internal sealed record CommandServices
{
    public IQuickstartCommand? Quickstart { get; init; }

    public ITrainCommand? Train { get; init; }

    public IDistillCommand? Distill { get; init; }

    public IDryRunCommand? DryRun { get; init; }

    public IExperimentCommand? Experiment { get; init; }

    public IEvaluateCommand? Evaluate { get; init; }

    public IPredictCommand? Predict { get; init; }

    public ICkaCommand? Cka { get; init; }

    public IImportCommand? Import { get; init; }

    public IExportCommand? Export { get; init; }

    public IDataCheckCommand? DataCheck { get; init; }

    public IInfoCommand? Info { get; init; }

    public IGradcheckCommand? Gradcheck { get; init; }

    public IOpCommand? Op { get; init; }

    /// <summary>The services of the program.</summary>
    public static CommandServices Create()
    {
        TrainingService training = new();
        InferenceService inference = new();
        return new CommandServices
        {
            Quickstart = training,
            Train = training,
            Distill = training,
            DryRun = new DryRunService(),
            Experiment = new ExperimentService(new ChildProcessStarter(), new DryRunService(), TimeProvider.System),
            Evaluate = inference,
            Predict = inference,
            Cka = new CkaService(),
            Import = new ImportService(),
            Export = new ExportService(),
            DataCheck = new DataCheckService(),
            Info = new InfoService(),
            Gradcheck = new GradcheckService(),
            Op = new OpService(),
        };
    }
}
