namespace HeteroAKD.CudaEmulator.Driver;

/// <summary>Objects that the program holds by a number. Numbers are not used again, so that a handle that is gone is found.</summary>
internal sealed class HandleTable
{
    private readonly Dictionary<nint, object> _objects = [];
    private nint _next = 0x1000;

    /// <summary>Adds an object.</summary>
    public nint Add(object item)
    {
        _next += 16;
        _objects.Add(_next, item);
        return _next;
    }

    /// <summary>Finds an object.</summary>
    /// <exception cref="DriverException">There is none of the kind.</exception>
    public T Get<T>(nint handle)
        where T : class =>
        _objects.TryGetValue(handle, out object? item) && item is T found
            ? found
            : throw new DriverException(CudaResult.InvalidHandle, $"0x{handle:x} is no {typeof(T).Name}, or one that is gone");

    /// <summary>Takes an object out.</summary>
    /// <exception cref="DriverException">There is none of the kind.</exception>
    public T Remove<T>(nint handle)
        where T : class
    {
        T found = Get<T>(handle);
        _objects.Remove(handle);
        return found;
    }
}
