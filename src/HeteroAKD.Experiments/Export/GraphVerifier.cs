using System.Globalization;
using HeteroAKD.Nn.Initialization;
using HeteroAKD.Tensors;
using HeteroAKD.Weights.Onnx;

namespace HeteroAKD.Experiments.Export;

/// <summary>Runs a graph in ONNX Runtime and the network it was made from on the same images.</summary>
/// <param name="network">The network.</param>
/// <param name="mean">[3] that normalisation subtracts.</param>
/// <param name="std">[3] that normalisation divides by.</param>
internal sealed class GraphVerifier(NetworkGraph network, IReadOnlyList<double> mean, IReadOnlyList<double> std)
{
    private const int BlockPixels = 16;

    /// <summary>Compares on one run a shape; every run has images of its own.</summary>
    /// <param name="graph">The whole ONNX file.</param>
    /// <param name="shapes">Shapes [N, 3, H, W] of the runs.</param>
    /// <param name="tolerance">Largest accepted difference, as a share of the largest logit.</param>
    /// <param name="cancellation">Stops between runs.</param>
    /// <exception cref="ExportException">The graph cannot be run or computes something else.</exception>
    public List<OutputComparison> Compare(byte[] graph, IEnumerable<Shape> shapes, double tolerance, CancellationToken cancellation)
    {
        using OnnxSession session = new(graph);
        List<OutputComparison> comparisons = [];
        foreach (Shape shape in shapes)
        {
            cancellation.ThrowIfCancellationRequested();
            float[] images = RandomImages(shape, seed: comparisons.Count + 1);
            (float[] expected, Shape logits) = network.Run(images, shape);
            (float[] actual, Shape found) = session.Run([(NetworkGraph.Images, images, shape)], NetworkGraph.Logits);
            if (found != logits)
            {
                throw new ExportException($"the graph's {NetworkGraph.Logits} have shape {found}, the network's {logits}; nothing was written.");
            }

            comparisons.Add(OutputComparison.Of(NetworkGraph.Logits, logits, expected, actual));
        }

        return comparisons.Find(c => !c.Within(tolerance)) is not { } worst ? comparisons : throw new ExportException(string.Create(
            CultureInfo.InvariantCulture,
            $"the graph is not the network: {worst.Output} {worst.Shape} differ by {worst.MaxDifference:G3}, {worst.RelativeDifference:G3} of the largest "
                + $"logit (allowed: {tolerance:G3}), "
            + $"and {worst.Agreement:P3} of the pixels have the same class (needed: {OutputComparison.LeastAgreement:P1}). Nothing was written."));
    }

    // Blocks of one colour with noise on them, normalised: pure noise looks alike to a network everywhere.
    private float[] RandomImages(Shape shape, int seed)
    {
        Generator generator = new(seed);
        (int height, int width) = (shape[2], shape[3]);
        int blocksAcross = (width + BlockPixels - 1) / BlockPixels;
        double[] blocks = new double[blocksAcross * ((height + BlockPixels - 1) / BlockPixels)];
        float[] images = new float[shape.Count];
        for (int plane = 0; plane < shape[0] * shape[1]; plane++)
        {
            for (int b = 0; b < blocks.Length; b++)
            {
                blocks[b] = generator.NextUniform();
            }

            int channel = plane % shape[1];
            for (int i = 0; i < height * width; i++)
            {
                double block = blocks[(i / width / BlockPixels * blocksAcross) + (i % width / BlockPixels)];
                double color = (0.75 * block) + (0.25 * generator.NextUniform());
                images[(plane * height * width) + i] = (float)((color - mean[channel]) / std[channel]);
            }
        }

        return images;
    }
}
