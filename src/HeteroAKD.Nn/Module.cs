using HeteroAKD.Nn.Initialization;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn;

/// <summary>A tensor that a checkpoint keeps.</summary>
/// <param name="Name">Full name in the model, such as <c>head.fuse.bn.running_mean</c>.</param>
/// <param name="Tensor">The values.</param>
/// <param name="IsBuffer">True for running statistics, which no optimiser touches.</param>
public readonly record struct StateEntry(string Name, Tensor Tensor, bool IsBuffer);

/// <summary>
/// A part of a network: owns its parameters and buffers and its children, each built once in the constructor. Order and names depend on the
/// constructor alone. Children are typed fields; the list here exists to walk the tree.
/// </summary>
public abstract class Module : IDisposable
{
    private readonly Site _site;
    private readonly List<Module> _children = [];
    private readonly List<StateEntry> _own = [];
    private readonly List<(Tensor Parameter, Initializer Initializer)> _initializers = [];

    /// <summary>Starts a module at a site.</summary>
    protected Module(in Site site) => _site = site;

    /// <summary>Its full name in the model; empty for the root.</summary>
    public string Path => _site.Path;

    /// <summary>Where its parameters live.</summary>
    public Device Device => _site.Device;

    /// <summary>Its direct parts, in order of construction.</summary>
    public IReadOnlyList<Module> Children => _children;

    /// <summary>Everything a checkpoint keeps, depth first: a module's parameters and buffers, then its children's.</summary>
    public IReadOnlyList<StateEntry> State()
    {
        List<StateEntry> entries = [];
        Collect(entries);
        return entries;
    }

    /// <summary>The trainable tensors, in the order of <see cref="State"/>.</summary>
    public IReadOnlyList<Tensor> Parameters() => [.. State().Where(e => !e.IsBuffer).Select(e => e.Tensor)];

    /// <summary>The running statistics, in the order of <see cref="State"/>.</summary>
    public IReadOnlyList<Tensor> Buffers() => [.. State().Where(e => e.IsBuffer).Select(e => e.Tensor)];

    /// <summary>Number of trainable values.</summary>
    public long CountParameters() => State().Where(e => !e.IsBuffer).Sum(e => (long)e.Tensor.Shape.Count);

    /// <summary>Turns gradients of all parameters on, or off for a teacher: operations on them are then not recorded.</summary>
    public void RequireGrad(bool required = true)
    {
        foreach (Tensor parameter in Parameters())
        {
            parameter.RequiresGrad = required;
        }
    }

    /// <summary>Draws the initial values of some parameters: those that an incomplete file of weights left undefined.</summary>
    /// <param name="names">Full names in the model.</param>
    /// <param name="generator">Source of random numbers, drawn from in the order of <see cref="State"/>.</param>
    public void Initialize(IReadOnlySet<string> names, Generator generator)
    {
        foreach ((Tensor parameter, Initializer initializer) in _initializers)
        {
            if (names.Contains(parameter.Name))
            {
                Fill(parameter, initializer, generator);
            }
        }

        foreach (Module child in _children)
        {
            child.Initialize(names, generator);
        }
    }

    /// <summary>Frees all parameters and buffers.</summary>
    public void Dispose()
    {
        foreach (StateEntry entry in State())
        {
            entry.Tensor.Dispose();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Takes a part in.</summary>
    protected T Add<T>(T child)
        where T : Module
    {
        _children.Add(child);
        return child;
    }

    /// <summary>Makes a trainable tensor.</summary>
    protected Tensor AddParameter(string name, Shape shape, Initializer initializer)
    {
        Tensor parameter = Keep(name, shape, isBuffer: false);
        parameter.RequiresGrad = true;
        _initializers.Add((parameter, initializer));
        if (_site.Generator is { } generator)
        {
            Fill(parameter, initializer, generator);
        }

        return parameter;
    }

    /// <summary>Makes a running statistic.</summary>
    protected Tensor AddBuffer(string name, Shape shape, float value)
    {
        Tensor buffer = Keep(name, shape, isBuffer: true);
        float[] values = new float[shape.Count];
        Array.Fill(values, value);
        buffer.CopyFrom(values);
        return buffer;
    }

    /// <summary>Makes a buffer that begins with random values; undefined where nothing is drawn, for a checkpoint that fills it.</summary>
    protected Tensor AddBuffer(string name, Shape shape, Initializer initializer)
    {
        Tensor buffer = Keep(name, shape, isBuffer: true);
        if (_site.Generator is { } generator)
        {
            Fill(buffer, initializer, generator);
        }

        return buffer;
    }

    private static void Fill(Tensor parameter, Initializer initializer, Generator generator)
    {
        float[] values = new float[parameter.Shape.Count];
        initializer(values, parameter.Shape, generator);
        parameter.CopyFrom(values);
    }

    private Tensor Keep(string name, Shape shape, bool isBuffer)
    {
        Tensor tensor = Tensor.Persistent(_site.Device, shape, _site.Type);
        tensor.Name = _site.NameOf(name);
        _own.Add(new StateEntry(tensor.Name, tensor, isBuffer));
        return tensor;
    }

    private void Collect(List<StateEntry> entries)
    {
        entries.AddRange(_own);
        foreach (Module child in _children)
        {
            child.Collect(entries);
        }
    }
}

/// <summary>A module with one tensor in and one out.</summary>
public abstract class Layer(in Site site) : Module(site)
{
    /// <summary>Applies the layer.</summary>
    public abstract Tensor Forward(Tensor input, in Pass pass);
}
