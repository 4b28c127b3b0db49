namespace HeteroAKD.Kernels.Losses;

/// <summary>
/// Which of its options <see cref="HeteroAkdLoss{TParts}"/> knows when it is compiled. Options that take the method apart would cost the whole one registers
/// and time if it asked for them at every class of every pixel.
/// </summary>
public interface IHeteroAkdParts
{
    /// <summary>Whether mixing, weighting, what W adds up to, the binary form and class weights are chosen at run time.</summary>
    static abstract bool AreChosen { get; }
}

/// <summary>The method as published: mixing and weighting, W adds up to one, a form with softmaxes, no class weights.</summary>
public readonly struct FixedParts : IHeteroAkdParts
{
    /// <inheritdoc/>
    public static bool AreChosen => false;
}

/// <summary>Any options.</summary>
public readonly struct ChosenParts : IHeteroAkdParts
{
    /// <inheritdoc/>
    public static bool AreChosen => true;
}
