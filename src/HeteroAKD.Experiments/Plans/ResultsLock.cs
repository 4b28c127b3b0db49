using HeteroAKD.Weights;

namespace HeteroAKD.Experiments.Plans;

/// <summary>
/// <c>results/PLAN.lock</c>: one experiment at a time adds to a plan's results. The open file is the lock, not that it is there, so what a killed process left blocks nobody.
/// </summary>
internal sealed class ResultsLock : IDisposable
{
    private readonly FileStream hold;

    /// <summary>Takes the results of a plan for this process.</summary>
    /// <exception cref="StorageException">Another process has them, or the folder cannot be written.</exception>
    public ResultsLock(Plan plan)
    {
        string path = plan.ResultPath("lock");
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"the folder {folder} cannot be made: {e.Message}", e);
        }

        try
        {
            hold = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
        }
        catch (IOException e)
        {
            throw new StorageException($"another 'heteroakd experiment' runs {plan.Path} ({path} is in use); wait for it", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StorageException($"{folder} cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Lets other processes in.</summary>
    public void Dispose() => hold.Dispose();
}
