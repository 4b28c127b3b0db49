using HeteroAKD.Nn;

namespace HeteroAKD.Data;

/// <summary>
/// The images of a data set in order, in batches of neighbours that have one size: a set of equal images gives full batches, a set of different ones small
/// batches.
/// </summary>
internal static class EqualSizes
{
    /// <summary>Reads the whole set once. A batch is valid until the next.</summary>
    /// <param name="dataset">The images.</param>
    /// <param name="augmentation">Normalisation and padding of evaluation.</param>
    /// <param name="batchSize">Most images of a batch.</param>
    public static IEnumerable<Batch> Read(ISegmentationDataset dataset, Augmentation augmentation, int batchSize)
    {
        using BatchLoader loader = new(dataset, LoaderOptions.ForEvaluation(1, augmentation));
        int most = Math.Min(batchSize, dataset.Count);
        Batch batch = new();
        int count = 0;
        for (int i = 0; i < loader.BatchesPerEpoch; i++)
        {
            Batch image = loader.Next();
            bool full = count == most || (count > 0 && (image.Height, image.Width) != (batch.Height, batch.Width));
            if (full)
            {
                batch.Resize(count, batch.Height, batch.Width);
                yield return batch;
                count = 0;
            }

            if (count == 0)
            {
                batch.Resize(most, image.Height, image.Width);
            }

            image.ImageAt(0).CopyTo(batch.ImageAt(count));
            image.LabelsAt(0).CopyTo(batch.LabelsAt(count));
            batch.Indices[count] = image.Indices[0];
            count++;
        }

        batch.Resize(count, batch.Height, batch.Width);
        yield return batch;
    }
}
