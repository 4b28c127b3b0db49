namespace HeteroAKD.Distillation.Terms;

/// <summary>The options of every term of <see cref="TermTable"/>, by name.</summary>
public sealed class TermSet
{
    private readonly Dictionary<string, TermOptions> _options = TermTable.All.ToDictionary(row => row.Name, row => row.Defaults with { });

    /// <summary>The names, in the order of the table.</summary>
    public static IEnumerable<string> Names => TermTable.All.Select(row => row.Name);

    /// <summary>The options of a term.</summary>
    /// <exception cref="Tensors.HeteroAkdException">There is no such term.</exception>
    public TermOptions this[string name]
    {
        get => _options[TermTable.Find(name).Name];
        set => _options[TermTable.Find(name).Name] = value;
    }

    /// <summary>The options of a term by their type.</summary>
    public TOptions Of<TOptions>()
        where TOptions : TermOptions => _options.Values.OfType<TOptions>().Single();
}
