using HeteroAKD.Weights.Import;
using HeteroAKD.Weights.Onnx;

namespace HeteroAKD.Experiments.Export;

/// <summary>What a network is written as.</summary>
public enum ExportFormat
{
    /// <summary>A graph with its weights; checked in ONNX Runtime.</summary>
    Onnx,

    /// <summary>The weights alone, float32, as <c>safetensors.torch</c> reads them.</summary>
    SafeTensors,

    /// <summary>The weights alone, float32, as <c>torch.load</c> reads them: a state dict.</summary>
    Pth,
}

/// <summary>Asks for the network of a checkpoint as a file that other programs read.</summary>
/// <param name="Checkpoint">A checkpoint that training wrote.</param>
/// <param name="Output">The file; one that is there is replaced once the new one is whole and checked.</param>
/// <param name="Format">What to write.</param>
/// <param name="Overrides">Overrides of the configuration that the checkpoint holds.</param>
public sealed record ExportRequest(string Checkpoint, string Output, ExportFormat Format, IReadOnlyList<string> Overrides)
{
    /// <summary>Rows and columns of the graph's images; null takes <c>data.size</c> of the checkpoint's configuration.</summary>
    public (int Height, int Width)? Size { get; init; }

    /// <summary>Images a run of the graph takes.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Whether the graph takes any number of images instead.</summary>
    public bool DynamicBatch { get; init; }

    /// <summary>Whether the graph takes images of any size that the network takes.</summary>
    public bool DynamicSize { get; init; }

    /// <summary>Version of ONNX's operators.</summary>
    public int Opset { get; init; } = NetworkGraph.UsualOpset;

    /// <summary>Whether batch normalisations that follow a convolution become part of its weights.</summary>
    public bool FoldBatchNorm { get; init; }

    /// <summary>The code base whose names weights get, one of <see cref="RenamedWeights.Known"/>; empty for this program's.</summary>
    public string Names { get; init; } = "";

    /// <summary>Resolution of the graph's logits.</summary>
    public LogitsSize LogitsSize { get; init; }

    /// <summary>Largest difference of a logit that is accepted, as a share of the largest logit.</summary>
    public double Tolerance { get; init; } = 1e-3;

    /// <summary>Whether the graph is run beside the network before it is kept.</summary>
    public bool Verify { get; init; } = true;
}

/// <summary>What was written.</summary>
/// <param name="Model">Architecture.</param>
/// <param name="Bytes">Size of the file.</param>
/// <param name="Comparisons">The graph beside the network, one entry a run and output; empty where nothing was compared.</param>
public sealed record ExportOutcome(string Model, long Bytes, IReadOnlyList<OutputComparison> Comparisons)
{
    /// <summary>What the weights need and the file cannot say, or what of the network was left out; none where all is well.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>Exports networks.</summary>
public interface IExportCommand
{
    /// <summary>Runs the request.</summary>
    /// <exception cref="ExportException">The network has an operation that the format lacks, or the written graph does not compute what the network
    /// computes.</exception>
    ExportOutcome Run(ExportRequest request, CancellationToken cancellation);
}
