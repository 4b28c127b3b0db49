using HeteroAKD.Tensors;
using TorchSharp;

namespace HeteroAKD.Bench.Peers;

/// <summary>An operation of ours on a case's inputs.</summary>
internal delegate Tensor OurFunction(ReadOnlySpan<Tensor> x);

/// <summary>An operation of libtorch on a case's inputs.</summary>
internal delegate torch.Tensor TheirFunction(ReadOnlySpan<torch.Tensor> x);
