using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using ILGPU.Runtime.Cuda;

namespace HeteroAKD.Tensors.Devices.Cuda;

/// <summary>
/// The modules of a context: PTX that the driver has translated for its card. Those that the cache holds for this build can be loaded ahead on threads of their
/// own (<see cref="Preload"/>). A caller that needs a module earlier loads it itself, or waits for the thread that is loading it.
/// </summary>
internal sealed class CudaModules(CudaAccelerator accelerator, KernelCache cache, KernelKey key) : IDisposable
{
    private const int MaxThreads = 8;
    private const int JitLogBytes = 8192;

    private readonly ConcurrentDictionary<string, Lazy<CudaModule?>> _cached = new();
    private readonly ConcurrentBag<nint> _modules = [];
    private readonly List<Thread> _threads = [];
    private long _loadTicks;
    private volatile bool _stop;

    /// <summary>Seconds that the driver took to translate and load, those of all threads added up.</summary>
    public double LoadSeconds => Stopwatch.GetElapsedTime(0, Interlocked.Read(ref _loadTicks)).TotalSeconds;

    /// <summary>The module of a name, if the cache has it.</summary>
    public CudaModule? Cached(string name) => _cached.GetOrAdd(name, FromCache).Value;

    /// <summary>Starts to load what the cache holds for this build and card, and returns.</summary>
    public void Preload()
    {
        IReadOnlyList<string> names = cache.Names(key.Prefix);
        int next = -1;
        for (int i = 0; i < Math.Min(names.Count, Math.Clamp(Environment.ProcessorCount - 1, 1, MaxThreads)); i++)
        {
            Thread thread = new(Work) { IsBackground = true, Name = $"kernel loader {i}" };
            _threads.Add(thread);
            thread.Start();
        }

        void Work()
        {
            accelerator.Bind();
            for (int i = Interlocked.Increment(ref next); i < names.Count && !_stop; i = Interlocked.Increment(ref next))
            {
                Cached(names[i]);
            }
        }
    }

    /// <summary>Translates and loads a text.</summary>
    /// <exception cref="CudaDriverException">The driver refuses it; the message has its log.</exception>
    public unsafe CudaModule Load(string ptx, string name)
    {
        PtxEntry entry = PtxEntry.Parse(ptx) ?? throw new NotSupportedException($"the PTX of kernel {name} has no entry point");
        long start = Stopwatch.GetTimestamp();
        byte[] image = Encoding.UTF8.GetBytes(ptx + '\0');
        byte[] log = new byte[JitLogBytes];
        nint module;
        fixed (byte* text = image, logText = log)
        {
            int* options = stackalloc int[] { CudaDriver.JitErrorLogBuffer, CudaDriver.JitErrorLogBytes };
            void** values = stackalloc void*[] { logText, (void*)JitLogBytes };
            int result = CudaDriver.cuModuleLoadDataEx(out module, text, 2, options, values);
            if (result != CudaDriver.Success)
            {
                throw new CudaDriverException($"cuModuleLoadDataEx({name})", result, Encoding.UTF8.GetString(log).TrimEnd('\0', '\n', ' '));
            }
        }

        _modules.Add(module);
        CudaDriver.Check(CudaDriver.cuModuleGetFunction(out nint function, module, entry.Name), $"cuModuleGetFunction({name})");
        Interlocked.Add(ref _loadTicks, Stopwatch.GetTimestamp() - start);
        return new CudaModule(function, entry);
    }

    /// <summary>Ends the threads and unloads all modules.</summary>
    public void Dispose()
    {
        _stop = true;
        foreach (Thread thread in _threads)
        {
            thread.Join();
        }

        foreach (nint module in _modules)
        {
            CudaDriver.Check(CudaDriver.cuModuleUnload(module), "cuModuleUnload");
        }
    }

    private Lazy<CudaModule?> FromCache(string name) => new(() =>
    {
        try
        {
            return cache.Read(name) is { } ptx ? Load(ptx, name) : null;
        }
        catch (Exception e) when (e is CudaDriverException or NotSupportedException)
        {
            // Whole, but not for this driver: as good as absent.
            return null;
        }
    });
}

/// <summary>A loaded module of one kernel.</summary>
/// <param name="Function">The driver's handle of the kernel.</param>
/// <param name="Entry">Its declaration.</param>
internal sealed record CudaModule(nint Function, PtxEntry Entry);
