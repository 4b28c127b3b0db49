using System.Reflection;
using System.Runtime.CompilerServices;

namespace HeteroAKD.Kernels.Launch;

/// <summary>
/// Launches of a <see cref="HostPool"/> in order, to be repeated as they were: same kernels, same addresses, same numbers. Repeating them costs neither
/// checks nor allocations nor a tape, and makes no garbage.
/// </summary>
public sealed class LaunchRecording
{
    private readonly List<(HostJob Job, int Tiles)> _launches = [];

    /// <summary>Launches.</summary>
    public int Count => _launches.Count;

    /// <summary>Why it must not be replayed: something happened meanwhile that is no launch. Null if nothing did.</summary>
    public string? Spoiled { get; private set; }

    /// <summary>Notes that something happened that a replay would not repeat.</summary>
    public void Spoil(string reason) => Spoiled ??= reason;

    /// <summary>Repeats all launches.</summary>
    public void Replay(HostPool pool)
    {
        foreach ((HostJob job, int tiles) in _launches)
        {
            pool.Run(job, tiles);
        }
    }

    /// <summary>
    /// In what the launches of another recording of the same work differ from these, or null: then a replay does what that work would have done.
    /// </summary>
    public string? DifferenceTo(LaunchRecording other)
    {
        if (Count != other.Count)
        {
            return $"{Count} launches became {other.Count}";
        }

        for (int i = 0; i < Count; i++)
        {
            (HostJob job, int tiles) = _launches[i];
            (HostJob otherJob, int otherTiles) = other._launches[i];
            if (job.GetType() != otherJob.GetType() || tiles != otherTiles)
            {
                return $"launch {i}, {NameOf(job.GetType())} on {tiles} tiles, became {NameOf(otherJob.GetType())} on {otherTiles}";
            }

            if (Difference(job, otherJob, NameOf(job.GetType())) is { } difference)
            {
                return $"launch {i}: {difference} changes from step to step";
            }
        }

        return null;
    }

    internal void Add(HostJob job, int tiles) => _launches.Add((job.Copy(), tiles));

    // The first field that differs. References must be the same object, all else is compared down to its numbers and addresses.
    private static string? Difference(object a, object b, string path)
    {
        for (Type? type = a.GetType(); type is not null && type != typeof(object) && type != typeof(ValueType); type = type.BaseType)
        {
            if (type.GetCustomAttribute<InlineArrayAttribute>() is not null)
            {
                return $"{path} (not comparable)";
            }

            foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                object? x = field.GetValue(a);
                object? y = field.GetValue(b);
                string name = $"{path}.{NameOf(field)}";
                bool same = x is null || y is null ? ReferenceEquals(x, y)
                    : field.FieldType.IsPointer ? AddressOf(x) == AddressOf(y)
                    : field.FieldType.IsPrimitive || field.FieldType.IsEnum ? x.Equals(y)
                    : !field.FieldType.IsValueType && ReferenceEquals(x, y);
                if (!same && (!field.FieldType.IsValueType || field.FieldType.IsPrimitive || field.FieldType.IsEnum))
                {
                    return name;
                }

                if (!same && Difference(x!, y!, name) is { } inner)
                {
                    return inner;
                }
            }
        }

        return null;
    }

    // The compiler calls the field of a primary constructor's parameter "<key>P".
    private static string NameOf(FieldInfo field) => field.Name.Split('<', '>') is [_, string parameter, ..] ? parameter : field.Name.Trim('_');

    private static unsafe nint AddressOf(object pointer) => (nint)Pointer.Unbox(pointer);

    private static string NameOf(Type type)
    {
        string name = type.Name.Split('`')[0];
        return type.IsGenericType ? $"{name}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>" : name;
    }
}
