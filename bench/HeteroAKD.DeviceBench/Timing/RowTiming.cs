namespace HeteroAKD.DeviceBench.Timing;

/// <summary>How long an iteration takes.</summary>
/// <param name="Full">All of it.</param>
/// <param name="Forward">Its forward pass; null where the work is not divided.</param>
/// <param name="Backward">What follows the forward pass; null where the work is not divided.</param>
/// <param name="Repetitions">Iterations that were timed.</param>
internal sealed record RowTiming(Spread Full, Spread? Forward, Spread? Backward, int Repetitions);
