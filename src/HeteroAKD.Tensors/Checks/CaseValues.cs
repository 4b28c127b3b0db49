using System.Diagnostics.CodeAnalysis;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Checks;

/// <summary>The numbers of a case: drawn once from a seed, so that every device, precision and reference sees the same.</summary>
public sealed class CaseValues
{
    /// <summary>The name of the gradient that comes from above.</summary>
    public const string UpstreamName = "upstream";

    private readonly OpCase _case;
    private readonly int _seed;
    private readonly Dictionary<string, double[]> _numbers = [];
    private readonly Dictionary<string, int[]> _labels = [];

    internal CaseValues(OpCase opCase, int seed)
    {
        _case = opCase;
        _seed = seed;
        foreach (CaseInput input in opCase.Inputs)
        {
            Random random = Generator(input.Name);
            if (input.Numbers == CaseNumbers.Labels)
            {
                _labels[input.Name] = input.DrawLabels(random);
            }
            else
            {
                _numbers[input.Name] = input.Draw(random);
            }
        }
    }

    private CaseValues(CaseValues other, string name, double[] values)
    {
        _case = other._case;
        _seed = other._seed;
        _numbers = new(other._numbers) { [name] = values };
        _labels = other._labels;
    }

    /// <summary>The numbers of an input; empty where the case leaves it out.</summary>
    public double[] this[string name] => _numbers.GetValueOrDefault(name, []);

    /// <summary>The class ids of an input; empty where the case leaves it out.</summary>
    public int[] Labels(string name) => _labels.GetValueOrDefault(name, []);

    /// <summary>The shape of an input that the case has.</summary>
    public Shape Shape(string name) => _case.Inputs.First(i => i.Name == name).Shape;

    /// <summary>Whether the case has an input.</summary>
    public bool Has(string name) => _case.Inputs.Any(i => i.Name == name);

    /// <summary>The attributes of the case.</summary>
    [SuppressMessage("Design", "CA1024", Justification = "parses")]
    public TAttributes Attributes<TAttributes>()
        where TAttributes : struct => AttributeText.Parse<TAttributes>(_case.Row.Name, _case.Attributes);

    /// <summary>A random upstream gradient for an output of <paramref name="count"/> elements, or the one that <see cref="With"/> gave.</summary>
    public double[] Upstream(int count) =>
        _numbers.TryGetValue(UpstreamName, out double[]? given) ? given : new CaseInput(UpstreamName, new Shape(count), CaseNumbers.Normal).Draw(Generator(UpstreamName));

    /// <summary>The same with other numbers in one input, or in the gradient of the output under <see cref="UpstreamName"/>.</summary>
    public CaseValues With(string name, double[] values) => new(this, name, values);

    /// <summary>A generator of its own for every input, independent of the order and number of cases.</summary>
    internal Random Generator(string name)
    {
        uint hash = 2166136261u ^ (uint)_seed;
        foreach (char c in _case.Name + "/" + name)
        {
            hash = (hash ^ c) * 16777619u;
        }

        return new Random((int)(hash & int.MaxValue));
    }
}
