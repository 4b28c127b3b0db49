namespace HeteroAKD.Tensors.Autograd;

/// <summary>An input of an operation.</summary>
/// <param name="Name">PyTorch's name.</param>
/// <param name="Shape">Its shape in words, for listings.</param>
/// <param name="Optional">Whether it may be left out.</param>
/// <param name="Integer">Whether it holds int32 (labels) rather than floats.</param>
/// <param name="Parameter">Whether it stays float32 where the first input is bfloat16: weights, biases, running statistics.</param>
public readonly record struct OpInput(string Name, string Shape, bool Optional = false, bool Integer = false, bool Parameter = false);

/// <summary>A row of the table of operations: name, inputs, attributes, shape rule, forward kernel, gradient.</summary>
public abstract class OpRow(string name, string source, OpInput[] inputs)
{
    /// <summary>Name, as PyTorch spells it.</summary>
    public string Name { get; } = name;

    /// <summary>What it computes and after which function of PyTorch or equation of the paper.</summary>
    public string Source { get; } = source;

    /// <summary>Inputs in order.</summary>
    public IReadOnlyList<OpInput> Inputs { get; } = inputs;

    /// <summary>Whether bfloat16 is refused, as by losses and optimisers: networks give them float32 logits and parameters for the precision.</summary>
    public bool Float32Only { get; init; }

    /// <summary>Its attributes with their defaults.</summary>
    public abstract IReadOnlyList<OpAttribute> Attributes { get; }

    /// <summary>Names of the results: <c>output</c>, then those that a run may add.</summary>
    public abstract IReadOnlyList<string> Results { get; }

    /// <summary>Whether a gradient rule exists.</summary>
    public abstract bool Differentiable { get; }

    /// <summary>Whether the output is the first input's memory in another shape.</summary>
    internal abstract bool IsView { get; }

    /// <summary>Runs the operation with its attributes as a <see cref="TracedOperation"/> has them.</summary>
    internal abstract Tensor Repeat(object attributes, ReadOnlySpan<Tensor?> inputs);

    /// <summary>Runs the operation with attributes given as text; the results are the output and any further ones, by name.</summary>
    public abstract IReadOnlyList<(string Name, Tensor Value)> Invoke(IReadOnlyDictionary<string, string> attributes, ReadOnlySpan<Tensor?> inputs);
}

/// <summary>
/// A row whose attributes are the record struct <typeparamref name="TAttributes"/>; its constructor's parameters, with defaults, are the attributes.
/// </summary>
public sealed class OpRow<TAttributes> : OpRow
    where TAttributes : struct
{
    private readonly Func<OpNode<TAttributes>, Shape> _shape;
    private readonly Action<OpNode<TAttributes>>? _forward;
    private readonly Action<OpNode<TAttributes>, Tensor>? _gradient;
    private readonly string[] _extraNames;

    // The last node that nothing refers to: a frozen network then makes no garbage of nodes.
    [ThreadStatic]
    private static OpNode<TAttributes>? s_spare;

    /// <summary>Describes an operation.</summary>
    /// <param name="name">Name.</param>
    /// <param name="source">What it computes.</param>
    /// <param name="inputs">Inputs in order.</param>
    /// <param name="shape">Shape of the output; throws <see cref="ShapeMismatchException"/> where inputs do not fit.</param>
    /// <param name="forward">Fills the output, which is allocated; null for an operation whose output is the first input's memory in another shape.</param>
    /// <param name="gradient">Given the output's gradient, adds to the gradients of the inputs that want one.</param>
    /// <param name="extraNames">Names of further results that <paramref name="forward"/> leaves in <see cref="OpNode{T}.Extra"/>.</param>
    public OpRow(
        string name,
        string source,
        OpInput[] inputs,
        Func<OpNode<TAttributes>, Shape> shape,
        Action<OpNode<TAttributes>>? forward,
        Action<OpNode<TAttributes>, Tensor>? gradient,
        params string[] extraNames)
        : base(name, source, inputs)
    {
        _shape = shape;
        _forward = forward;
        _gradient = gradient;
        _extraNames = extraNames;
    }

    /// <summary>The output's element type; null for that of the first input.</summary>
    public Func<OpNode<TAttributes>, DType>? OutputType { get; init; }

    /// <summary>Leaves the further results of a run whose output has no element, for which the forward pass is not called; null where there are none.</summary>
    public Action<OpNode<TAttributes>>? WhenEmpty { get; init; }

    /// <inheritdoc/>
    public override bool Differentiable => _gradient is not null;

    internal override bool IsView => _forward is null;

    /// <inheritdoc/>
    public override IReadOnlyList<OpAttribute> Attributes => AttributeText.Describe<TAttributes>();

    /// <inheritdoc/>
    public override IReadOnlyList<string> Results => ["output", .. _extraNames];

    /// <summary>Runs the operation and records it if an input wants a gradient.</summary>
    public Tensor Apply(in TAttributes attributes, Tensor? i0, Tensor? i1 = null, Tensor? i2 = null, Tensor? i3 = null, Tensor? i4 = null, Tensor? i5 = null)
    {
        OpNode<TAttributes> node = Run(attributes, i0, i1, i2, i3, i4, i5);
        Tensor output = node.Output;
        if (!node.WantsGradient)
        {
            node.Clear();
            s_spare = node;
        }

        return output;
    }

    /// <summary>As <see cref="Apply"/>, but returns the node with its further results.</summary>
    public OpNode<TAttributes> Run(
        in TAttributes attributes, Tensor? i0, Tensor? i1 = null, Tensor? i2 = null, Tensor? i3 = null, Tensor? i4 = null, Tensor? i5 = null)
    {
        OpNode<TAttributes> node = s_spare ?? new();
        s_spare = null;
        node.Start(this, attributes);
        node.SetInput(0, i0);
        node.SetInput(1, i1);
        node.SetInput(2, i2);
        node.SetInput(3, i3);
        node.SetInput(4, i4);
        node.SetInput(5, i5);
        bool wanted = Check(node);
        Tensor first = node[0];
        node.WantsGradient = wanted && NoGrad.Recording && _gradient is not null;
        Shape shape = ShapeOf(node);
        if (first.Device.Trace is { ShapesOnly: true } trace)
        {
            node.Output = Tensor.WithoutMemory(first.Device, shape, TypeOf(node));
            trace.Add(node);
            return node;
        }

        node.Output = _forward is null ? first.View(shape) : Tensor.Empty(first.Device, shape, TypeOf(node));
        if (shape.Count > 0)
        {
            _forward?.Invoke(node);
        }
        else
        {
            WhenEmpty?.Invoke(node);
        }

        if (node.WantsGradient)
        {
            node.Output.RequiresGrad = true;
            node.Output.IsLeaf = false;
            first.Device.Tape.Add(node);
        }

        first.Device.Trace?.Add(node);
        if (first.Device.CheckFinite)
        {
            Ops.FiniteCheck.Run(Name, node.Output);
        }

        return node;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Name, Tensor Value)> Invoke(IReadOnlyDictionary<string, string> attributes, ReadOnlySpan<Tensor?> inputs)
    {
        Span<Tensor?> six = [null, null, null, null, null, null];
        inputs.CopyTo(six);
        OpNode<TAttributes> node = Run(AttributeText.Parse<TAttributes>(Name, attributes), six[0], six[1], six[2], six[3], six[4], six[5]);
        List<(string, Tensor)> results = [("output", node.Output)];
        for (int i = 0; i < _extraNames.Length; i++)
        {
            if (node.Extra(i) is { } extra)
            {
                results.Add((_extraNames[i], extra));
            }
        }

        return results;
    }

    internal override Tensor Repeat(object attributes, ReadOnlySpan<Tensor?> inputs)
    {
        Span<Tensor?> six = [null, null, null, null, null, null];
        inputs.CopyTo(six);
        return Apply((TAttributes)attributes, six[0], six[1], six[2], six[3], six[4], six[5]);
    }

    internal void Backward(OpNode<TAttributes> node, Tensor gradient)
    {
        if (gradient.Shape.Count > 0 || _forward is null)
        {
            _gradient!(node, gradient);
            return;
        }

        // An output without elements depends on no input.
        for (int i = 0; i < Inputs.Count; i++)
        {
            if (node.Optional(i) is not null && node.NeedsGradient(i))
            {
                Tensor zeros = node.NewGradient(i);
                Ops.Fill.Run(zeros, 0);
                node.AddGradient(i, zeros);
            }
        }
    }

    private DType TypeOf(OpNode<TAttributes> node)
    {
        DType type = OutputType?.Invoke(node) ?? node.DType;
        return node.Device.Supports(type) ? type : throw new DTypeMismatchException(Name, $"output on '{node.Device.Name}'", node.Device.SupportedTypes, type);
    }

    private Shape ShapeOf(OpNode<TAttributes> node)
    {
        try
        {
            return _shape(node);
        }
        catch (ShapeMismatchException e) when (e.Operation == Shape.Making)
        {
            throw new ShapeMismatchException(Name, "output", e.Problem);
        }
    }

    private bool Check(OpNode<TAttributes> node)
    {
        Tensor first = node[0];
        if (Float32Only && first.DType == DType.BFloat16)
        {
            throw new DTypeMismatchException(Name, Inputs[0].Name, $"{DType.Float32}; convert it with '{Ops.Cast.To.Name}'", first.DType);
        }

        bool wanted = false;
        for (int i = 0; i < Inputs.Count; i++)
        {
            if (node.Optional(i) is not { } tensor)
            {
                if (!Inputs[i].Optional)
                {
                    throw new ShapeMismatchException(Name, Inputs[i].Name, "is required and was left out");
                }

                continue;
            }

            if (!ReferenceEquals(tensor.Device, first.Device))
            {
                throw new DeviceMismatchException(Name, Inputs[i].Name, first.Device, tensor.Device);
            }

            DType expected = Inputs[i].Integer ? DType.Int32 : Inputs[i].Parameter ? node.SumType : first.DType;
            if (tensor.DType != expected || (!Inputs[i].Integer && expected == DType.Int32))
            {
                throw new DTypeMismatchException(
                    Name, Inputs[i].Name, expected == DType.Int32 && !Inputs[i].Integer ? "floats" : expected.ToString(), tensor.DType);
            }

            wanted |= tensor.RequiresGrad;
        }

        return wanted;
    }
}

/// <summary>A recorded operation with its attributes and what its forward pass kept.</summary>
public sealed class OpNode<TAttributes> : Node
    where TAttributes : struct
{
    private OpRow<TAttributes> _row = null!;
    private Tensor? _extra0;
    private Tensor? _extra1;
    private Tensor? _extra2;
    private Tensor? _extra3;

    internal OpNode()
    {
    }

    /// <summary>The attributes.</summary>
    public TAttributes Attributes { get; private set; }

    /// <inheritdoc/>
    public override OpRow Row => _row;

    /// <summary>Whether a backward pass may come: what only it needs is not computed otherwise.</summary>
    public bool WantsGradient { get; internal set; }

    /// <summary>The device of the operation.</summary>
    public Device Device => this[0].Device;

    /// <summary>The float type of the operation.</summary>
    public DType DType => this[0].DType;

    /// <summary>The type that sums, statistics and parameters have: float32 where <see cref="DType"/> is bfloat16, else the same.</summary>
    public DType SumType => DType == DType.BFloat16 ? DType.Float32 : DType;

    /// <summary>A further result or a value kept for the backward pass.</summary>
    public Tensor? Extra(int index) => index switch { 0 => _extra0, 1 => _extra1, 2 => _extra2, _ => _extra3 };

    /// <summary>Keeps a tensor (0 to 3).</summary>
    [return: System.Diagnostics.CodeAnalysis.NotNullIfNotNull(nameof(tensor))]
    public Tensor? Keep(int index, Tensor? tensor)
    {
        switch (index)
        {
            case 0: _extra0 = tensor; break;
            case 1: _extra1 = tensor; break;
            case 2: _extra2 = tensor; break;
            default: _extra3 = tensor; break;
        }

        return tensor;
    }

    /// <summary>Gives up what was kept: for a tensor that the backward pass hands over as a gradient.</summary>
    public Tensor Take(int index)
    {
        Tensor kept = Extra(index)
            ?? throw new InvalidOperationException($"{_row.Name}: nothing is kept at {index}; the backward pass visits an operation once");
        Keep(index, null);
        return kept;
    }

    /// <summary>A tensor on the operation's device for sums, statistics or what one kernel leaves to the next, of type <see cref="SumType"/>.</summary>
    public Tensor New(Shape shape) => Tensor.Empty(Device, shape, SumType);

    /// <summary>A tensor for the gradient of an input: of its shape and type.</summary>
    public Tensor NewGradient(int input) => Tensor.Empty(Device, this[input].Shape, this[input].DType);

    internal void Start(OpRow<TAttributes> row, in TAttributes attributes)
    {
        _row = row;
        Attributes = attributes;
    }

    // Lets go of all tensors; the inputs are set anew at every start.
    internal void Clear()
    {
        Output = null!;
        _extra0 = null;
        _extra1 = null;
        _extra2 = null;
        _extra3 = null;
        for (int i = 0; i < MaxInputs; i++)
        {
            SetInput(i, null);
        }
    }

    internal override void Backward(Tensor outputGradient) => _row.Backward(this, outputGradient);
}
