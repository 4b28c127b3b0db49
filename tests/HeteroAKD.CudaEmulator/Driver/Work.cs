using HeteroAKD.CudaEmulator.Execution;

namespace HeteroAKD.CudaEmulator.Driver;

/// <summary>What a stream does: at once, or at every launch of the graph that it was captured in.</summary>
internal abstract record Work;

/// <summary>Runs a kernel.</summary>
/// <param name="Launch">With its own copy of the arguments.</param>
internal sealed record LaunchWork(Launch Launch) : Work;

/// <summary>Copies between any two places.</summary>
/// <param name="Target">Device or host address.</param>
/// <param name="Source">Device or host address.</param>
/// <param name="Bytes">How many.</param>
internal sealed record CopyWork(ulong Target, ulong Source, long Bytes) : Work;

/// <summary>Fills memory.</summary>
/// <param name="Target">Device or host address.</param>
/// <param name="Value">The repeated value.</param>
/// <param name="ValueBytes">1, 2 or 4.</param>
/// <param name="Count">How many values.</param>
internal sealed record FillWork(ulong Target, uint Value, int ValueBytes, long Count) : Work;

/// <summary>Calls a function of the host.</summary>
/// <param name="Function">Takes one pointer.</param>
/// <param name="Data">The pointer.</param>
internal sealed record HostWork(nint Function, nint Data) : Work;
