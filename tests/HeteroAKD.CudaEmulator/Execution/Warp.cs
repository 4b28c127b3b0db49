using System.Numerics;
using System.Runtime.InteropServices;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>Whether a warp can go on.</summary>
internal enum WarpState
{
    /// <summary>It can.</summary>
    Ready,

    /// <summary>All its lanes wait at a barrier.</summary>
    AtBarrier,

    /// <summary>All its lanes have ended.</summary>
    Ended,
}

/// <summary>
/// 32 threads that run together. Lanes that part ways are groups; the group at the lowest instruction runs, and groups that meet are one again, which brings
/// the branches of structured code together where they end.
/// </summary>
internal sealed unsafe class Warp : IDisposable
{
    private const uint All = uint.MaxValue;

    private readonly BlockRunner _runner;
    private readonly Kernel _kernel;
    private readonly LaneGroups _others = new();
    private readonly byte* _local;
    private readonly byte[] _template;
    private readonly uint _existing;
    private long _instructions;
    private int _pc;
    private uint _mask;

    /// <summary>A warp of a block.</summary>
    /// <param name="runner">The block.</param>
    /// <param name="index">Its number in the block.</param>
    public Warp(BlockRunner runner, int index)
    {
        _runner = runner;
        _kernel = runner.Launch.Kernel;
        Index = index;
        ThreadCount = Math.Min(32, runner.ThreadCount - (index * 32));
        _existing = ThreadCount == 32 ? All : (1u << ThreadCount) - 1;
        Rows = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(_kernel.RowTemplate.Length, 64), 64);
        _local = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(_kernel.LocalBytes * 32, 64), 64);
        _template = [.. _kernel.RowTemplate];
        SpecialRegisters.Fill(this, _template);
    }

    /// <summary>Registers, constants and special registers, at the offsets that instructions hold.</summary>
    public byte* Rows { get; }

    /// <summary>Its number in the block.</summary>
    public int Index { get; }

    /// <summary>Its threads; fewer than 32 only at the end of a block.</summary>
    public int ThreadCount { get; }

    /// <summary>Whether it can go on.</summary>
    public WarpState State { get; private set; }

    /// <summary>The barrier at which it waits.</summary>
    public int Barrier { get; private set; }

    /// <summary>The threads that the barrier wants; 0 for all of the block.</summary>
    public int BarrierThreads { get; private set; }

    /// <summary>Line of the instruction that runs or ran last.</summary>
    public int Line { get; private set; }

    /// <summary>The block.</summary>
    public BlockRunner Block => _runner;

    /// <summary>Asynchronous copies of its lanes.</summary>
    public AsynchronousCopies Copies { get; } = new();

    /// <summary>The allocation that was reached last.</summary>
    public DeviceMemory.Allocation? LastAllocation { get; set; }

    /// <summary>The local memory of a lane.</summary>
    public byte* LocalMemory(int lane) => _local + ((long)lane * _kernel.LocalBytes);

    /// <summary>Before a block: all lanes are at the first instruction.</summary>
    public void Start()
    {
        _template.CopyTo(new Span<byte>(Rows, _template.Length));
        new Span<byte>(_local, _kernel.LocalBytes * 32).Fill(0xFF);
        SpecialRegisters.FillBlockIndex(this);
        Copies.Clear();
        _others.Clear();
        _others.Add(0, _existing);
        _instructions = 0;
        State = WarpState.Ready;
    }

    /// <summary>Goes on after a barrier, if that is where it waits.</summary>
    public void LeaveBarrier(int barrier)
    {
        if (State == WarpState.AtBarrier && Barrier == barrier)
        {
            State = WarpState.Ready;
        }
    }

    /// <summary>Runs until all lanes wait or have ended, or for some instructions.</summary>
    /// <exception cref="KernelFault">A lane did what has no defined result.</exception>
    public void Run(int turn)
    {
        long before = _instructions;
        while (State == WarpState.Ready && _instructions - before < turn)
        {
            if (_others.Count == 0)
            {
                State = WarpState.Ended;
                break;
            }

            if (!_others.TakeLowest(out _pc, out _mask))
            {
                throw Divergence("no lane of the warp can go on, as others have ended or wait elsewhere: " + _others.Describe(_kernel.Code));
            }

            RunGroup(before + turn);
        }

        _runner.Statistics.Instructions += _instructions - before;
        if (_instructions > _runner.Launch.InstructionLimit)
        {
            throw new KernelFault(FaultKind.LaunchTimeout, $"{Where(0)}: the warp has run {_instructions} instructions without an end");
        }
    }

    /// <summary>The error of a lane at the instruction that runs.</summary>
    public KernelFault Fault(FaultKind kind, int lane, string problem) => new(kind, $"{Where(lane)}: {problem}");

    /// <summary>Gives native memory back.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(Rows);
        NativeMemory.AlignedFree(_local);
    }

    /// <summary>Runs one group until it ends, waits, jumps while there are others, or meets another.</summary>
    private void RunGroup(long end)
    {
        int meeting = _others.NextAfter(_pc);
        ReadOnlySpan<Instruction> code = _kernel.Code;
        while (true)
        {
            if (_instructions++ >= end || _pc == meeting)
            {
                _others.Add(_pc, _mask);
                return;
            }

            ref readonly Instruction instruction = ref code[_pc];
            uint active = _mask;
            if (instruction.Guard >= 0)
            {
                uint guard = *(uint*)(Rows + instruction.Guard);
                active &= instruction.GuardNegated ? ~guard : guard;
            }

            if (active == 0)
            {
                _pc++;
                continue;
            }

            Line = instruction.Line;
            if (instruction.Control == ControlKind.None)
            {
                instruction.Handler(this, in instruction, active);
                _pc++;
            }
            else if (!RunControl(in instruction, active, ref meeting))
            {
                return;
            }
        }
    }

    /// <summary>Runs a jump, an end, a barrier or a collective instruction. False: another group is to be chosen.</summary>
    private bool RunControl(in Instruction instruction, uint active, ref int meeting)
    {
        switch (instruction.Control)
        {
            case ControlKind.Branch:
                return Branch((int)instruction.Immediate, active);
            case ControlKind.Exit:
                _mask &= ~active;
                _pc++;
                return _mask != 0;
            default:
                if (active != _mask)
                {
                    _others.Add(_pc + 1, _mask & ~active);
                    _mask = active;
                    meeting = _others.NextAfter(_pc);
                }

                return instruction.Control == ControlKind.Barrier ? WaitAtBarrier(in instruction) : RunCollective(in instruction);
        }
    }

    private bool Branch(int target, uint active)
    {
        if (active == _mask)
        {
            _pc = target;
            if (_others.Count == 0)
            {
                return true;
            }
        }
        else
        {
            _others.Add(target, active);
            _mask &= ~active;
            _pc++;
        }

        _others.Add(_pc, _mask);
        return false;
    }

    private bool WaitAtBarrier(in Instruction instruction)
    {
        if (_mask == _existing)
        {
            Barrier = *(int*)(Rows + instruction.A);
            BarrierThreads = instruction.B >= 0 ? *(int*)(Rows + instruction.B) : 0;
            State = WarpState.AtBarrier;
            _others.Add(_pc + 1, _mask);
            return false;
        }

        return WaitForOthers("a barrier");
    }

    private bool RunCollective(in Instruction instruction)
    {
        uint wanted = instruction.Members < 0 ? All : *(uint*)(Rows + instruction.Members + (4 * BitOperations.TrailingZeroCount(_mask)));
        if ((_mask & ~wanted) != 0)
        {
            throw Fault(
                FaultKind.LaunchFailed,
                BitOperations.TrailingZeroCount(_mask & ~wanted),
                $"this lane runs a collective instruction whose mask 0x{wanted:x8} leaves it out");
        }

        if (_mask != wanted)
        {
            return WaitForOthers("a collective instruction");
        }

        instruction.Handler(this, in instruction, _mask);
        _pc++;
        return true;
    }

    private bool WaitForOthers(string what)
    {
        if (_others.Count == 0)
        {
            throw Divergence($"{what} is reached by the lanes 0x{_mask:x8} only; the others of the warp have ended or do not exist");
        }

        _others.AddWaiting(_pc, _mask);
        return false;
    }

    private KernelFault Divergence(string problem) => Fault(FaultKind.LaunchFailed, BitOperations.TrailingZeroCount(_mask), problem);

    private string Where(int lane)
    {
        Dim3 thread = _runner.Launch.Block.At((Index * 32) + lane);
        return $"kernel {_kernel.Name}, PTX line {Line}, block {_runner.BlockIndex}, thread {thread}";
    }
}
