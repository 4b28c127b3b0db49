using HeteroAKD.Data;
using HeteroAKD.Nn;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.DeviceBench.Rows;

/// <summary>Images and labels of noise: a training step takes as long on them as on photographs.</summary>
internal sealed class NoiseDataset(RowSizes sizes, int count) : ISegmentationDataset
{
    /// <inheritdoc/>
    public int Count => count;

    /// <inheritdoc/>
    public ClassSet Classes { get; } = new(
        [.. Enumerable.Range(0, sizes.Classes).Select(c => $"class {c}")],
        [.. Enumerable.Range(0, sizes.Classes).Select(c => ((byte)c, (byte)c, (byte)c))],
        RowInput.IgnoreIndex);

    /// <inheritdoc/>
    public Sample Load(int index, Sample? reuse = null)
    {
        Random random = new(index);
        RgbImage image = new(sizes.Width, sizes.Height);
        random.NextBytes(image.Pixels);
        byte[] labels = new byte[sizes.Width * sizes.Height];
        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = (byte)random.Next(sizes.Classes);
        }

        return new Sample($"noise {index}", image, labels);
    }

    /// <summary>Copies a batch of noise into the inputs of a step.</summary>
    /// <param name="inputs">Takes the batch.</param>
    /// <param name="batch">Which: as many images further each.</param>
    public void Fill(StepInputs inputs, int batch)
    {
        using BatchLoader loader = new(this, new LoaderOptions { BatchSize = sizes.Batch, Augmentation = Augmentation.None, Shuffle = false, Threads = 0 });
        for (int i = 0; i < batch; i++)
        {
            loader.Next();
        }

        inputs.Fill(loader.Next());
    }
}
