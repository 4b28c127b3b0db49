using HeteroAKD.Nn;

namespace HeteroAKD.Data;

/// <summary>One image with its labels. A consumer only reads it: it may be a cached one that others read too.</summary>
public sealed class Sample
{
    /// <summary>Puts an image and its labels together.</summary>
    /// <param name="id">What a report calls it: a file name or a scene number.</param>
    /// <param name="image">The picture.</param>
    /// <param name="labels">[H, W], class ids or the ignored id.</param>
    public Sample(string id, RgbImage image, byte[] labels)
    {
        if (labels.Length != image.Width * image.Height)
        {
            throw new ArgumentException($"Sample {id}: {labels.Length} labels do not fill [{image.Height}, {image.Width}].", nameof(labels));
        }
        (Id, Image, Labels) = (id, image, labels);
    }

    /// <summary>What a report calls it.</summary>
    public string Id { get; internal set; }

    /// <summary>The picture.</summary>
    public RgbImage Image { get; }

    /// <summary>[H, W], class ids or the ignored id.</summary>
    public byte[] Labels { get; }
}
