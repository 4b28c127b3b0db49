using System.ComponentModel;
using System.Text.Json;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Plans;

/// <summary>Carries out single runs of a plan.</summary>
/// <param name="Starter">Starts them.</param>
/// <param name="ConfigFile">Configuration file that they name.</param>
/// <param name="Threads">Worker threads of each.</param>
/// <param name="Device">Device; empty for the configured one.</param>
/// <param name="Commit">The working tree's commit; empty for none.</param>
internal sealed record RunExecution(IRunStarter Starter, string ConfigFile, int Threads, string Device, string Commit)
{
    /// <summary>Starts a run, from the beginning or where it was interrupted. An error that keeps it from starting is returned as a failed exit.</summary>
    /// <param name="run">Which.</param>
    /// <param name="cancellation">It saves and stops.</param>
    /// <param name="teacherOutputs">Folder that keeps its teacher's outputs; empty for none.</param>
    public async Task<RunExit> Start(PlannedRun run, CancellationToken cancellation, string teacherOutputs = "")
    {
        try
        {
            await RunFolders.WaitUntilFree(run, cancellation).ConfigureAwait(false);
            RunMode mode = RunFolders.ModeFor(run);
            if (mode != RunMode.Resume)
            {
                RunFolders.MakeRoom(run);
                RunFolders.Begin(run, Commit);
            }

            RunCommand command = new()
            {
                Config = ConfigFile,
                Role = run.Role,
                Overrides = run.Overrides,
                Seed = run.Seed,
                Threads = Threads,
                Device = Device,
                Folder = run.Folder,
                TeacherOutputs = run.Config.Teacher.IsGiven ? "" : teacherOutputs,
                Mode = mode,
            };
            return await Starter.Run(command, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or Win32Exception or HeteroAkdException)
        {
            return new RunExit(1, e.Message);
        }
        catch (OperationCanceledException)
        {
            return new RunExit(1, "interrupted");
        }
    }

    /// <summary>
    /// What a run that ended well left; null and what is wrong where its summary does not say it, or is that of another experiment: the configuration file was
    /// edited meanwhile.
    /// </summary>
    public static (RunSummary? Summary, NetworkSummary? Network, string Problem) LeftAsPlanned(PlannedRun run) =>
        RunFolders.HasConfigurationOf(run) ? Left(run)
            : (
                null,
                null,
                $"it ran with other settings than planned ({Path.Combine(run.Folder, "config.yaml")}): the configuration was edited while the experiment "
                    + "ran; call it again");

    /// <summary>What a run that ended well left; null and what is wrong where its summary does not say it.</summary>
    public static (RunSummary? Summary, NetworkSummary? Network, string Problem) Left(PlannedRun run)
    {
        string path = Path.Combine(run.Folder, "summary.json");
        try
        {
            RunSummary summary = RunSummary.FromJson(File.ReadAllText(path));
            NetworkSummary? network = summary.Networks.FirstOrDefault(n => n.Role == run.Role);
            return network is null ? (null, null, $"{path} says nothing of the network '{run.Role}'") : (summary, network, "");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return (null, null, $"{path} cannot be read: {e.Message}");
        }
    }
}
