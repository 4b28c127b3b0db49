namespace HeteroAKD.Bench.Peers;

/// <summary>Time of one iteration in stopwatch ticks. What follows the forward pass (backward pass, update, giving memory back) is the difference.</summary>
internal readonly record struct Lap(long Forward, long Full);

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
