namespace HeteroAKD.Kernels.Tiles;

/// <summary>What the memory of one side of a product holds, as a type, so that every kernel is compiled for one.</summary>
public interface IElement
{
    /// <summary>Whether elements are bf16 numbers of 2 bytes instead of floats.</summary>
    static abstract bool Narrow { get; }
}

/// <summary>Floats.</summary>
public readonly struct FloatElement : IElement
{
    /// <inheritdoc/>
    public static bool Narrow => false;
}

/// <summary>bf16 numbers, which tensor cores take as they are (<see cref="Bf16Math"/>).</summary>
public readonly struct Bf16Element : IElement
{
    /// <inheritdoc/>
    public static bool Narrow => true;
}
