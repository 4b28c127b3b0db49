using System.CommandLine;
using HeteroAKD.Training.Commands;

namespace HeteroAKD.Cli.Commands;

/// <summary><c>heteroakd predict CHECKPOINT IMAGE…</c>.</summary>
internal sealed class PredictCommand : Command
{
    private readonly Argument<string> checkpoint = new("CHECKPOINT") { Description = "The network" };

    private readonly Argument<string[]> images = new("IMAGE") { Description = "Image files (PNG, JPEG)", Arity = ArgumentArity.OneOrMore };

    private readonly Option<string?> dump = new("--dump")
    {
        Description = "Also write the feature maps and logits of the first image to a safetensors file",
        HelpName = "file",
    };

    public PredictCommand(IPredictCommand service, CommonOptions options, Terminal terminal, CancellationToken cancellation)
        : base("predict", "Write the class of every pixel of images as label PNGs and coloured overlays")
    {
        Add(checkpoint);
        Add(images);
        Add(dump);
        SetAction(result =>
        {
            var request = new PredictRequest(
                result.GetRequiredValue(checkpoint), result.GetRequiredValue(images), result.GetValue(options.Out) ?? "", options.Overrides(result, withOut: false),
                result.GetValue(dump) ?? "");
            foreach (Prediction prediction in terminal.WithProgress(progress => service.Run(request, progress, cancellation)))
            {
                terminal.Out.WriteLine($"{prediction.Image} -> {prediction.Labels}, {prediction.Overlay}");
            }

            return ExitCode.Success;
        });
    }
}
