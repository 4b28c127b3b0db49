namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>Runs launches: all blocks, on all cores where the order of blocks cannot show in the results.</summary>
/// <param name="memory">What kernels reach.</param>
internal sealed class GridRunner(DeviceMemory memory)
{
    /// <summary>Counts of all launches.</summary>
    public Statistics Statistics { get; } = new();

    /// <summary>Runs a launch to its end.</summary>
    /// <exception cref="KernelFault">The first block, in the order of the grid, that did what has no defined result.</exception>
    public void Run(Launch launch)
    {
        Statistics.Launches++;
        long blocks = launch.Grid.Count;
        if (launch.Kernel.HasGlobalAtomics || blocks == 1 || Environment.ProcessorCount == 1)
        {
            using BlockRunner runner = new(launch, memory);
            try
            {
                for (long block = 0; block < blocks; block++)
                {
                    runner.Run(block);
                }
            }
            finally
            {
                Statistics.Add(runner.Statistics);
            }
        }
        else
        {
            RunInParallel(launch, blocks);
        }
    }

    private void RunInParallel(Launch launch, long blocks)
    {
        Lock gate = new();
        KernelFault? fault = null;
        long faultBlock = long.MaxValue;
        long next = 0;
        int workers = (int)Math.Min(Environment.ProcessorCount, blocks);
        Parallel.For(0, workers, new ParallelOptions { MaxDegreeOfParallelism = workers }, _ =>
        {
            using BlockRunner runner = new(launch, memory);
            for (long block = Interlocked.Increment(ref next) - 1; block < Math.Min(blocks, Volatile.Read(ref faultBlock));
                block = Interlocked.Increment(ref next) - 1)
            {
                try
                {
                    runner.Run(block);
                }
                catch (KernelFault e)
                {
                    lock (gate)
                    {
                        if (block < faultBlock)
                        {
                            fault = e;
                            Volatile.Write(ref faultBlock, block);
                        }
                    }
                }
            }

            lock (gate)
            {
                Statistics.Add(runner.Statistics);
            }
        });

        if (fault is not null)
        {
            throw fault;
        }
    }
}
