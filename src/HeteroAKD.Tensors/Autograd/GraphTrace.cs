namespace HeteroAKD.Tensors.Autograd;

/// <summary>An operation as it ran: all that an exporter or a counter of multiplications has to know of it.</summary>
/// <param name="Row">The row of the table of operations.</param>
/// <param name="Attributes">The row's attributes, a record struct such as <see cref="Ops.Conv2dAttributes"/>.</param>
/// <param name="Inputs">The inputs in the row's order; null where one was left out.</param>
/// <param name="Output">The result.</param>
public sealed record TracedOperation(OpRow Row, object Attributes, IReadOnlyList<Tensor?> Inputs, Tensor Output);

/// <summary>
/// Notes every operation of a device in the order they run, with or without gradients, until it is disposed of. On the <see cref="Devices.MetaDevice"/> a
/// network can so be looked through at any size without computing it, and on any device with <see cref="OfShapes"/>.
/// </summary>
public sealed class GraphTrace : IDisposable
{
    private readonly Device _device;
    private readonly List<TracedOperation> _operations = [];

    /// <summary>Begins.</summary>
    /// <exception cref="InvalidOperationException">Another trace of the device has not ended.</exception>
    public GraphTrace(Device device)
        : this(device, shapesOnly: false)
    {
    }

    private GraphTrace(Device device, bool shapesOnly)
    {
        if (device.Trace is not null)
        {
            throw new InvalidOperationException($"device '{device.Name}' is traced already; end that trace first");
        }

        _device = device;
        ShapesOnly = shapesOnly;
        device.Trace = this;
    }

    /// <summary>What ran so far. Shapes stay readable when a step has given its tensors back, numbers do not.</summary>
    public IReadOnlyList<TracedOperation> Operations => _operations;

    /// <summary>Whether operations find out shapes and types alone: nothing is launched, and results have no memory.</summary>
    internal bool ShapesOnly { get; }

    /// <summary>Begins a trace that computes nothing. What runs meanwhile must read no number and wants no gradient.</summary>
    /// <param name="device">Where the operations' parameters are.</param>
    public static GraphTrace OfShapes(Device device) => new(device, shapesOnly: true);

    /// <summary>A tensor without memory, to begin with in a trace <see cref="OfShapes"/>.</summary>
    public Tensor Input(Shape shape, DType type) => Tensor.WithoutMemory(_device, shape, type);

    /// <summary>Ends the trace; what it noted stays.</summary>
    public void Dispose()
    {
        if (ReferenceEquals(_device.Trace, this))
        {
            _device.Trace = null;
        }
    }

    internal void Add<TAttributes>(OpNode<TAttributes> node)
        where TAttributes : struct =>
        _operations.Add(new TracedOperation(node.Row, node.Attributes, [.. Enumerable.Range(0, node.Row.Inputs.Count).Select(node.Optional)], node.Output));
}
