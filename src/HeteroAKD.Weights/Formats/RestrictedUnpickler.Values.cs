using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace HeteroAKD.Weights.Formats;

/// <summary>The instructions that push values, and those that collect them.</summary>
internal sealed partial class RestrictedUnpickler
{
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
            case PickleOp.Long4:
                value = Integer(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                break;
            case PickleOp.Int:
                value = TakeLine() switch
                {
                    "00" => false,
                    "01" => true,
                    var digits when long.TryParse(digits, CultureInfo.InvariantCulture, out long number) => number,
                    _ => throw Damaged("a number"),
                };
                break;
            case PickleOp.BinFloat:
                value = BinaryPrimitives.ReadDoubleBigEndian(Take(8));
                break;
            case PickleOp.BinUnicode:
                value = Text(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                break;
            case PickleOp.ShortBinUnicode:
                value = Text(Take(Take(1)[0]));
                break;

            // Python 2 has one type for texts and bytes.
            case PickleOp.BinString:
                value = Encoding.Latin1.GetString(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                break;
            case PickleOp.ShortBinString:
                value = Encoding.Latin1.GetString(Take(Take(1)[0]));
                break;
            case PickleOp.BinUnicode8:
                value = Text(Take(BinaryPrimitives.ReadUInt64LittleEndian(Take(8))));
                break;

            // Bytes name no weight and are no weight, so they are passed over.
            case PickleOp.BinBytes:
                Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
                value = null;
                break;
            case PickleOp.ShortBinBytes:
                Take(Take(1)[0]);
                value = null;
                break;
            case PickleOp.BinBytes8 or PickleOp.ByteArray8:
                Take(BinaryPrimitives.ReadUInt64LittleEndian(Take(8)));
                value = null;
                break;
            case PickleOp.EmptyList or PickleOp.EmptySet:
                CountMade();
                value = new List<object?>();
                break;
            case PickleOp.EmptyDict:
                CountMade();
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
                CountMade();
                _stack.Add(PopMany(1 + op - PickleOp.Tuple1));
                return true;
            case PickleOp.Tuple:
                CountMade();
                _stack.Add(PopToMark());
                return true;
            case PickleOp.FrozenSet:
                CountMade();
                _stack.Add(new List<object?>(PopToMark()));
                return true;
            case PickleOp.Append or PickleOp.Appends or PickleOp.AddItems:
                object?[] items = op == PickleOp.Append ? PopMany(1) : PopToMark();
                if (Top() is List<object?> list)
                {
                    list.AddRange(items);
                }
                else if (Top() is not PickleObject)
                {
                    throw new TorchFileProblemException("its pickle appends to something that is no list");
                }

                return true;
            case PickleOp.SetItem or PickleOp.SetItems:
                object?[] pairs = op == PickleOp.SetItem ? PopMany(2) : PopToMark();
                PickleDict dict = Top() as PickleDict ?? (Top() is PickleObject made ? made.Entries ??= new PickleDict() : null)
                    ?? throw new TorchFileProblemException("its pickle sets entries of something that is no dictionary");
                TorchGlobals.SetAll(dict, pairs);
                return true;
            default:
                return false;
        }
    }

    private static TorchFileProblemException Damaged(string what) => new($"its pickle has something else where {what} belongs");

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
