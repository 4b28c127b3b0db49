namespace HeteroAKD.DeviceBench.Rows;

/// <summary>The work of a row: holds its inputs on the device and repeats itself on them.</summary>
internal abstract class RowWork : IDisposable
{
    /// <summary>Whether an iteration has a forward and a backward part.</summary>
    public abstract bool IsDivided { get; }

    /// <summary>Iterations until every kernel is compiled and memory has its final size.</summary>
    public virtual int WarmUpRuns => 2;

    /// <summary>What a reader must know beside the figures, or null.</summary>
    public virtual string? Note => null;

    /// <summary>Does the work once, without a wait.</summary>
    /// <param name="afterForward">Called once between the two parts, where the work <see cref="IsDivided"/>.</param>
    public abstract void Run(Action afterForward);

    /// <inheritdoc/>
    public abstract void Dispose();
}
