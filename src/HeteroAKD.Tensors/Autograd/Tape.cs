namespace HeteroAKD.Tensors.Autograd;

/// <summary>One operation that happened: its inputs, its output, and what its gradient rule needs.</summary>
public abstract class Node
{
    /// <summary>Most inputs an operation can have.</summary>
    public const int MaxInputs = 6;

    private Inputs _inputs;

    /// <summary>The result that gradients come back to.</summary>
    public Tensor Output { get; internal set; } = null!;

    /// <summary>The row of the table of operations.</summary>
    public abstract OpRow Row { get; }

    /// <summary>Input <paramref name="index"/>; throws if it was left out.</summary>
    public Tensor this[int index] => _inputs[index] ?? throw new ShapeMismatchException(Row.Name, Row.Inputs[index].Name, "is required and was left out");

    /// <summary>Input <paramref name="index"/>, or null if it was left out.</summary>
    public Tensor? Optional(int index) => _inputs[index];

    /// <summary>Whether the gradient of an input is wanted.</summary>
    public bool NeedsGradient(int index) => _inputs[index] is { RequiresGrad: true };

    /// <summary>Adds to an input's gradient. The tensor is taken over: it must not be used afterwards.</summary>
    public void AddGradient(int index, Tensor gradient) => _inputs[index]!.AddGradient(gradient);

    /// <summary>
    /// Passes the output's gradient on to an input as it is. The first input that has none yet takes the memory over, the others add or copy:
    /// a residual connection costs one copy, a reshape none.
    /// </summary>
    public void PassGradient(int index, Tensor outputGradient)
    {
        Tensor input = _inputs[index]!;
        if (input.Grad is not null)
        {
            Ops.Accumulate.Run(outputGradient, input.Grad);
        }
        else if (ReferenceEquals(Output.Grad, outputGradient) && !Output.HasBoundGrad)
        {
            Output.ReleaseGradient();
            input.AddGradient(outputGradient);
        }
        else
        {
            Tensor copy = Tensor.Empty(input.Device, input.Shape, input.DType);
            Ops.Copy.Run(outputGradient, copy);
            input.AddGradient(copy);
        }
    }

    /// <summary>Its place among all operations that the device ever recorded.</summary>
    internal long Sequence { get; set; }

    internal void SetInput(int index, Tensor? tensor) => _inputs[index] = tensor;

    internal abstract void Backward(Tensor outputGradient);

    [System.Runtime.CompilerServices.InlineArray(MaxInputs)]
    private struct Inputs
    {
        private Tensor? _element0;
    }
}

/// <summary>
/// Operations in the order they happened. A backward pass walks it from the end: a node whose output has a gradient passes it on to its inputs, and is
/// forgotten. Nodes that it does not come to stay for other passes, as in PyTorch, until their step ends.
/// </summary>
public sealed class Tape(Device device)
{
    /// <summary>Operations outside any step after which <see cref="Device.Warn"/> is told.</summary>
    public const int UsualLength = 10_000;

    private readonly List<Node?> _nodes = []; // null: walked, within a pass only
    private int _outside;                     // those recorded outside any step

    /// <summary>Recorded operations.</summary>
    public int Count => _nodes.Count;

    /// <summary>What the next operation's <see cref="Node.Sequence"/> will be.</summary>
    internal long Next { get; private set; }

    /// <summary>
    /// Fills <see cref="Tensor.Grad"/> of every leaf that <paramref name="loss"/> depends on, adding to what is there, and forgets the operations between.
    /// </summary>
    /// <param name="loss">A scalar; its own gradient is 1.</param>
    /// <exception cref="HeteroAkdException">It depends on nothing that wants a gradient, or on operations that an earlier pass walked and forgot: add losses
    /// first, or run the forward pass again.</exception>
    public void Backward(Tensor loss)
    {
        if (loss.Shape.Count != 1)
        {
            throw new ShapeMismatchException("backward", "loss", $"shape {loss.Shape} is not a scalar; reduce it first, or give the gradient of each element");
        }

        Backward(loss, Tensor.Full(device, loss.Shape, 1, loss.DType));
    }

    /// <summary>
    /// As <see cref="Backward(Tensor)"/>, from a tensor of any shape and its upstream gradient: the gradients are those of Σ output · gradient.
    /// </summary>
    /// <param name="output">Where the pass starts.</param>
    /// <param name="gradient">As <paramref name="output"/>. The tensor is taken over: it must not be used afterwards.</param>
    /// <exception cref="HeteroAkdException">As there.</exception>
    public void Backward(Tensor output, Tensor gradient)
    {
        if (gradient.Shape != output.Shape)
        {
            throw new ShapeMismatchException("backward", "gradient", $"{gradient.Shape} is not the output's shape {output.Shape}");
        }

        if (gradient.DType != output.DType)
        {
            throw new DTypeMismatchException("backward", "gradient", output.DType.ToString(), gradient.DType);
        }

        if (!output.RequiresGrad)
        {
            throw new HeteroAkdException(
                $"backward: {output} depends on nothing that wants a gradient. Was it computed under NoGrad, or has no parameter RequiresGrad?");
        }

        using NoGrad noGrad = new();
        try
        {
            output.AddGradient(gradient);
            for (int i = _nodes.Count - 1; i >= 0; i--)
            {
                if (_nodes[i] is { Output.Grad: { } upstream } node)
                {
                    _nodes[i] = null;
                    node.Output.IsWalked = true;
                    node.Backward(upstream);

                    // Nobody reads the gradient of an intermediate result again.
                    node.Output.RecycleGradient();
                }
            }
        }
        finally
        {
            Compact();
        }
    }

    internal void Add(Node node)
    {
        node.Sequence = Next++;
        _nodes.Add(node);
        if (device.CurrentScope is null && ++_outside == UsualLength)
        {
            device.Warn(
                $"{UsualLength} operations were recorded on '{device.Name}' outside any step, and no backward pass asked for them: their memory is not "
                    + $"given back. "
                + "Evaluate under NoGrad, and run each step within Device.BeginStep() (docs/library.md)");
        }
    }

    // Keeps the nodes that the pass did not reach and frees gradients that a failed pass may have left on them. Removes a node whose output was freed, unless a
    // later node that is kept reads that output.
    private void Compact()
    {
        _nodes.RemoveAll(node => node is null);
        HashSet<Tensor> wanted = [];
        for (int i = _nodes.Count - 1; i >= 0; i--)
        {
            Node node = _nodes[i]!;
            node.Output.RecycleGradient();
            if (!node.Output.IsAlive && !wanted.Contains(node.Output))
            {
                _nodes[i] = null;
                continue;
            }

            for (int input = 0; input < Node.MaxInputs; input++)
            {
                if (node.Optional(input) is { IsAlive: false } gone)
                {
                    wanted.Add(gone);
                }
            }
        }

        _nodes.RemoveAll(node => node is null);
        _outside = Math.Min(_outside, _nodes.Count);
    }

    /// <summary>Forgets the operations from a place in the sequence on. A result that outlives them cannot be walked back any more.</summary>
    internal void Truncate(long from)
    {
        int count = _nodes.Count;
        while (count > 0 && (_nodes[count - 1]?.Sequence ?? from) >= from)
        {
            count--;
            if (_nodes[count] is { } node)
            {
                node.Output.IsWalked = true;
            }
        }

        _nodes.RemoveRange(count, _nodes.Count - count);
        _outside = Math.Min(_outside, count);
    }
}

/// <summary>While one is alive on a thread, operations are not recorded and their results need no gradient.</summary>
public readonly struct NoGrad : IDisposable
{
    [ThreadStatic]
    private static int s_depth;

    /// <summary>Turns recording off until <see cref="Dispose"/>.</summary>
    public NoGrad() => s_depth++;

    /// <summary>Whether operations are recorded on this thread.</summary>
    public static bool Recording => s_depth == 0;

    /// <summary>Ends this one; recording resumes when all have ended.</summary>
    public void Dispose() => s_depth--;
}
