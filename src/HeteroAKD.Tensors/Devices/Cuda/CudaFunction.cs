namespace HeteroAKD.Tensors.Devices.Cuda;

/// <summary>A kernel on the card, with what a launch needs.</summary>
internal sealed unsafe class CudaFunction
{
    private readonly nint _function;
    private int _sharedBytes; // dynamic ones that the driver has been asked to allow

    /// <summary>Checks that the text's parameters are those that will be passed.</summary>
    /// <exception cref="NotSupportedException">They are not.</exception>
    public CudaFunction(string name, nint function, PtxEntry entry, IReadOnlyList<KernelParameter> parameters)
    {
        Name = name;
        _function = function;
        Parameters = parameters;
        Offsets = new int[parameters.Count];
        if (Mismatch(entry, parameters) is { } mismatch)
        {
            throw new NotSupportedException($"kernel {name}: {mismatch}: its PTX was made for another layout of arguments");
        }

        int end = 0;
        for (int i = 0; i < parameters.Count; i++)
        {
            // Whole words, so that the bytes of a launch can be compared and copied as such.
            Offsets[i] = end;
            end += KernelParameter.Aligned(parameters[i].Bytes, sizeof(long));
        }

        ArgumentBytes = end;
    }

    /// <summary>The kernel's type, for messages.</summary>
    public string Name { get; }

    /// <summary>Layout of each argument.</summary>
    public IReadOnlyList<KernelParameter> Parameters { get; }

    /// <summary>Where each argument begins in the bytes of a launch.</summary>
    public int[] Offsets { get; }

    /// <summary>Bytes of all arguments.</summary>
    public int ArgumentBytes { get; }

    /// <summary>In what the declared parameters differ from those passed, or null.</summary>
    public static string? Mismatch(PtxEntry entry, IReadOnlyList<KernelParameter> parameters)
    {
        if (entry.Parameters.Count != parameters.Count)
        {
            return $"{entry.Parameters.Count} parameters are declared, {parameters.Count} are passed";
        }

        for (int i = 0; i < parameters.Count; i++)
        {
            PtxParameter declared = entry.Parameters[i];
            if (declared.Bytes != parameters[i].Bytes || declared.Alignment != parameters[i].Alignment)
            {
                return $"parameter {i} has {declared.Bytes} bytes aligned to {declared.Alignment}, the argument has {parameters[i].Bytes} aligned to "
                    + $"{parameters[i].Alignment}";
            }
        }

        return null;
    }

    /// <summary>Launches the kernel on a stream.</summary>
    /// <param name="shape">The grid.</param>
    /// <param name="arguments"><see cref="ArgumentBytes"/> bytes; the driver has copied them when this returns.</param>
    /// <param name="stream">The stream.</param>
    /// <exception cref="CudaDriverException">The driver refuses.</exception>
    public void Launch(LaunchShape shape, byte* arguments, nint stream)
    {
        if (shape.SharedBytes > _sharedBytes)
        {
            AllowSharedBytes(shape.SharedBytes);
        }

        void** pointers = stackalloc void*[Offsets.Length];
        for (int i = 0; i < Offsets.Length; i++)
        {
            pointers[i] = arguments + Offsets[i];
        }

        int result = CudaDriver.cuLaunchKernel(_function, (uint)shape.Blocks, 1, 1, (uint)shape.Threads, 1, 1, (uint)shape.SharedBytes, stream, pointers, null);
        if (result != CudaDriver.Success)
        {
            throw new CudaDriverException(
                $"cuLaunchKernel({Name}, {shape.Blocks} blocks of {shape.Threads} threads, {shape.SharedBytes} bytes of shared memory)", result);
        }
    }

    /// <summary>The argument's number that a byte of a launch belongs to, for messages.</summary>
    public string ArgumentAt(int offset)
    {
        int i = Array.FindLastIndex(Offsets, start => start <= offset);
        string name = Parameters[i].NameAt(offset - Offsets[i]);
        return name.Length > 0 ? $"{Name}.{name}" : $"{Name}, argument {i}";
    }

    private void AllowSharedBytes(int bytes)
    {
        int result = CudaDriver.cuFuncSetAttribute(_function, CudaDriver.FunctionMaxDynamicSharedBytes, bytes);
        if (result != CudaDriver.Success)
        {
            string most = CudaDriver.cuDeviceGetAttribute(out int limit, CudaDriver.DeviceMaxSharedBytes, 0) == CudaDriver.Success
                ? $"; the card allows a block {limit}"
                : "";
            throw new CudaDriverException($"cuFuncSetAttribute({Name}, {bytes} bytes of dynamic shared memory{most})", result);
        }

        _sharedBytes = bytes;
    }
}
