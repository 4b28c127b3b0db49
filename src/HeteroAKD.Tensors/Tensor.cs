using System.Runtime.InteropServices;
using HeteroAKD.Kernels.Intrinsics;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Tensors.Memory;

namespace HeteroAKD.Tensors;

/// <summary>
/// Numbers on a device: contiguous, row-major (images as [N, C, H, W]). A handle on a piece of a slab, owned by the step it was made in or,
/// made outside any step, by its maker. Views share memory and exist only where they are free.
/// </summary>
public sealed partial class Tensor : IDisposable
{
    private Block? _block;
    private int _offset; // elements from the block's start
    private bool _owned; // views do not own
    private Autograd.StepScope? _scope; // the step it goes with, or null

    private Tensor(Device device, Shape shape, DType type)
    {
        Device = device;
        Shape = shape;
        DType = type;
    }

    /// <summary>Where it lives.</summary>
    public Device Device { get; }

    /// <summary>Its sizes.</summary>
    public Shape Shape { get; private set; }

    /// <summary>Its element type.</summary>
    public DType DType { get; private set; }

    /// <summary>Name for messages: a parameter's path, or empty.</summary>
    public string Name { get; set; } = "";

    /// <summary>Whether the backward pass computes its gradient.</summary>
    public bool RequiresGrad { get; set; }

    /// <summary>Whether no recorded operation made it: a parameter or an input. Its gradient stays after the backward pass.</summary>
    public bool IsLeaf { get; internal set; } = true;

    /// <summary>Whether a backward pass has walked the operation that made it, which is forgotten.</summary>
    internal bool IsWalked { get; set; }

    /// <summary>The gradient that backward passes have added up, or null.</summary>
    public Tensor? Grad { get; private set; }

    /// <summary>Whether the gradient has a place of its own that outlives steps (see <see cref="BindGrad"/>).</summary>
    public bool HasBoundGrad { get; private set; }

    /// <summary>False once its memory went back.</summary>
    public bool IsAlive => _block is not null;

    /// <summary>The memory as kernels of floats or doubles take it.</summary>
    public Mem Mem => Device.MemAt(Live(), _offset, Shape.Count, DType);

    /// <summary>The memory as kernels of integers take it.</summary>
    public IndexMem IndexMem => Device.IndexMemAt(Live(), _offset, Shape.Count);

    /// <summary>Bytes of one element.</summary>
    public int ElementBytes => DType switch { DType.Float64 => sizeof(double), DType.BFloat16 => sizeof(ushort), _ => sizeof(float) };

    /// <summary>Bytes of all elements.</summary>
    public long Bytes => (long)Shape.Count * ElementBytes;

    /// <summary>A tensor with undefined contents.</summary>
    public static Tensor Empty(Device device, Shape shape, DType type = DType.Float32)
    {
        if (device.IsDisposed)
        {
            throw new ObjectDisposedException(device.Label, $"device '{device.Label}' was disposed of; it has no memory for a tensor");
        }

        if (!device.Supports(type))
        {
            throw new DTypeMismatchException("new tensor", $"shape {shape} on '{device.Name}'", device.SupportedTypes, type);
        }

        Autograd.StepScope? scope = device.CurrentScope;
        Tensor? tensor = scope?.TakeSpare();
        if (tensor is null)
        {
            tensor = new(device, shape, type) { _scope = scope };
            scope?.Own(tensor);
        }

        tensor.Reset(shape, type);
        tensor._block = device.Allocator.Allocate(tensor.Bytes);
        tensor._block.Owner = tensor;
        tensor._owned = true;
        return tensor;
    }

    /// <summary>A tensor of a trace that computes nothing: it has a shape and a type, and belongs to the open step as others do.</summary>
    internal static Tensor WithoutMemory(Device device, Shape shape, DType type)
    {
        Tensor tensor = new(device, shape, type) { _scope = device.CurrentScope };
        device.CurrentScope?.Own(tensor);
        return tensor;
    }

    /// <summary>A tensor that no step owns, even if one is open: parameters, buffers, state. Its maker disposes of it.</summary>
    public static Tensor Persistent(Device device, Shape shape, DType type = DType.Float32)
    {
        device.SpoilRecording("it makes a tensor that outlives it: a gradient without a place of its own, or a buffer made at first use");
        Autograd.StepScope? scope = device.CurrentScope;
        device.CurrentScope = null;
        try
        {
            return Empty(device, shape, type);
        }
        finally
        {
            device.CurrentScope = scope;
        }
    }

    /// <summary>A tensor of one value.</summary>
    public static Tensor Full(Device device, Shape shape, float value, DType type = DType.Float32)
    {
        Tensor tensor = Empty(device, shape, type);
        Ops.Fill.Run(tensor, value);
        return tensor;
    }

    /// <summary>A tensor of zeros.</summary>
    public static Tensor Zeros(Device device, Shape shape, DType type = DType.Float32) => Full(device, shape, 0, type);

    /// <summary>A float32 tensor with the given values.</summary>
    public static Tensor From(Device device, Shape shape, ReadOnlySpan<float> values, DType type = DType.Float32)
    {
        Tensor tensor = Empty(device, shape, type);
        tensor.CopyFrom(values);
        return tensor;
    }

    /// <summary>An int32 tensor with the given values.</summary>
    public static Tensor From(Device device, Shape shape, ReadOnlySpan<int> values)
    {
        Tensor tensor = Empty(device, shape, DType.Int32);
        tensor.CopyFrom(values);
        return tensor;
    }

    /// <summary>Overwrites the contents; float64 and bfloat16 tensors convert.</summary>
    public void CopyFrom(ReadOnlySpan<float> values)
    {
        CheckCount(values.Length, "CopyFrom");
        if (DType == DType.Float64)
        {
            double[] wide = new double[values.Length];
            for (int i = 0; i < wide.Length; i++)
            {
                wide[i] = values[i];
            }

            CopyFrom(wide);
            return;
        }

        if (DType == DType.BFloat16)
        {
            ushort[] narrow = new ushort[values.Length];
            Bf16.FromFloats(values, narrow);
            Device.CopyIn(Live(), (long)_offset * ElementBytes, MemoryMarshal.AsBytes(narrow.AsSpan()));
            return;
        }

        Require(DType.Float32, "CopyFrom");
        Device.CopyIn(Live(), (long)_offset * ElementBytes, MemoryMarshal.AsBytes(values));
    }

    /// <summary>Overwrites the contents of a float64 tensor.</summary>
    public void CopyFrom(ReadOnlySpan<double> values)
    {
        CheckCount(values.Length, "CopyFrom");
        Require(DType.Float64, "CopyFrom");
        Device.CopyIn(Live(), (long)_offset * ElementBytes, MemoryMarshal.AsBytes(values));
    }

    /// <summary>Overwrites the contents of an int32 tensor.</summary>
    public void CopyFrom(ReadOnlySpan<int> values)
    {
        CheckCount(values.Length, "CopyFrom");
        Require(DType.Int32, "CopyFrom");
        Device.CopyIn(Live(), (long)_offset * ElementBytes, MemoryMarshal.AsBytes(values));
    }

    /// <summary>Reads the contents of a float32 or bfloat16 tensor; waits for the device.</summary>
    public void CopyTo(Span<float> values)
    {
        CheckCount(values.Length, "CopyTo");
        if (DType == DType.BFloat16)
        {
            ushort[] narrow = new ushort[values.Length];
            Device.CopyOut(Live(), (long)_offset * ElementBytes, MemoryMarshal.AsBytes(narrow.AsSpan()));
            Bf16.ToFloats(narrow, values);
            return;
        }

        Require(DType.Float32, "CopyTo");
        Device.CopyOut(Live(), (long)_offset * ElementBytes, MemoryMarshal.AsBytes(values));
    }

    /// <summary>Reads the contents of an int32 tensor; waits for the device.</summary>
    public void CopyTo(Span<int> values)
    {
        CheckCount(values.Length, "CopyTo");
        Require(DType.Int32, "CopyTo");
        Device.CopyOut(Live(), (long)_offset * ElementBytes, MemoryMarshal.AsBytes(values));
    }

    /// <summary>The contents as doubles, whatever the float type; waits for the device.</summary>
    public double[] ToDoubles()
    {
        double[] values = new double[Shape.Count];
        if (DType == DType.Float64)
        {
            Device.CopyOut(Live(), (long)_offset * ElementBytes, MemoryMarshal.AsBytes(values.AsSpan()));
            return values;
        }

        float[] floats = ToFloats();
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = floats[i];
        }

        return values;
    }

    /// <summary>The contents of a float32 or bfloat16 tensor; waits for the device.</summary>
    public float[] ToFloats()
    {
        float[] values = new float[Shape.Count];
        CopyTo(values);
        return values;
    }

    /// <summary>The contents of an int32 tensor; waits for the device.</summary>
    public int[] ToInts()
    {
        int[] values = new int[Shape.Count];
        CopyTo(values.AsSpan());
        return values;
    }

    /// <summary>The value of a scalar; waits for the device.</summary>
    public double Item()
    {
        if (Shape.Count != 1)
        {
            throw new ShapeMismatchException("Item", "tensor", $"shape {Shape} is not a scalar");
        }

        if (DType == DType.Float64)
        {
            Span<double> wide = stackalloc double[1];
            Device.CopyOut(Live(), (long)_offset * ElementBytes, MemoryMarshal.AsBytes(wide));
            return wide[0];
        }

        Span<float> value = stackalloc float[1];
        CopyTo(value);
        return value[0];
    }

    /// <summary>The same memory in another shape, without gradient history: use <c>x.Reshape</c> in a model.</summary>
    public Tensor View(Shape shape, int elementOffset = 0)
    {
        if (elementOffset < 0 || elementOffset + (long)shape.Count > Shape.Count)
        {
            throw new ShapeMismatchException("view", "shape", $"{shape} from element {elementOffset} does not fit into {Shape}");
        }

        if (DType == DType.BFloat16 && ((_offset + elementOffset) & 1) != 0)
        {
            throw new ShapeMismatchException("view", "shape", $"a view of a bfloat16 tensor must begin at an even element, not at {_offset + elementOffset}");
        }

        return new Tensor(Device, shape, DType) { _block = Live(), _offset = _offset + elementOffset, _scope = Device.CurrentScope, Name = Name };
    }

    /// <summary>A copy on another device (or the same), outside the gradient history.</summary>
    public Tensor To(Device device)
    {
        byte[] bytes = new byte[Shape.Count * ElementBytes];
        Device.CopyOut(Live(), (long)_offset * ElementBytes, bytes);
        Tensor copy = Empty(device, Shape, DType);
        device.CopyIn(copy.Live(), 0, bytes);
        return copy;
    }

    /// <summary>Forgets the gradient; one with a lasting place is cleared.</summary>
    public void ZeroGrad()
    {
        if (HasBoundGrad)
        {
            Ops.Fill.Run(Grad!, 0);
        }
        else
        {
            DropGradient();
        }
    }

    /// <summary>Gives the gradient a lasting place that backward passes add to; the optimiser owns and clears it.</summary>
    public void BindGrad(Tensor grad)
    {
        if (grad.Shape != Shape)
        {
            throw new ShapeMismatchException("BindGrad", Name, $"gradient {grad.Shape} for a tensor {Shape}");
        }

        Grad = grad;
        HasBoundGrad = true;
    }

    /// <summary>Moves the tensor into memory of another, keeping its contents: how parameters come to lie one after another.</summary>
    public void MoveInto(Tensor target, int elementOffset)
    {
        Tensor place = target.View(Shape, elementOffset);
        Ops.Copy.Run(this, place);
        Device.Synchronize();
        if (_owned)
        {
            Device.Allocator.Free(Live());
        }

        _block = place._block;
        _offset = place._offset;
        _owned = false;
    }

    /// <summary>
    /// Undoes <see cref="MoveInto"/>: the tensor gets memory of its own with the same contents, and its gradient goes. One that has its own stays as it is.
    /// </summary>
    public void MoveOut()
    {
        if (_owned)
        {
            return;
        }

        Tensor copy = Persistent(Device, Shape, DType);
        Ops.Copy.Run(this, copy);
        Device.Synchronize();
        _block = copy._block!;
        _block.Owner = this;
        _offset = 0;
        _owned = true;
        Grad = null;
        HasBoundGrad = false;
    }

    /// <summary>Runs the backward pass from this scalar.</summary>
    public void Backward() => Device.Tape.Backward(this);

    /// <summary>Gives the memory back; the step does this for tensors made inside it.</summary>
    public void Dispose()
    {
        DropGradient();
        if (_block is not null && _owned && !Device.IsDisposed)
        {
            Device.Allocator.Free(_block);
        }

        _block = null;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{(Name.Length > 0 ? Name + " " : "")}{DType} {Shape} on {Device.Name}";

    internal void AddGradient(Tensor gradient)
    {
        if (IsWalked)
        {
            throw new HeteroAkdException(
                $"backward: the operation that made {this} is forgotten: an earlier backward pass walked it, or its step has ended. Add the losses (a + b) "
                    + "and run one pass within the step, or run the forward pass again");
        }

        if (gradient.Shape.Count != Shape.Count)
        {
            throw new ShapeMismatchException("backward", Name.Length > 0 ? Name : "tensor", $"gradient {gradient.Shape} for a tensor {Shape}");
        }

        gradient.Require(DType, "backward");

        if (Grad is null)
        {
            // A gradient that was passed back through a reshape still has the shape of the reshape's output.
            gradient.Shape = Shape;
            Grad = gradient._scope is null || gradient._scope == _scope || !IsLeaf ? gradient : Outliving(gradient);
            return;
        }

        Ops.Accumulate.Run(gradient, Grad);
        gradient.Recycle();
    }

    /// <summary>A copy that outlives the step, as the leaf does that it is the gradient of.</summary>
    private static Tensor Outliving(Tensor gradient)
    {
        Tensor copy = Persistent(gradient.Device, gradient.Shape, gradient.DType);
        Ops.Copy.Run(gradient, copy);
        gradient.Dispose();
        return copy;
    }

    internal void ReleaseGradient() => Grad = null;

    /// <summary>Gives the gradient of an intermediate result back, once the backward pass has used it.</summary>
    internal void RecycleGradient()
    {
        if (!HasBoundGrad)
        {
            Grad?.Recycle();
            Grad = null;
        }
    }

    // To the scope around the one that it was made in.
    internal void MoveTo(Autograd.StepScope? scope) => _scope = scope;

    // Makes a spare object a new tensor; its memory comes next.
    private void Reset(Shape shape, DType type)
    {
        Shape = shape;
        DType = type;
        Name = "";
        RequiresGrad = false;
        IsLeaf = true;
        IsWalked = false;
    }

    // As Dispose, where nobody else holds the tensor (a gradient that was taken over): its step can use the object again.
    internal void Recycle()
    {
        bool reusable = _owned && IsAlive;
        Dispose();
        if (reusable)
        {
            _scope?.AddSpare(this);
        }
    }

    internal void DropGradient()
    {
        if (!HasBoundGrad)
        {
            Grad?.Dispose();
            Grad = null;
        }
    }

    internal void Require(DType type, string operation)
    {
        if (DType != type)
        {
            throw new DTypeMismatchException(operation, ToString(), type.ToString(), DType);
        }
    }

    private Block Live() =>
        Device.IsDisposed ? throw new ObjectDisposedException(ToString(), $"its device '{Device.Label}' was disposed of")
        : _block ?? throw new ObjectDisposedException(ToString(), "its step has ended or it was disposed of");

    internal void CheckCount(int count, string operation)
    {
        if (count != Shape.Count)
        {
            throw new ShapeMismatchException(operation, ToString(), $"{count} values for {Shape.Count} elements");
        }
    }
}
