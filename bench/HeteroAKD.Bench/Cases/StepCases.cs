using HeteroAKD.Bench.Machine;
using HeteroAKD.Bench.Peers;
using HeteroAKD.Tensors;
using TorchSharp;

namespace HeteroAKD.Bench.Cases;

/// <summary>A training step: forward, cross-entropy at label resolution, backward, AdamW over all parameters.</summary>
/// <param name="Model">Name in the zoo.</param>
/// <param name="Batch">Images.</param>
/// <param name="Height">Rows of an image.</param>
/// <param name="Width">Columns of an image.</param>
/// <param name="Classes">Classes.</param>
/// <param name="MegaMacs">Multiply-adds of convolutions, linear layers and attention in one image's forward pass, in millions.</param>
internal sealed record StepCase(string Model, int Batch, int Height, int Width, int Classes, double MegaMacs)
    : PeerCase("step", $"{Model} {Batch}x3x{Height}x{Width}")
{
    /// <summary>Share of the auxiliary head in the loss.</summary>
    public const double AuxWeight = 0.4;

    /// <summary>The rows.</summary>
    public static IReadOnlyList<StepCase> Rows { get; } =
    [
        new("tiny-cnn-student", 16, 96, 128, 11, 23.2) { Goal = 1 },
        new("tiny-mit-student", 16, 96, 128, 11, 29.2) { Goal = 1 },
        new("segformer-b0", 2, 256, 256, 19, 1765) { Goal = 1, HasMasks = true },
        new("deeplabv3-mobilenetv2", 2, 256, 256, 19, 3329) { Goal = 1, HasMasks = true },
        new("deeplabv3-resnet18", 2, 256, 256, 19, 16172) { Goal = 1, HasMasks = true },
    ];

    /// <summary>
    /// Whether dropout or drop-path draw masks, each side its own: results are then compared in evaluation mode. Times are always a training step's.
    /// </summary>
    public bool HasMasks { get; init; }

    /// <inheritdoc/>
    public override Work Work => new(3 * 2e6 * MegaMacs * Batch, 0);

    /// <summary>
    /// Among millions of activations a few lie so near to zero that rounding decides their ReLU, on either side. One such pixel moves the gradient of its
    /// channel by a thousandth or a few: tensors are compared as a whole, on three batches. A pixel decides one of them; a mistake in any layer is far above
    /// this in all.
    /// </summary>
    public override double Tolerance => 1e-3;

    /// <inheritdoc/>
    public override int Batches => 3;

    /// <inheritdoc/>
    public override bool AsWhole => true;

    /// <summary>A bias before a normalisation has an exact gradient of zero.</summary>
    public override double Floor => 1e-3;

    /// <summary>Images.</summary>
    public CaseInput Images => new("images", new Shape(Batch, 3, Height, Width));

    /// <summary>Labels.</summary>
    public CaseInput Labels => CaseInput.Labels(new Shape(Batch, Height, Width), Classes);

    /// <inheritdoc/>
    public override IContender Ours(Device device) => new OurStep(this, device);

    /// <inheritdoc/>
    public override IContender Theirs(torch.ScalarType type) => new TorchStep(this, type);
}
