using System.Buffers.Binary;
using System.Text;

namespace HeteroAKD.Weights.Formats;

/// <summary>Writes the pickle of a state dict, in protocol 2 as <c>torch.save</c> does. Values are not memoised: a reader needs no memo to follow.</summary>
internal sealed class StateDictPickler
{
    private readonly MemoryStream _program = new();

    private StateDictPickler()
    {
    }

    /// <summary>The pickle of an OrderedDict whose n-th tensor has storage n.</summary>
    public static byte[] Write(IReadOnlyList<HostTensor> tensors)
    {
        StateDictPickler pickler = new();
        pickler.Op(PickleOp.Proto, 2);
        pickler.Global("collections", "OrderedDict");
        pickler.Op(PickleOp.EmptyTuple);
        pickler.Op(PickleOp.Reduce);
        pickler.Op(PickleOp.Mark);
        for (int i = 0; i < tensors.Count; i++)
        {
            pickler.Text(tensors[i].Name);
            pickler.Tensor(tensors[i], i);
        }

        pickler.Op(PickleOp.SetItems);
        pickler.Op(PickleOp.Stop);
        return pickler._program.ToArray();
    }

    // _rebuild_tensor_v2(storage, offset, sizes, strides, requires_grad, backward_hooks)
    private void Tensor(HostTensor tensor, int storage)
    {
        Global("torch._utils", "_rebuild_tensor_v2");
        Op(PickleOp.Mark);
        Op(PickleOp.Mark);
        Text("storage");
        Global("torch", StoredType.TorchStorageOf(tensor.DType));
        Text(storage.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Text("cpu");
        Integer(tensor.Count);
        Op(PickleOp.Tuple);
        Op(PickleOp.BinPersId);
        Integer(0);
        Integers(tensor.Sizes);
        Integers(ContiguousStrides(tensor.Sizes));
        Op(PickleOp.NewFalse);
        Global("collections", "OrderedDict");
        Op(PickleOp.EmptyTuple);
        Op(PickleOp.Reduce);
        Op(PickleOp.Tuple);
        Op(PickleOp.Reduce);
    }

    private static int[] ContiguousStrides(int[] sizes)
    {
        int[] strides = new int[sizes.Length];
        int stride = 1;
        for (int d = sizes.Length - 1; d >= 0; d--)
        {
            strides[d] = stride;
            stride *= Math.Max(1, sizes[d]);
        }

        return strides;
    }

    private void Integers(int[] values)
    {
        Op(PickleOp.Mark);
        foreach (int value in values)
        {
            Integer(value);
        }

        Op(PickleOp.Tuple);
    }

    private void Op(PickleOp op, params ReadOnlySpan<byte> argument)
    {
        _program.WriteByte((byte)op);
        _program.Write(argument);
    }

    private void Global(string module, string name) => Op(PickleOp.Global, Encoding.UTF8.GetBytes($"{module}\n{name}\n"));

    private void Integer(int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        Op(PickleOp.BinInt, bytes);
    }

    private void Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        Op(PickleOp.BinUnicode, length);
        _program.Write(bytes);
    }
}
