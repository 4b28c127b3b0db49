using HeteroAKD.Nn;

namespace HeteroAKD.Data;

/// <summary>Makes batch k as a pure function of (data set, options, k). Holds scratch, so each thread has its own.</summary>
internal sealed class BatchFiller
{
    private readonly ISegmentationDataset _dataset;
    private readonly LoaderOptions _options;
    private readonly Augmenter _augmenter;
    private readonly int[] _order; // [dataset.Count], the permutation of _orderEpoch
    private long _orderEpoch = -1;
    private Sample? _scratch;

    public BatchFiller(ISegmentationDataset dataset, LoaderOptions options)
    {
        (_dataset, _options) = (dataset, options);
        _augmenter = new Augmenter(options.Augmentation);
        _order = new int[dataset.Count];
    }

    public static int BatchesPerEpoch(int samples, LoaderOptions options) =>
        options.DropLast ? samples / options.BatchSize : (samples + options.BatchSize - 1) / options.BatchSize;

    public void Fill(Batch batch, long number)
    {
        int perEpoch = BatchesPerEpoch(_dataset.Count, _options);
        (long epoch, int first) = (number / perEpoch, (int)(number % perEpoch) * _options.BatchSize);
        OrderFor(epoch);
        int count = Math.Min(_options.BatchSize, _dataset.Count - first);
        for (int n = 0; n < count; n++)
        {
            int index = _order[first + n];
            Sample sample = _dataset.Load(index, _scratch);
            _scratch = sample;
            (int height, int width) = WindowFor(sample);
            if (n == 0)
            {
                batch.Resize(count, height, width);
            }
            else if (height != batch.Height || width != batch.Width)
            {
                throw new DatasetException(
                    sample.Id, $"its window is {width}x{height}, the batch's "
                        + $"{batch.Width}x{batch.Height}", "Set the window's Height and Width, or batches of one image");
            }
            batch.Indices[n] = index;
            CounterRandom random = new(_options.Seed, RandomPurpose.Augment, (uint)epoch, (uint)index);
            batch.Views[n] = _augmenter.Apply(sample, random, _dataset.Classes.IgnoreIndex, height, width, batch.ImageAt(n), batch.LabelsAt(n));
        }
    }

    private (int Height, int Width) WindowFor(Sample sample)
    {
        Augmentation options = _options.Augmentation;
        int divisor = options.SizeDivisor;
        return options.Height > 0
            ? (options.Height, options.Width)
            : ((sample.Image.Height + divisor - 1) / divisor * divisor, (sample.Image.Width + divisor - 1) / divisor * divisor);
    }

    private void OrderFor(long epoch)
    {
        if (_orderEpoch == epoch)
        {
            return;
        }
        if (_options.Shuffle)
        {
            CounterRandom random = new(_options.Seed, RandomPurpose.Shuffle, (uint)epoch, 0);
            random.Permute(_order);
        }
        else if (_orderEpoch < 0)
        {
            for (int i = 0; i < _order.Length; i++)
            {
                _order[i] = i;
            }
        }
        _orderEpoch = epoch;
    }
}
