using HeteroAKD.Nn;

namespace HeteroAKD.Experiments.TeacherCache;

/// <summary>Keeps what a teacher says of whole images.</summary>
internal interface IWholeOutputs : IDisposable
{
    /// <summary>What is kept of an image; null where nothing is.</summary>
    /// <param name="source">Number of its data set.</param>
    /// <param name="index">Its number there.</param>
    /// <param name="parts">The maps that are kept, the same for all images of one training.</param>
    /// <param name="image">Loads it, where its content names what is kept.</param>
    WholeOutput? Find(int source, int index, ReadOnlySpan<int> parts, Func<RgbImage> image);

    /// <summary>Keeps the output of an image.</summary>
    /// <exception cref="Tensors.HeteroAkdException">There is no room.</exception>
    void Add(int source, int index, WholeOutput output);
}
