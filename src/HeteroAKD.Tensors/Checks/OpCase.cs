using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Checks;

/// <summary>How the rounding error of an operation grows; the table of tolerances has a line for each.</summary>
public enum ErrorClass
{
    /// <summary>Moves or selects numbers: no error at all.</summary>
    Exact,

    /// <summary>A few roundings an element.</summary>
    Arithmetic,

    /// <summary>A transcendental function an element.</summary>
    Function,

    /// <summary>Sums of products.</summary>
    Sum,

    /// <summary>Sums, a root or exponential and a quotient: normalisations and softmax.</summary>
    Normalization,

    /// <summary>Dot products, a softmax over them, sums weighted by it.</summary>
    Attention,

    /// <summary>Softmaxes, logarithms and sums over pixels.</summary>
    Loss,
}

/// <summary>Numbers of one result.</summary>
/// <param name="Name">An output, an input that is updated in place, or <c>grad.INPUT</c>.</param>
/// <param name="Values">Row-major elements; integers as doubles.</param>
public readonly record struct NamedValues(string Name, double[] Values);

/// <summary>What the cases of one operation have in common.</summary>
/// <param name="Row">The operation.</param>
/// <param name="Error">How its error grows.</param>
/// <param name="Reference">Plain loops in double: the results to be held against, by name.</param>
internal sealed record OpFamily(OpRow Row, ErrorClass Error, Func<CaseValues, NamedValues[]> Reference)
{
    /// <summary>Inputs with a gradient; null for all that hold floats.</summary>
    public string[]? Differentiable { get; init; }

    /// <summary>How the error of gradients grows, where that differs.</summary>
    public ErrorClass? GradientError { get; init; }

    /// <summary>How many numbers the longest sum behind an element of a result adds up.</summary>
    public Func<CaseValues, string, int> Terms { get; init; } = (_, _) => 1;

    /// <summary>
    /// The gradients as plain loops, for a case whose gradient is by definition not that of its output (terms that count as constants); null holds it against
    /// central differences.
    /// </summary>
    public Func<CaseValues, NamedValues[]?>? Gradients { get; init; }

    /// <summary>A case with attributes written as <c>name=value name=value</c>.</summary>
    public OpCase Case(string settings, params CaseInput[] inputs) => new(this, settings, inputs, forwardOnly: false);

    /// <summary>A case without gradients: numbers that are not finite, or no elements.</summary>
    public OpCase ForwardOnly(string settings, params CaseInput[] inputs) => new(this, settings, inputs, forwardOnly: true);
}

/// <summary>One operation on inputs of given shapes and contents with given attributes.</summary>
public sealed class OpCase
{
    private readonly OpFamily _family;
    private readonly bool _forwardOnly;

    internal OpCase(OpFamily family, string settings, CaseInput[] inputs, bool forwardOnly)
    {
        _family = family;
        _forwardOnly = forwardOnly;
        Inputs = inputs;
        Attributes = settings.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(s => s.Split('=')).ToDictionary(p => p[0], p => p[1]);
        string shapes = string.Join(" ", inputs.Select(i => $"{i.Name}{i.Shape}{(i.Numbers is CaseNumbers.Special or CaseNumbers.OneNaN ? "!" : "")}"));
        Description = settings.Length > 0 ? $"{shapes} {settings}" : shapes;
    }

    /// <summary>The operation.</summary>
    public OpRow Row => _family.Row;

    /// <summary>Its attributes as text.</summary>
    public IReadOnlyDictionary<string, string> Attributes { get; }

    /// <summary>The inputs that are given.</summary>
    public IReadOnlyList<CaseInput> Inputs { get; }

    /// <summary>Shapes and attributes.</summary>
    public string Description { get; }

    /// <summary>Operation, shapes and attributes; no two cases share it.</summary>
    public string Name => $"{Row.Name} {Description}";

    /// <summary>How the error of a result grows.</summary>
    public ErrorClass ErrorOf(string result) => result.StartsWith("grad.", StringComparison.Ordinal) ? _family.GradientError ?? _family.Error : _family.Error;

    /// <summary>The inputs whose gradient is checked.</summary>
    public IEnumerable<string> Differentiable => _forwardOnly || !Row.Differentiable
        ? []
        : Inputs.Where(i => i.Numbers != CaseNumbers.Labels && _family.Differentiable?.Contains(i.Name) != false).Select(i => i.Name);

    /// <summary>The numbers of the inputs.</summary>
    public CaseValues Values(int seed) => new(this, seed);

    /// <summary>The results by plain loops.</summary>
    public IReadOnlyList<NamedValues> Reference(CaseValues values) => _family.Reference(values);

    /// <summary>The gradients by plain loops, named <c>grad.INPUT</c>, where central differences do not apply; else null.</summary>
    public IReadOnlyList<NamedValues>? ReferenceGradients(CaseValues values) => _family.Gradients?.Invoke(values);

    /// <summary>How many numbers the longest sum behind an element of a result adds up.</summary>
    public int Terms(CaseValues values, string result) => Math.Max(1, _family.Terms(values, result));

    /// <inheritdoc/>
    public override string ToString() => Name;
}
