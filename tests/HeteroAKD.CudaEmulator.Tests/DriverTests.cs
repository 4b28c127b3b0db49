using HeteroAKD.CudaEmulator.Driver;
using HeteroAKD.CudaEmulator.Execution;
using HeteroAKD.CudaEmulator.Ptx;

namespace HeteroAKD.CudaEmulator.Tests;

/// <summary>Contexts, memory, launches, captures and graphs, below the exported functions.</summary>
public sealed unsafe class DriverTests
{
    private readonly EmulatedDriver _driver = new(new DeviceProfile("9.0", "1000000"));

    public DriverTests() => _driver.CreateContext(0);

    [Fact]
    public void The_environment_describes_the_card()
    {
        Assert.Equal((9, 0), (_driver.Profile.Attribute(75), _driver.Profile.Attribute(76)));
        Assert.Equal(1_000_000, _driver.Profile.MemoryBytes);
        Assert.Equal((8, 0), (new DeviceProfile(null, null).Major, new DeviceProfile("", "").Minor));
        Assert.Throws<DriverException>(() => new DeviceProfile("7.5", null));
        Assert.Throws<DriverException>(() => new DeviceProfile(null, "much"));
    }

    [Fact]
    public void Memory_ends()
    {
        ulong first = _driver.Allocate(600_000);
        Fails(CudaResult.OutOfMemory, () => _driver.Allocate(600_000));
        _driver.Free(first);
        _driver.Free(_driver.Allocate(1_000_000));
        Fails(CudaResult.InvalidValue, () => _driver.Free(first));
        Fails(CudaResult.InvalidValue, () => _driver.Allocate(0));
    }

    [Fact]
    public void New_memory_holds_no_numbers()
    {
        ulong address = _driver.Allocate(16);
        float* values = stackalloc float[4];
        _driver.CopyNow((ulong)values, address, 16);
        Assert.All(new Span<float>(values, 4).ToArray(), v => Assert.True(float.IsNaN(v)));
    }

    [Fact]
    public void Copies_stay_within_allocations()
    {
        ulong address = _driver.Allocate(16);
        byte* host = stackalloc byte[32];
        Fails(CudaResult.InvalidValue, () => _driver.CopyNow(address, (ulong)host, 17));
        Fails(CudaResult.InvalidValue, () => _driver.CopyNow((ulong)host, address + 8, 9));
        _driver.Free(address);
        Fails(CudaResult.InvalidValue, () => _driver.CopyNow((ulong)host, address, 16));
    }

    [Fact]
    public void A_context_is_needed()
    {
        nint context = _driver.CurrentContext;
        _driver.SetContext(0);
        Fails(CudaResult.InvalidContext, () => _driver.Allocate(16));
        _driver.SetContext(context);
        _driver.DestroyContext(context);
        Fails(CudaResult.InvalidContext, () => _driver.Allocate(16));
        Fails(CudaResult.InvalidHandle, () => _driver.SetContext(context));
    }

    [Fact]
    public void Handles_of_another_kind_or_that_are_gone_are_errors()
    {
        nint stream = _driver.CreateStream(1);
        Fails(CudaResult.InvalidHandle, () => _driver.UnloadModule(stream));
        _driver.DestroyStream(stream);
        Fails(CudaResult.InvalidHandle, () => _driver.Synchronize(stream));
    }

    [Fact]
    public void Both_forms_of_a_launch_give_the_arguments()
    {
        nint function = LoadFill();
        ulong address = _driver.Allocate(128);
        uint value = 7;
        void** arguments = stackalloc void*[] { &address, &value };
        _driver.Submit(0, _driver.PrepareLaunch(function, new Dim3(1, 1, 1), new Dim3(32, 1, 1), 0, arguments, null));
        Assert.Equal(7u, Word(address));

        byte* buffer = stackalloc byte[12];
        *(ulong*)buffer = address;
        *(uint*)(buffer + 8) = 8;
        nint bytes = 12;
        void** extra = stackalloc void*[] { (void*)1, buffer, (void*)2, &bytes, (void*)0 };
        _driver.Submit(0, _driver.PrepareLaunch(function, new Dim3(1, 1, 1), new Dim3(32, 1, 1), 0, null, extra));
        Assert.Equal(8u, Word(address));
        bytes = 11;
        Fails(CudaResult.InvalidValue, () => _driver.PrepareLaunch(function, new Dim3(1, 1, 1), new Dim3(32, 1, 1), 0, null, extra));
    }

    [Theory]
    [InlineData(0, 32, 0)]
    [InlineData(1, 0, 0)]
    [InlineData(1, 65, 0)]
    [InlineData(1, 32, 50000)]
    public void Launches_beyond_the_limits_are_errors(int grid, int block, int dynamicBytes)
    {
        nint function = LoadFill();
        Fails(CudaResult.InvalidValue, () => Prepare(function, grid, block, dynamicBytes));
    }

    [Fact]
    public void A_kernel_may_ask_for_more_shared_memory()
    {
        nint function = LoadFill();
        _driver.SetFunctionAttribute(function, 8, 200_000);
        Prepare(function, 1, 32, 200_000);
        Fails(CudaResult.InvalidValue, () => _driver.SetFunctionAttribute(function, 8, 300_000));
    }

    [Fact]
    public void Unknown_kernels_and_bad_text_are_errors()
    {
        nint module = _driver.LoadModule(Fill);
        Fails(CudaResult.NotFound, () => _driver.FunctionOf(module, "Other"));
        Assert.Throws<PtxException>(() => _driver.LoadModule("nothing"));
    }

    [Fact]
    public void A_capture_notes_work_and_a_graph_does_it()
    {
        ulong address = _driver.Allocate(128);
        nint function = LoadFill();
        nint stream = _driver.CreateStream(1);
        _driver.Submit(stream, new FillWork(address, 1, 4, 32));
        _driver.BeginCapture(stream, CaptureMode.Global);
        _driver.Submit(stream, new FillWork(address, 2, 4, 32));
        _driver.Submit(stream, Prepare(function, 1, 32, 0, address, 5));
        Assert.Equal(1, EmulatedDriver.CaptureStatus(_driver.StreamOf(stream)));
        nint graph = _driver.EndCapture(stream);
        Assert.Equal(1u, Word(address));
        Assert.Equal(2, _driver.CountNodes(graph));

        nint executable = _driver.Instantiate(graph);
        _driver.DestroyGraph(graph);
        for (int i = 0; i < 2; i++)
        {
            _driver.Submit(stream, new FillWork(address, 1, 4, 32));
            _driver.LaunchGraph(executable, stream);
            Assert.Equal(5u, Word(address));
        }

        _driver.DestroyExecutable(executable);
        Fails(CudaResult.InvalidHandle, () => _driver.LaunchGraph(executable, stream));
    }

    public static TheoryData<string> CallsThatWait => ["allocate", "free", "copy", "synchronize", "context", "module", "pin"];

    [Theory]
    [MemberData(nameof(CallsThatWait))]
    public void Calls_that_may_wait_spoil_a_capture(string call)
    {
        ulong address = _driver.Allocate(16);
        nint stream = _driver.CreateStream(1);
        _driver.BeginCapture(stream, CaptureMode.Global);
        Fails(CudaResult.StreamCaptureUnsupported, () => Call(call, address, stream));
        Fails(CudaResult.StreamCaptureInvalidated, () => _driver.Submit(stream, new FillWork(address, 0, 4, 1)));
        Fails(CudaResult.StreamCaptureInvalidated, () => _driver.EndCapture(stream));
        _driver.Submit(stream, new FillWork(address, 0, 4, 1));
    }

    [Fact]
    public void A_relaxed_capture_forbids_nothing_but_waiting_for_it()
    {
        nint stream = _driver.CreateStream(1);
        _driver.BeginCapture(stream, CaptureMode.Relaxed);
        _driver.Free(_driver.Allocate(16));
        _driver.EndCapture(stream);
        Fails(CudaResult.StreamCaptureUnmatched, () => _driver.EndCapture(stream));
        Fails(CudaResult.StreamCaptureUnsupported, () => _driver.BeginCapture(0, CaptureMode.Relaxed));
    }

    [Fact]
    public void The_default_stream_and_one_that_waits_for_it_do_not_mix_in_a_capture()
    {
        ulong address = _driver.Allocate(16);
        nint blocking = _driver.CreateStream(0);
        _driver.BeginCapture(blocking, CaptureMode.Relaxed);
        Fails(CudaResult.StreamCaptureImplicit, () => _driver.Submit(0, new FillWork(address, 0, 4, 1)));
        Fails(CudaResult.StreamCaptureInvalidated, () => _driver.EndCapture(blocking));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_second_stream_takes_part_from_an_event_on_and_has_to_be_joined(bool joins)
    {
        ulong address = _driver.Allocate(16);
        nint first = _driver.CreateStream(1);
        nint second = _driver.CreateStream(1);
        nint fork = _driver.CreateEvent();
        nint join = _driver.CreateEvent();
        _driver.BeginCapture(first, CaptureMode.Global);
        _driver.RecordEvent(fork, first);
        _driver.WaitEvent(second, fork);
        _driver.Submit(second, new FillWork(address, 3, 4, 4));
        _driver.RecordEvent(join, second);
        if (!joins)
        {
            Fails(CudaResult.StreamCaptureUnjoined, () => _driver.EndCapture(first));
            return;
        }

        _driver.WaitEvent(first, join);
        Assert.Equal(1, _driver.CountNodes(_driver.EndCapture(first)));
        Assert.Equal(0, EmulatedDriver.CaptureStatus(_driver.StreamOf(second)));
    }

    [Fact]
    public void An_event_of_a_capture_has_not_happened()
    {
        nint stream = _driver.CreateStream(1);
        nint mark = _driver.CreateEvent();
        _driver.BeginCapture(stream, CaptureMode.Global);
        _driver.RecordEvent(mark, stream);
        Fails(CudaResult.CapturedEvent, () => _driver.CheckEvent(mark));
        Fails(CudaResult.StreamCaptureInvalidated, () => _driver.EndCapture(stream));
    }

    [Fact]
    public void Pinned_memory_is_reached_by_kernels()
    {
        nint memory = _driver.AllocateHost(128);
        _driver.Submit(0, Prepare(LoadFill(), 1, 32, 0, _driver.DevicePointerOf(memory), 9));
        Assert.Equal(9u, ((uint*)memory)[31]);
        Fails(CudaResult.HostMemoryAlreadyRegistered, () => _driver.RegisterHost(memory, 128));
        _driver.FreeHost(memory);
        Fails(CudaResult.InvalidValue, () => _driver.DevicePointerOf(memory));
        Fails(CudaResult.HostMemoryNotRegistered, () => _driver.UnregisterHost(memory));
    }

    private static void Fails(CudaResult expected, Action call) => Assert.Equal(expected, Assert.Throws<DriverException>(call).Result);

    private void Call(string call, ulong address, nint stream)
    {
        switch (call)
        {
            case "allocate":
                _driver.Allocate(16);
                break;
            case "free":
                _driver.Free(address);
                break;
            case "copy":
                _driver.CopyNow(address, address, 16);
                break;
            case "synchronize":
                _driver.Synchronize(stream);
                break;
            case "context":
                _driver.SynchronizeContext();
                break;
            case "module":
                _driver.LoadModule(Fill);
                break;
            default:
                _driver.AllocateHost(16);
                break;
        }
    }

    private LaunchWork Prepare(nint function, int grid, int block, int dynamicBytes, ulong address = 0, uint value = 0)
    {
        void** arguments = stackalloc void*[] { &address, &value };
        return _driver.PrepareLaunch(function, new Dim3(grid, 1, 1), new Dim3(block, 1, 1), dynamicBytes, arguments, null);
    }

    private uint Word(ulong address)
    {
        uint word;
        _driver.CopyNow((ulong)&word, address, sizeof(uint));
        return word;
    }

    private nint LoadFill() => _driver.FunctionOf(_driver.LoadModule(Fill), "Fill");

    private const string Fill = """
        .version 8.0
        .target sm_80
        .address_size 64
        .visible .entry Fill(.param .u64 y, .param .u32 value)
        .maxntid 64, 1, 1
        {
            .reg .b32 %r<3>;
            .reg .b64 %rd<3>;
            ld.param.u64 %rd0, [y];
            ld.param.u32 %r0, [value];
            mov.u32 %r1, %tid.x;
            mul.wide.u32 %rd1, %r1, 4;
            add.s64 %rd0, %rd0, %rd1;
            st.global.u32 [%rd0], %r0;
            ret;
        }
        """;
}
