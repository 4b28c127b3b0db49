using System.Diagnostics;

namespace HeteroAKD.Bench.Peers;

/// <summary>Time of one iteration in stopwatch ticks. What follows the forward pass (backward pass, update, giving memory back) is the difference.</summary>
internal readonly record struct Lap(long Forward, long Full)
{
    /// <summary>An iteration that began at a time stamp and is over, without a forward pass of its own.</summary>
    public static Lap Since(long start)
    {
        long ticks = Stopwatch.GetTimestamp() - start;
        return new Lap(ticks, ticks);
    }
}

/// <summary>A tensor that an iteration computed.</summary>
/// <param name="Name">Which: <c>output</c>, <c>grad.weight</c>, …</param>
/// <param name="Values">Its elements.</param>
internal sealed record Result(string Name, double[] Values);

/// <summary>One side of a case: holds its inputs and repeats the same work on them.</summary>
internal interface IContender : IDisposable
{
    /// <summary>Does the work once, timed.</summary>
    Lap Run();

    /// <summary>
    /// Does the work once on the inputs numbered <paramref name="batch"/> (0: those that are timed) and reads what came out. Called before the first
    /// <see cref="Run"/>, which may change state (parameters, statistics).
    /// </summary>
    IReadOnlyList<Result> Results(int batch);
}
