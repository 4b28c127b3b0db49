using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation.Terms;

/// <summary>Options of one term; a term derives its own record with its defaults.</summary>
public abstract record TermOptions
{
    /// <summary>Weight in the sum; null takes what the recipe (<see cref="Recipes"/>) says, 0 for a term that the recipe does not name.</summary>
    [InRange("[0, 1000000]")]
    public double? Weight { get; init; }
}

/// <summary>Options that a named set changes together, before the options given beside it.</summary>
internal interface IPresetOptions
{
    /// <summary>These options with those of the set.</summary>
    /// <param name="preset">A value of the type of the property <c>Preset</c>.</param>
    object WithPreset(object preset);
}
