using System.Runtime.InteropServices;
using System.Text;
using HeteroAKD.CudaEmulator.Execution;
using HeteroAKD.CudaEmulator.Ptx;

namespace HeteroAKD.CudaEmulator.Driver;

/// <summary>Modules, functions, launches and occupancy.</summary>
internal static unsafe partial class Exports
{
    private const int ErrorLogOption = 5;
    private const int ErrorLogSizeOption = 6;

    [UnmanagedCallersOnly(EntryPoint = "cuModuleLoadData")]
    public static int ModuleLoadData(nint* module, byte* ptx) => Run(driver => *module = driver.LoadModule(Text(ptx)));

    [UnmanagedCallersOnly(EntryPoint = "cuModuleLoadDataEx")]
    public static int ModuleLoadDataEx(nint* module, byte* ptx, int count, int* options, void** values) => Run(driver =>
    {
        try
        {
            *module = driver.LoadModule(Text(ptx));
        }
        catch (PtxException e)
        {
            WriteErrorLog(e.Message, count, options, values);
            throw;
        }
    });

    [UnmanagedCallersOnly(EntryPoint = "cuModuleUnload")]
    public static int ModuleUnload(nint module) => Run(driver => driver.UnloadModule(module));

    [UnmanagedCallersOnly(EntryPoint = "cuModuleGetFunction")]
    public static int ModuleGetFunction(nint* function, nint module, byte* name) => Run(driver => *function = driver.FunctionOf(module, Text(name)));

    [UnmanagedCallersOnly(EntryPoint = "cuFuncGetAttribute")]
    public static int FuncGetAttribute(int* value, int attribute, nint function) => Run(driver => *value = driver.FunctionAttribute(function, attribute));

    [UnmanagedCallersOnly(EntryPoint = "cuFuncSetAttribute")]
    public static int FuncSetAttribute(nint function, int attribute, int value) => Run(driver => driver.SetFunctionAttribute(function, attribute, value));

    [UnmanagedCallersOnly(EntryPoint = "cuFuncSetCacheConfig")]
    public static int FuncSetCacheConfig(nint function, int config) => Run(_ => { });

    [UnmanagedCallersOnly(EntryPoint = "cuLaunchKernel")]
    public static int LaunchKernel(
        nint function, int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int sharedBytes, nint stream, void** arguments, void** extra) =>
        Run(driver => driver.Submit(
            stream, driver.PrepareLaunch(function, new Dim3(gridX, gridY, gridZ), new Dim3(blockX, blockY, blockZ), sharedBytes, arguments, extra)));

    [UnmanagedCallersOnly(EntryPoint = "cuOccupancyMaxActiveBlocksPerMultiprocessor")]
    public static int OccupancyMaxActiveBlocks(int* blocks, nint function, int threads, nint dynamicBytes) =>
        Run(driver => *blocks = driver.ActiveBlocks(function, threads, dynamicBytes));

    [UnmanagedCallersOnly(EntryPoint = "cuOccupancyMaxPotentialBlockSize")]
    public static int OccupancyMaxPotentialBlockSize(
        int* minGrid, int* blockSize, nint function, delegate* unmanaged<int, nint> bytesOfBlock, nint dynamicBytes, int limit) => Run(driver =>
    {
        int best = 0;
        int most = 0;
        for (int threads = 32; threads <= (limit > 0 ? Math.Min(limit, 1024) : 1024); threads += 32)
        {
            int blocks = driver.ActiveBlocks(function, threads, bytesOfBlock != null ? bytesOfBlock(threads) : dynamicBytes);
            if (blocks * threads >= most && blocks > 0)
            {
                (best, most) = (threads, blocks * threads);
            }
        }

        *blockSize = best == 0 && limit > 0 ? limit : best;
        *minGrid = best == 0 ? 1 : most / best * driver.Profile.Attribute(16);
    });

    private static void WriteErrorLog(string problem, int count, int* options, void** values)
    {
        byte* buffer = null;
        int length = 0;
        for (int i = 0; i < count; i++)
        {
            buffer = options[i] == ErrorLogOption ? (byte*)values[i] : buffer;
            length = options[i] == ErrorLogSizeOption ? (int)(nint)values[i] : length;
        }

        WriteText(Encoding.UTF8.GetBytes(problem), buffer, length);
    }
}
