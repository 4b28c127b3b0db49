using HeteroAKD.Tensors;

namespace HeteroAKD.Weights.Onnx;

/// <summary>A network that could not be exported, or whose export computes something else than the network.</summary>
public sealed class ExportException(string message, Exception? inner = null) : HeteroAkdException(message, inner!);
