using System.Globalization;
using System.Reflection;

namespace HeteroAKD.Tensors.Autograd;

/// <summary>An attribute of an operation, for people.</summary>
/// <param name="Name">PyTorch's spelling, <c>align_corners</c>.</param>
/// <param name="Default">Its default as text.</param>
/// <param name="Choices">What it can be, in words.</param>
public readonly record struct OpAttribute(string Name, string Default, string Choices);

/// <summary>
/// Attributes as text: <c>stride=2</c>, <c>align_corners=true</c>. The parameters of the attribute record's constructor are the attributes. A choice is also
/// taken as configurations spell it: <c>softmaxCe</c> is <c>softmax_ce</c>.
/// </summary>
internal static class AttributeText
{
    public static IReadOnlyList<OpAttribute> Describe<TAttributes>()
        where TAttributes : struct =>
        [.. Parameters(Constructor<TAttributes>()).Select(p => new OpAttribute(SnakeCase(p.Name!), Text(Default<TAttributes>(p)), Choices(p.ParameterType)))];

    public static TAttributes Parse<TAttributes>(string operation, IReadOnlyDictionary<string, string> given)
        where TAttributes : struct
    {
        ConstructorInfo? constructor = Constructor<TAttributes>();
        ParameterInfo[] parameters = Parameters(constructor);
        string[] names = [.. parameters.Select(p => SnakeCase(p.Name!))];
        foreach (string key in given.Keys)
        {
            if (!names.Contains(key))
            {
                string nearest = NearestName.Of(key, names) is { } near ? $" Did you mean '{near}'?" : "";
                throw new HeteroAkdException($"{operation}: no attribute '{key}'.{nearest} It has: {(names.Length > 0 ? string.Join(", ", names) : "none")}.");
            }
        }

        object?[] values =
        [
            .. parameters.Select(p => given.TryGetValue(SnakeCase(p.Name!), out string? text) ? Value(operation, p, text) : Default<TAttributes>(p))
        ];
        return constructor is null ? default : (TAttributes)constructor.Invoke(values);
    }

    /// <summary>A value as it is written.</summary>
    public static string Text(object? value) => value switch
    {
        bool flag => flag ? "true" : "false",
        Enum choice => SnakeCase(choice.ToString()),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    private static ConstructorInfo? Constructor<TAttributes>() => typeof(TAttributes).GetConstructors().FirstOrDefault(c => c.GetParameters().Length > 0);

    private static ParameterInfo[] Parameters(ConstructorInfo? constructor) => constructor?.GetParameters() ?? [];

    /// <summary>AlignCorners becomes align_corners, and BFloat16, as capitals in a row begin one word, bfloat16.</summary>
    private static string SnakeCase(string name) =>
        string.Concat(name.Select((c, i) => char.IsUpper(c) ? (i > 0 && !char.IsUpper(name[i - 1]) ? "_" : "") + char.ToLowerInvariant(c) : c.ToString()));

    /// <summary>The default of an attribute: that of <c>new TAttributes()</c>, as a parameter whose type is a struct can have none of its own.</summary>
    private static object? Default<TAttributes>(ParameterInfo parameter)
        where TAttributes : struct => typeof(TAttributes).GetProperty(parameter.Name!)!.GetValue(new TAttributes());

    private static string Choices(Type type) =>
        type.IsEnum ? string.Join(" or ", Enum.GetNames(type).Select(SnakeCase))
        : type == typeof(bool) ? "true or false"
        : type == typeof(int) ? "a whole number"
        : type == typeof(Dims) ? "dimensions as in 1,2 or all"
        : type == typeof(DimOrder) ? "dimensions as in 0,2,1"
        : type == typeof(Size2d) ? "a whole number, or two as in 2,1 for rows and columns"
        : "a number";

    private static object Value(string operation, ParameterInfo parameter, string text)
    {
        Type type = parameter.ParameterType;
        try
        {
            return type.IsEnum ? Enum.Parse(
                type, Enum.GetNames(type).FirstOrDefault(n => SnakeCase(n) == SnakeCase(text)) ?? throw new FormatException(), ignoreCase: false)
                : type == typeof(bool) ? bool.Parse(text)
                : type == typeof(Dims) ? Dims.Parse(text)
                : type == typeof(DimOrder) ? DimOrder.Parse(text)
                : type == typeof(Size2d) ? Size2d.Parse(text)
                : Convert.ChangeType(text, type, CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            throw new HeteroAkdException($"{operation}: '{text}' is no value of attribute '{SnakeCase(parameter.Name!)}', which is {Choices(type)}.", e);
        }
    }
}
