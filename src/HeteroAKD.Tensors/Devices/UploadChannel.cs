namespace HeteroAKD.Tensors;

/// <summary>
/// Fills one tensor from the host again and again. On <c>cuda</c> the values travel while earlier work still runs, and only what is launched afterwards waits
/// for them; the tensor stays at its address. From <see cref="Device.OpenChannel"/>.
/// </summary>
public abstract class UploadChannel : IDisposable
{
    private protected UploadChannel(Tensor target) => Target = target;

    /// <summary>The tensor.</summary>
    public Tensor Target { get; }

    /// <summary>Overwrites the tensor for everything that is launched from now on; the caller may reuse the memory at once.</summary>
    /// <param name="values">As many as the float32 tensor has elements.</param>
    public abstract void Send(ReadOnlySpan<float> values);

    /// <summary>Overwrites the tensor for everything that is launched from now on; the caller may reuse the memory at once.</summary>
    /// <param name="values">As many as the int32 tensor has elements.</param>
    public abstract void Send(ReadOnlySpan<int> values);

    /// <summary>Frees what the channel has; the tensor stays its owner's.</summary>
    public abstract void Dispose();
}

/// <summary>Copies at once.</summary>
internal sealed class DirectChannel(Tensor target) : UploadChannel(target)
{
    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<float> values) => Target.CopyFrom(values);

    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<int> values) => Target.CopyFrom(values);

    /// <inheritdoc/>
    public override void Dispose()
    {
        // It has nothing of its own.
    }
}
