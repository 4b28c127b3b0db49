namespace HeteroAKD.Nn;

/// <summary>Where an image's window lies in its whole image, which was scaled first and mirrored last.</summary>
/// <param name="Source">Number of the data set among those that make a batch: 0 the labelled one, 1 the unlabelled one.</param>
/// <param name="ScaledHeight">Rows of the whole image after scaling.</param>
/// <param name="ScaledWidth">Columns of it.</param>
/// <param name="Top">First row of the window in the scaled image; negative where the window begins outside.</param>
/// <param name="Left">First column, likewise.</param>
/// <param name="Flip">Whether the window is mirrored.</param>
public readonly record struct ImageView(int Source, int ScaledHeight, int ScaledWidth, int Top, int Left, bool Flip);
