using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Commands;

/// <summary>Asks how alike the maps of two networks are.</summary>
/// <param name="First">A checkpoint, such as the teacher's.</param>
/// <param name="Second">Another one of equal classes, whose data both are shown. With projectors of L_hakd in it (<c>distilled-last.safetensors</c>) the
/// projected maps are compared, too.</param>
/// <param name="Split"><c>val</c> or <c>test</c>.</param>
/// <param name="Overrides">Overrides of the configuration that the checkpoints hold.</param>
/// <param name="OutputFolder">Receives <c>cka.csv</c> and <c>cka.png</c>; empty for no files.</param>
public sealed record CkaRequest(string First, string Second, string Split, IReadOnlyList<string> Overrides, string OutputFolder = "");

/// <summary>How alike the maps are.</summary>
/// <param name="First">Names of the first network's maps, in order.</param>
/// <param name="Second">Names of the second's.</param>
/// <param name="Linear">Linear CKA, [first, second].</param>
/// <param name="Rbf">CKA with a Gaussian kernel, [first, second].</param>
/// <param name="Images">Images that it was estimated from.</param>
public sealed record CkaOutcome(IReadOnlyList<string> First, IReadOnlyList<string> Second, double[,] Linear, double[,] Rbf, int Images);

/// <summary>Compares the maps of two networks by centred kernel alignment.</summary>
public interface ICkaCommand
{
    /// <summary>Runs the request.</summary>
    CkaOutcome Run(CkaRequest request, IProgressSink progress, CancellationToken cancellation);
}
