using HeteroAKD.Nn;

namespace HeteroAKD.Data;

/// <summary>One image with its labels, if it has any. A consumer only reads it: it may be a cached one that others read too.</summary>
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

    /// <summary>An image without labels.</summary>
    /// <param name="id">What a report calls it.</param>
    /// <param name="image">The picture.</param>
    public Sample(string id, RgbImage image) => (Id, Image, Labels) = (id, image, []);

    /// <summary>What a report calls it.</summary>
    public string Id { get; internal set; }

    /// <summary>The picture.</summary>
    public RgbImage Image { get; }

    /// <summary>[H, W], class ids or the ignored id; empty where the image has no labels.</summary>
    public byte[] Labels { get; }

    /// <summary>Whether it has labels.</summary>
    public bool IsLabelled => Labels.Length > 0;
}
