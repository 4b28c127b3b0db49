using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Plans;

/// <summary>
/// Where the runs of one teacher and one seed share the teacher's outputs: they see the same batches, whatever their arm. A folder goes when its last run has
/// ended, as the outputs of one seed may fill gigabytes.
/// </summary>
internal sealed class SharedOutputs(string root) : IDisposable
{
    /// <summary>The folder of a run's teacher and seed; empty where it has no teacher.</summary>
    public string FolderOf(PlannedRun run) =>
        run is { Role: NetworkRoles.Distilled, Teacher: { } teacher } ? Path.Combine(root, $"{teacher.Arm}-{teacher.Hash}-seed-{run.Seed}") : "";

    /// <summary>Removes the folder of a run that has ended, if no run to come reads it.</summary>
    public void Release(PlannedRun ended, IReadOnlyList<PlannedRun> open)
    {
        string folder = FolderOf(ended);
        if (folder.Length > 0 && !open.Any(run => FolderOf(run) == folder))
        {
            Remove(folder);
        }
    }

    /// <summary>Removes all that is left.</summary>
    public void Dispose() => Remove(root);

    // What cannot be removed costs space, no result.
    private static void Remove(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return;
        }
    }
}
