namespace HeteroAKD.Tensors.Devices;

/// <summary>The grid of a launch on an accelerator.</summary>
/// <param name="Blocks">Thread blocks.</param>
/// <param name="Threads">Threads in each.</param>
/// <param name="SharedBytes">Dynamic shared memory of each, beside what the kernel declares.</param>
internal readonly record struct LaunchShape(int Blocks, int Threads, int SharedBytes = 0);
