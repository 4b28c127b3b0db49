namespace HeteroAKD.Tensors.Autograd;

/// <summary>
/// The one lifetime rule: a tensor made while a scope is open belongs to it and goes back to the slab when the scope is disposed of.
/// What must outlive it is made outside, or copied. Scopes nest; the innermost owns. A device serves one thread at a time.
/// </summary>
public sealed class StepScope : IDisposable
{
    private readonly Device _device;
    private readonly StepScope? _outer;
    private readonly List<Tensor> _tensors;
    private readonly List<Tensor> _spares; // objects of _tensors whose memory went back early and that nobody holds
    private readonly long _tapeStart;
    private readonly int _thread = Environment.CurrentManagedThreadId;

    [ThreadStatic]
    private static Stack<List<Tensor>>? s_lists;

    internal StepScope(Device device)
    {
        _device = device;
        _outer = device.CurrentScope;
        _tensors = TakeList();
        _spares = TakeList();
        _tapeStart = device.Tape.Next;
        device.CurrentScope = this;
    }

    /// <summary>Tensors that the scope will give back.</summary>
    public int Count => _tensors.Count;

    /// <summary>Gives back everything made since the scope was opened and forgets the operations recorded since then.</summary>
    public void Dispose()
    {
        Close();
        GiveBack();
        GiveList(_tensors);
        GiveList(_spares);
    }

    /// <summary>Lets a tensor of the scope outlive it: it belongs to the scope around this one, or to whoever made it where there is none.</summary>
    /// <exception cref="InvalidOperationException">The tensor belongs to another scope.</exception>
    public Tensor Keep(Tensor tensor)
    {
        int at = _tensors.LastIndexOf(tensor);
        if (at < 0)
        {
            throw new InvalidOperationException($"tensor {tensor.Shape} was not made in this scope, or went back already");
        }

        _tensors.RemoveAt(at);
        HandOver(tensor);
        return tensor;
    }

    /// <summary>Closes the scope and leaves all that was made and recorded in it to the one around it.</summary>
    public void Join()
    {
        Leave();
        _tensors.ForEach(HandOver);

        GiveList(_tensors);
        GiveList(_spares);
    }

    /// <summary>
    /// Closes the scope as <see cref="Dispose"/> does, but keeps its tensors: a recorded step goes on writing to them. <see cref="Release"/> gives them back.
    /// </summary>
    internal void Detach()
    {
        Close();
        GiveList(_spares);
    }

    /// <summary>Gives back the tensors of a detached scope.</summary>
    internal void Release()
    {
        GiveBack();
        GiveList(_tensors);
    }

    internal void Own(Tensor tensor) => _tensors.Add(tensor);

    internal void AddSpare(Tensor tensor) => _spares.Add(tensor);

    internal Tensor? TakeSpare()
    {
        if (_spares.Count == 0)
        {
            return null;
        }

        Tensor spare = _spares[^1];
        _spares.RemoveAt(_spares.Count - 1);
        return spare;
    }

    private void Close()
    {
        Leave();
        _device.Tape.Truncate(_tapeStart);
    }

    private void Leave()
    {
        if (!ReferenceEquals(_device.CurrentScope, this))
        {
            int here = Environment.CurrentManagedThreadId;
            throw new InvalidOperationException(
                _thread == here && (_device.CurrentScope?._thread ?? here) == here
                    ? "step scopes must be disposed of innermost first, once each"
                    : $"'{_device.Name}' is used by two threads at once: a step was opened on each. A device serves one thread at a time; open a second "
                        + "device, or take turns");
        }

        _device.CurrentScope = _outer;
    }

    private void HandOver(Tensor tensor)
    {
        tensor.MoveTo(_outer);
        _outer?.Own(tensor);
    }

    private void GiveBack()
    {
        for (int i = _tensors.Count - 1; i >= 0; i--)
        {
            _tensors[i].Dispose();
        }
    }

    private static List<Tensor> TakeList() => (s_lists ??= new()).Count > 0 ? s_lists.Pop() : [];

    private static void GiveList(List<Tensor> list)
    {
        list.Clear();
        (s_lists ??= new()).Push(list);
    }
}
