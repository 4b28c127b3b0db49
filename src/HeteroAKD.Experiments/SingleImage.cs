using HeteroAKD.Data;
using HeteroAKD.Nn;

namespace HeteroAKD.Experiments;

/// <summary>One image as a data set, so that it is prepared as those of a data set are. Its labels are the first class and mean nothing.</summary>
internal sealed class SingleImage(RgbImage image, ClassSet classes) : ISegmentationDataset
{
    public int Count => 1;

    public ClassSet Classes => classes;

    public Sample Load(int index, Sample? reuse = null) => new("image", image, new byte[image.Width * image.Height]);
}
