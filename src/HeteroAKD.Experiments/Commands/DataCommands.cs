using HeteroAKD.Data;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Commands;

/// <summary>Asks for a walk over a data set.</summary>
/// <param name="Root">Its folder; see <see cref="Configuration.DataRoot"/> for where a relative one is looked for.</param>
/// <param name="Kind">The word of its layout; empty to find out.</param>
/// <param name="OutputFolder">Where the contact sheet and lists go.</param>
/// <param name="FixList">Whether to write lists without the bad pairs.</param>
/// <param name="Threads">Threads that decode; 0 for every core.</param>
/// <param name="Limits">How large images and labels may be.</param>
/// <param name="Layout">What a training asks of the layout, so that the splits are the same ones.</param>
public sealed record DataCheckRequest(string Root, string Kind, string OutputFolder, bool FixList, int Threads, ImageLimits Limits, LayoutOptions Layout);

/// <summary>What a walk over a data set found.</summary>
/// <param name="Name">What the data set is called.</param>
/// <param name="Kind">The word of its layout.</param>
/// <param name="Root">Its folder, absolute.</param>
/// <param name="Classes">Its classes.</param>
/// <param name="Splits">Each split that is there, by name.</param>
/// <param name="Warnings">Sentences on what would train or score otherwise than it seems: sizes, classes without a pixel, images that are turned or stand in
/// two splits.</param>
/// <param name="Files">The files that were written.</param>
public sealed record DataCheckOutcome(
    string Name, string Kind, string Root, ClassSet Classes, IReadOnlyList<(string Name, SplitCheck Check)> Splits, IReadOnlyList<string> Warnings,
    IReadOnlyList<string> Files)
{
    /// <summary>Sentences on what was found and how it is taken.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Pairs that cannot be used.</summary>
    public int Bad => Splits.Sum(split => split.Check.Bad.Count);

    /// <summary>Whether a training would find something to learn and nothing that stops it.</summary>
    public bool CanTrain => Bad == 0 && !Splits.Any(split => split.Name == "train" && split.Check.Census.IsEmpty);
}

/// <summary>Checks data sets.</summary>
public interface IDataCheckCommand
{
    /// <summary>Walks the data set. Bad pairs are part of the outcome, not an exception.</summary>
    /// <exception cref="DatasetException">There is no data set, or a class file or list is malformed.</exception>
    DataCheckOutcome Run(DataCheckRequest request, IProgressSink progress, CancellationToken cancellation);
}
