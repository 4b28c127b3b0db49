namespace HeteroAKD.Tensors.Devices.Cuda;

/// <summary>Launches that the driver keeps and repeats as one.</summary>
internal sealed class CudaGraph : IDisposable
{
    private nint _executable;

    private CudaGraph(nint executable) => _executable = executable;

    /// <summary>Makes a graph of what is launched on a stream meanwhile; nothing of it runs.</summary>
    /// <param name="stream">A stream other than the NULL stream.</param>
    /// <param name="launch">Launches; neither waits nor allocates.</param>
    /// <exception cref="CudaDriverException">The driver refuses.</exception>
    public static CudaGraph Capture(nint stream, Action launch)
    {
        CudaDriver.Check(CudaDriver.cuStreamBeginCapture_v2(stream, CudaDriver.CaptureThreadLocal), "cuStreamBeginCapture");
        nint graph = 0;
        try
        {
            launch();
        }
        catch
        {
            // The stream must leave the capture, whatever comes of it.
            if (CudaDriver.cuStreamEndCapture(stream, out graph) == CudaDriver.Success && graph != 0)
            {
                Destroy(graph);
            }

            throw;
        }

        CudaDriver.Check(CudaDriver.cuStreamEndCapture(stream, out graph), "cuStreamEndCapture");
        try
        {
            CudaDriver.Check(CudaDriver.cuGraphInstantiateWithFlags(out nint executable, graph, 0), "cuGraphInstantiateWithFlags");
            return new CudaGraph(executable);
        }
        finally
        {
            Destroy(graph);
        }
    }

    /// <summary>Launches all of it.</summary>
    public void Launch(nint stream) => CudaDriver.Check(CudaDriver.cuGraphLaunch(_executable, stream), "cuGraphLaunch");

    /// <summary>Frees the graph; a launch under way is not disturbed.</summary>
    public void Dispose()
    {
        if (_executable != 0)
        {
            CudaDriver.Check(CudaDriver.cuGraphExecDestroy(_executable), "cuGraphExecDestroy");
            _executable = 0;
        }
    }

    private static void Destroy(nint graph) => CudaDriver.Check(CudaDriver.cuGraphDestroy(graph), "cuGraphDestroy");
}
