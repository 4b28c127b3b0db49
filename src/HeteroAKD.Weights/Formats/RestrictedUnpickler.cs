using System.Buffers.Binary;
using System.Text;

namespace HeteroAKD.Weights.Formats;

/// <summary>
/// Reads the pickle of a PyTorch file without executing anything: instructions only move values between a stack, a memo and containers of ours. A global
/// is a pair of names, and calls are replaced by <see cref="TorchGlobals"/>, which knows those of a state dict and refuses all others.
/// </summary>
/// <param name="program">The pickle.</param>
internal sealed class RestrictedUnpickler(byte[] program)
{
    // A state dict of a thousand tensors needs some ten thousand memo entries and a stack of a few thousand values.
    private const int MaxStack = 1 << 20;
    private const int MaxMemo = 1 << 22;
    private const int MaxCopied = 1 << 20;
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly List<object?> _stack = [];
    private readonly List<int> _marks = []; // heights of the stack
    private readonly Dictionary<uint, object?> _memo = [];
    private int _position;
    private long _copied;

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
            if (_stack.Count > MaxStack || _memo.Count > MaxMemo || _marks.Count > MaxStack)
            {
                throw new TorchFileProblemException($"its pickle needs a stack of more than {MaxStack} or a memo of more than {MaxMemo} values");
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
                _memo[op == PickleOp.BinPut ? Take(1)[0] : BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = Top();
                break;
            case PickleOp.Memoize:
                _memo[(uint)_memo.Count] = Top();
                break;
            case PickleOp.Global:
                _stack.Add(TorchGlobals.Allow(new PickleGlobal(TakeLine(), TakeLine())));
                break;
            case PickleOp.StackGlobal:
                string name = Pop<string>("the name of a global");
                _stack.Add(TorchGlobals.Allow(new PickleGlobal(Pop<string>("the module of a global"), name)));
                break;
            case PickleOp.BinPersId:
                _stack.Add(TorchGlobals.Storage(Pop()));
                break;
            case PickleOp.Reduce or PickleOp.NewObj:
                object?[] arguments = Pop<object?[]>("the arguments of a call");
                _stack.Add(TorchGlobals.Call(Pop(), arguments, CountCopied));
                break;
            case PickleOp.Build:
                // What is built up further is the _metadata of a state dict, which holds no weights.
                Pop();
                if (Top() is not PickleDict)
                {
                    throw new TorchFileProblemException("its pickle sets the state of something that is no dictionary");
                }

                break;
            default:
                if (!Push(op) && !Collect(op))
                {
                    throw new TorchFileProblemException($"its pickle has the instruction 0x{(byte)op:x2} at byte {at}, which no state dict needs");
                }

                break;
        }
    }

    private bool Push(PickleOp op)
    {
        object? value;
        switch (op)
        {
            case PickleOp.None:
                value = null;
                break;
            case PickleOp.NewTrue or PickleOp.NewFalse:
                value = op == PickleOp.NewTrue;
                break;
            case PickleOp.BinInt:
                value = (long)BinaryPrimitives.ReadInt32LittleEndian(Take(4));
                break;
            case PickleOp.BinInt1:
                value = (long)Take(1)[0];
                break;
            case PickleOp.BinInt2:
                value = (long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2));
                break;
            case PickleOp.Long1:
                value = Integer(Take(Take(1)[0]));
                break;
            case PickleOp.BinFloat:
                value = BinaryPrimitives.ReadDoubleBigEndian(Take(8));
                break;
            case PickleOp.BinUnicode or PickleOp.BinString:
                value = Text(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                break;
            case PickleOp.ShortBinUnicode or PickleOp.ShortBinString:
                value = Text(Take(Take(1)[0]));
                break;
            case PickleOp.BinUnicode8:
                value = Text(Take(BinaryPrimitives.ReadUInt64LittleEndian(Take(8))));
                break;
            case PickleOp.BinBytes:
                value = Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))).ToArray();
                break;
            case PickleOp.ShortBinBytes:
                value = Take(Take(1)[0]).ToArray();
                break;
            case PickleOp.EmptyList:
                value = new List<object?>();
                break;
            case PickleOp.EmptyDict:
                value = new PickleDict();
                break;
            case PickleOp.EmptyTuple:
                value = Array.Empty<object?>();
                break;
            default:
                return false;
        }

        _stack.Add(value);
        return true;
    }

    private bool Collect(PickleOp op)
    {
        switch (op)
        {
            case PickleOp.Tuple1 or PickleOp.Tuple2 or PickleOp.Tuple3:
                _stack.Add(PopMany(1 + op - PickleOp.Tuple1));
                return true;
            case PickleOp.Tuple:
                _stack.Add(PopToMark());
                return true;
            case PickleOp.Append or PickleOp.Appends:
                object?[] items = op == PickleOp.Append ? PopMany(1) : PopToMark();
                (Top() as List<object?> ?? throw new TorchFileProblemException("its pickle appends to something that is no list")).AddRange(items);
                return true;
            case PickleOp.SetItem or PickleOp.SetItems:
                object?[] pairs = op == PickleOp.SetItem ? PopMany(2) : PopToMark();
                PickleDict dict = Top() as PickleDict ?? throw new TorchFileProblemException("its pickle sets entries of something that is no dictionary");
                TorchGlobals.SetAll(dict, pairs);
                return true;
            default:
                return false;
        }
    }

    private object? Recall(uint index) =>
        _memo.TryGetValue(index, out object? value) ? value : throw new TorchFileProblemException($"its pickle recalls value {index}, which it never noted");

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

    private static string Text(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return s_utf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new TorchFileProblemException("its pickle holds a text that is not UTF-8");
        }
    }

    private static object Integer(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        0 => (object)0L,
        <= 8 => SignExtended(bytes),

        // Beyond int64 it can be neither a size nor an offset; random seeds of checkpoints are such numbers.
        _ => new System.Numerics.BigInteger(bytes),
    };

    private static long SignExtended(ReadOnlySpan<byte> bytes)
    {
        Span<byte> eight = stackalloc byte[8];
        eight.Fill((bytes[^1] & 0x80) == 0 ? (byte)0 : (byte)255);
        bytes.CopyTo(eight);
        return BinaryPrimitives.ReadInt64LittleEndian(eight);
    }
}
