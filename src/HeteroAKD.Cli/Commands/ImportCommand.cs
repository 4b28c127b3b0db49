using System.CommandLine;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Nn.Models;
using HeteroAKD.Weights.Import;

namespace HeteroAKD.Cli.Commands;

/// <summary><c>heteroakd import FILE --model NAME --out CHECKPOINT</c>.</summary>
internal sealed class ImportCommand : Command
{
    private readonly Argument<string> _file = new("FILE") { Description = "A state dict of PyTorch (.pth), safetensors, an ONNX graph, or a checkpoint" };

    private readonly Option<string?> _model = new Option<string?>("--model")
    {
        Description = "The network of this program that the weights are for",
        HelpName = "name",
        Required = true,
    }
        .OneOf([.. ModelZoo.Names]);

    private readonly Option<int> _classes = new Option<int>("--classes")
    {
        Description = "Classes of the network; by default those of the file's classifier",
        HelpName = "n",
    }.Whole(1);

    private readonly Option<string?> _from = new Option<string?>("--from")
    {
        Description = "Code base that named the tensors: torchvision, mmseg, mit, huggingface, cirkd or heteroakd; by default it is detected",
        HelpName = "format",
        DefaultValueFactory = _ => "",
    }.OneOf([.. NameMap.All.Select(map => map.Name)]);

    private readonly Option<string?> _key = new Option<string?>("--key")
    {
        Description = "Which table of tensors, where a .pth has several: the keys that lead to it, with dots between, such as ema.module",
        HelpName = "path",
    }.Path();

    private readonly Option<bool> _backboneOnly = new("--backbone-only") { Description = "Take the encoder alone; the head starts from --seed" };

    private readonly Option<bool> _noStrict = new("--no-strict")
    {
        Description = "Take what fits; what is missing or of another shape starts from --seed, "
        + "what is left over stays behind"
    };

    public ImportCommand(IImportCommand service, CommonOptions options, Terminal terminal)
        : base("import", "Make a checkpoint of weights that another program trained")
    {
        Add(_file);
        Add(_model);
        Add(_classes);
        Add(_from);
        Add(_key);
        Add(_backboneOnly);
        Add(_noStrict);
        this.AddRule(result =>
        {
            if (result.GetValue(options.Out) is null)
            {
                result.AddError("import needs --out CHECKPOINT.safetensors");
            }
        });
        SetAction(result =>
        {
            ImportRequest request = new(
                result.GetRequiredValue(_file), result.GetValue(_model)!, result.GetValue(_classes), result.GetValue(_from) ?? "", result.GetValue(_key)
                    ?? "", result.GetValue(_backboneOnly),
                !result.GetValue(_noStrict), result.GetValue(options.Out)!, options.Overrides(result, withOut: false));
            foreach (string line in service.Run(request))
            {
                terminal.Out.WriteLine(line);
            }

            return ExitCode.Success;
        });
    }
}
