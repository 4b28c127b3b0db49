using System.Buffers.Binary;
using System.Text;

namespace HeteroAKD.Weights.Formats;

/// <summary>
/// Reads the pickle of a PyTorch file without executing anything: instructions only move values between a stack, a memo and containers of ours. A global
/// is a pair of names, and calls are replaced by <see cref="TorchGlobals"/>, which makes tensors and dictionaries and leaves everything else unmade.
/// </summary>
/// <param name="program">Bytes that hold the pickle.</param>
/// <param name="start">Where it begins.</param>
internal sealed partial class RestrictedUnpickler(byte[] program, int start = 0)
{
    // A state dict of a thousand tensors needs some ten thousand memo entries and a stack of a few thousand values.
    private const int MaxStack = 1 << 20;
    private const int MaxMemo = 1 << 22;
    private const int MaxMade = 1 << 22;
    private const int MaxGlobalLength = 512;
    private static readonly object s_unnoted = new();
    private const int MaxCopied = 1 << 20;
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly List<object?> _stack = [];
    private readonly List<int> _marks = []; // heights of the stack
    private readonly List<object?> _memo = [];
    private readonly Dictionary<string, StoredType> _storages = [];
    private int _position = start;
    private long _copied;
    private int _noted;
    private int _made;

    /// <summary>Types of the storages that were referred to, by their keys.</summary>
    public IReadOnlyDictionary<string, StoredType> Storages => _storages;

    /// <summary>Behind the last instruction that ran.</summary>
    public int Position => _position;

    /// <summary>Runs to the end and returns the one value left.</summary>
    /// <exception cref="TorchFileProblemException">Malformed, or more than a state dict.</exception>
    public object? Load()
    {
        while (true)
        {
            int at = _position;
            PickleOp op = (PickleOp)Take(1)[0];
            if (op == PickleOp.Stop)
            {
                return Pop();
            }

            Step(op, at);
            if (_stack.Count > MaxStack || _marks.Count > MaxStack)
            {
                throw new TorchFileProblemException($"its pickle needs a stack of more than {MaxStack} values");
            }
        }
    }

    private void Step(PickleOp op, int at)
    {
        switch (op)
        {
            case PickleOp.Proto:
                byte protocol = Take(1)[0];
                if (protocol is < 2 or > 5)
                {
                    throw new TorchFileProblemException($"its pickle has protocol {protocol}; 2 to 5 are read");
                }

                break;
            case PickleOp.Frame:
                Take(8);
                break;
            case PickleOp.Mark:
                _marks.Add(_stack.Count);
                break;
            case PickleOp.Pop:
                Pop();
                break;
            case PickleOp.PopMark:
                PopToMark();
                break;
            case PickleOp.Dup:
                _stack.Add(Top());
                break;
            case PickleOp.BinGet or PickleOp.LongBinGet:
                _stack.Add(Recall(op == PickleOp.BinGet ? Take(1)[0] : BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                break;
            case PickleOp.BinPut or PickleOp.LongBinPut:
                Note(op == PickleOp.BinPut ? Take(1)[0] : BinaryPrimitives.ReadUInt32LittleEndian(Take(4)), Top());
                break;
            case PickleOp.Memoize:
                Note((uint)_noted, Top());
                break;
            case PickleOp.Global:
                string module = TakeLine();
                _stack.Add(Global(module, TakeLine()));
                break;
            case PickleOp.StackGlobal:
                string name = Pop<string>("the name of a global");
                _stack.Add(Global(Pop<string>("the module of a global"), name));
                break;
            case PickleOp.BinPersId:
                object? kept = TorchGlobals.Storage(Pop());
                if (kept is TorchStorage storage && !_storages.TryAdd(storage.Key, storage.Type) && _storages[storage.Key] != storage.Type)
                {
                    throw new TorchFileProblemException($"is broken: storage '{FileLimits.Shown(storage.Key)}' has two types");
                }

                _stack.Add(kept);
                break;
            case PickleOp.Reduce or PickleOp.NewObj or PickleOp.NewObjEx:
                if (op == PickleOp.NewObjEx)
                {
                    Pop(); // arguments by name
                }

                object?[] arguments = Pop<object?[]>("the arguments of a call");
                CountMade();
                _stack.Add(TorchGlobals.Call(Pop(), arguments, CountCopied));
                break;
            case PickleOp.Build:
                Build(Pop(), Top());
                break;
            default:
                if (!Push(op) && !Collect(op))
                {
                    throw new TorchFileProblemException($"its pickle has the instruction 0x{(byte)op:x2} at byte {at}, which no state dict needs");
                }

                break;
        }
    }

    // The state of a dictionary is the _metadata of a state dict, that of a tensor its attributes: neither holds weights.
    private static void Build(object? state, object? target)
    {
        if (target is PickleObject made)
        {
            // A class with slots has them in a second dictionary.
            made.Attributes = state as PickleDict ?? (state is object?[] { Length: 2 } both ? both[0] as PickleDict ?? both[1] as PickleDict : null);
        }
        else if (target is not (PickleDict or TorchTensor or PickleGlobal))
        {
            throw new TorchFileProblemException("its pickle sets the state of something that has none");
        }
    }

    private object? Recall(uint index) =>
        index < _memo.Count && _memo[(int)index] != s_unnoted ? _memo[(int)index]
            : throw new TorchFileProblemException($"its pickle recalls value {index}, which it never noted");

    private void Note(uint index, object? value)
    {
        if (index >= MaxMemo)
        {
            throw new TorchFileProblemException($"its pickle needs a memo of more than {MaxMemo} values");
        }

        while (_memo.Count <= index)
        {
            _memo.Add(s_unnoted);
        }

        _noted += _memo[(int)index] == s_unnoted ? 1 : 0;
        _memo[(int)index] = value;
    }

    private static PickleGlobal Global(string module, string name) => module.Length + name.Length <= MaxGlobalLength
        ? new PickleGlobal(module, name)
        : throw new TorchFileProblemException(
            $"its pickle names '{FileLimits.Shown(module)}.{FileLimits.Shown(name)}', longer than the {MaxGlobalLength} characters that are read");

    private void CountMade()
    {
        if (++_made > MaxMade)
        {
            throw new TorchFileProblemException($"its pickle makes more than {MaxMade} lists, dictionaries and objects");
        }
    }

    private void CountCopied(int values)
    {
        _copied += values;
        if (_copied > MaxCopied)
        {
            throw new TorchFileProblemException($"its pickle makes dictionaries of lists with more than {MaxCopied} entries in all");
        }
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)(program.Length - _position))
        {
            throw new TorchFileProblemException($"its pickle ends at byte {program.Length} in the middle of an instruction");
        }

        ReadOnlySpan<byte> bytes = program.AsSpan(_position, (int)count);
        _position += (int)count;
        return bytes;
    }

    private string TakeLine()
    {
        int length = program.AsSpan(_position).IndexOf((byte)'\n');
        if (length < 0)
        {
            throw new TorchFileProblemException("its pickle ends in the middle of a name");
        }

        string line = Text(Take((ulong)length));
        Take(1);
        return line;
    }

    private object? Top() => _stack.Count > Floor ? _stack[^1] : throw new TorchFileProblemException("its pickle takes a value from an empty stack");

    private object? Pop()
    {
        object? top = Top();
        _stack.RemoveAt(_stack.Count - 1);
        return top;
    }

    private T Pop<T>(string what)
        where T : class =>
        Pop() as T ?? throw new TorchFileProblemException($"its pickle has something else where {what} belongs");

    private object?[] PopMany(int count)
    {
        if (_stack.Count - Floor < count)
        {
            throw new TorchFileProblemException("its pickle takes a value from an empty stack");
        }

        object?[] values = [.. _stack[^count..]];
        _stack.RemoveRange(_stack.Count - count, count);
        return values;
    }

    private object?[] PopToMark()
    {
        if (_marks.Count == 0)
        {
            throw new TorchFileProblemException("its pickle goes back to a mark that it never set");
        }

        object?[] values = PopMany(_stack.Count - Floor);
        _marks.RemoveAt(_marks.Count - 1);
        return values;
    }

    // Values below the last mark are out of reach, as in Python's own reader.
    private int Floor => _marks.Count > 0 ? _marks[^1] : 0;
}
