using HeteroAKD.CudaEmulator.Execution;
using HeteroAKD.CudaEmulator.Ptx;

namespace HeteroAKD.CudaEmulator.Driver;

/// <summary>Modules, functions and launches.</summary>
internal sealed unsafe partial class EmulatedDriver
{
    /// <summary>Registers of a thread that occupancy reckons with: how many an assembler would give is not known.</summary>
    private const int AssumedRegisters = 64;

    private const int EndOfExtras = 0;
    private const int BufferPointer = 1;
    private const int BufferSize = 2;

    /// <summary>Loads PTX text.</summary>
    /// <exception cref="PtxException">It cannot be loaded.</exception>
    public nint LoadModule(string ptx)
    {
        RequireContext();
        ForbidWhileCapturing("loading a module");
        return _handles.Add(new DriverModule(KernelDecoder.Decode(PtxParser.Parse(ptx), Profile.Contracts)));
    }

    /// <summary>Ends a module.</summary>
    public void UnloadModule(nint module)
    {
        ForbidWhileCapturing("unloading a module");
        _handles.Remove<DriverModule>(module);
    }

    /// <summary>A kernel of a module.</summary>
    public nint FunctionOf(nint module, string name) =>
        _handles.Get<DriverModule>(module).Kernels.TryGetValue(name, out Kernel? kernel)
            ? _handles.Add(new DriverFunction(kernel))
            : throw new DriverException(CudaResult.NotFound, $"the module has no kernel {name}");

    /// <summary>A property of a kernel by the number that the driver API gives it.</summary>
    public int FunctionAttribute(nint function, int attribute)
    {
        DriverFunction found = _handles.Get<DriverFunction>(function);
        return attribute switch
        {
            0 => found.Kernel.MaxThreads,
            1 => found.Kernel.StaticSharedBytes,
            2 => 0,
            3 => found.Kernel.LocalBytes,
            4 => Math.Min(found.Kernel.Registers, 255),
            5 or 6 => (10 * Profile.Major) + Profile.Minor,
            8 => found.MaxDynamicSharedBytes,
            9 => -1,
            _ => throw new DriverException(CudaResult.InvalidValue, $"attribute {attribute} of a kernel is not known"),
        };
    }

    /// <summary>Changes a property of a kernel: the limit of its dynamic shared memory (8); a preferred split of the cache (9) changes nothing.</summary>
    public void SetFunctionAttribute(nint function, int attribute, int value)
    {
        DriverFunction found = _handles.Get<DriverFunction>(function);
        Require(attribute is 8 or 9, CudaResult.InvalidValue, $"attribute {attribute} of a kernel cannot be set");
        if (attribute == 8)
        {
            Require(
                value >= 0 && value + found.Kernel.StaticSharedBytes <= Profile.MaxSharedBytes,
                CudaResult.InvalidValue,
                $"{value} bytes of dynamic shared memory besides {found.Kernel.StaticSharedBytes} static ones; the device has {Profile.MaxSharedBytes}");
            found.MaxDynamicSharedBytes = value;
        }
    }

    /// <summary>Blocks of a kernel that a multiprocessor would hold, an estimate.</summary>
    public int ActiveBlocks(nint function, int threads, long dynamicBytes)
    {
        DriverFunction found = _handles.Get<DriverFunction>(function);
        if (threads < 1 || threads > found.Kernel.MaxThreads)
        {
            return 0;
        }

        int rounded = (threads + 31) / 32 * 32;
        long shared = found.Kernel.StaticSharedBytes + dynamicBytes + 1024;
        return (int)Math.Min(Math.Min(2048 / rounded, 65536 / (AssumedRegisters * rounded)), Profile.SharedBytesOfMultiprocessor / shared);
    }

    /// <summary>A kernel with its arguments, from either form of the launch call.</summary>
    /// <param name="function">The kernel.</param>
    /// <param name="grid">Blocks.</param>
    /// <param name="block">Threads of a block.</param>
    /// <param name="dynamicBytes">Dynamic shared memory.</param>
    /// <param name="arguments">A pointer to each argument, or null.</param>
    /// <param name="extra">A list that names a buffer with all arguments, or null.</param>
    public LaunchWork PrepareLaunch(nint function, Dim3 grid, Dim3 block, int dynamicBytes, void** arguments, void** extra)
    {
        DriverFunction found = _handles.Get<DriverFunction>(function);
        Kernel kernel = found.Kernel;
        Require(
            grid is { X: > 0, Y: > 0 and <= ushort.MaxValue, Z: > 0 and <= ushort.MaxValue }
                && block is { X: > 0 and <= 1024, Y: > 0 and <= 1024, Z: > 0 and <= 64 },
            CudaResult.InvalidValue,
            $"kernel {kernel.Name}: a grid of {grid} blocks of {block} threads");
        Require(block.Count <= kernel.MaxThreads, CudaResult.InvalidValue, $"kernel {kernel.Name} takes {kernel.MaxThreads} threads, not {block.Count}");
        Require(
            dynamicBytes >= 0 && dynamicBytes <= found.MaxDynamicSharedBytes,
            CudaResult.InvalidValue,
            $"kernel {kernel.Name} may have {found.MaxDynamicSharedBytes} bytes of dynamic shared memory, not {dynamicBytes}");
        byte[] parameters = arguments != null ? CopyArguments(kernel, arguments) : CopyBuffer(kernel, extra);
        return new LaunchWork(new Launch(kernel, grid, block, dynamicBytes, parameters));
    }

    private static byte[] CopyArguments(Kernel kernel, void** arguments)
    {
        byte[] parameters = new byte[kernel.ParameterBytes];
        for (int i = 0; i < kernel.Parameters.Count; i++)
        {
            PtxVariable parameter = kernel.Parameters[i];
            new Span<byte>(arguments[i], parameter.Bytes).CopyTo(parameters.AsSpan(parameter.Offset));
        }

        return parameters;
    }

    private static byte[] CopyBuffer(Kernel kernel, void** extra)
    {
        void* buffer = null;
        long bytes = 0;
        for (int i = 0; extra != null && (nint)extra[i] != EndOfExtras; i += 2)
        {
            nint key = (nint)extra[i];
            Require(key is BufferPointer or BufferSize, CudaResult.InvalidValue, $"kernel {kernel.Name}: {key} is no key of a launch");
            buffer = key == BufferPointer ? extra[i + 1] : buffer;
            bytes = key == BufferSize ? *(nint*)extra[i + 1] : bytes;
        }

        Require(
            kernel.ParameterBytes == 0 || (buffer != null && bytes >= kernel.ParameterBytes),
            CudaResult.InvalidValue,
            $"kernel {kernel.Name} takes {kernel.ParameterBytes} bytes of arguments, not {bytes}");
        return new Span<byte>(buffer, kernel.ParameterBytes).ToArray();
    }
}
