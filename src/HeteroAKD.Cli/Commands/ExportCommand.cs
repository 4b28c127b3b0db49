using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using HeteroAKD.Experiments.Export;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Weights.Import;
using HeteroAKD.Weights.Onnx;

namespace HeteroAKD.Cli.Commands;

/// <summary><c>heteroakd export CHECKPOINT --out FILE</c>.</summary>
internal sealed class ExportCommand : Command
{
    private readonly Argument<string> _checkpoint = new("CHECKPOINT") { Description = "The network" };

    private readonly Option<ExportFormat> _format = new Option<ExportFormat>("--format")
    {
        Description = "onnx, or safetensors or pth for the weights alone; by default the ending of --out tells",
        HelpName = "name",
    }.OneOf();

    private readonly Option<string?> _names = new Option<string?>("--names")
    {
        Description = $"safetensors, pth: names of another code base, where it has such a network: {string.Join(", ", RenamedWeights.Known)}",
        HelpName = "name",
    }.OneOf([.. RenamedWeights.Known]);

    private readonly Option<(int Height, int Width)?> _size = new Option<(int Height, int Width)?>("--size")
    {
        Description = "onnx: rows and columns of images; default: data.size of the checkpoint",
        HelpName = "HxW",
    }.Size();

    private readonly Option<int> _batch = new Option<int>("--batch")
    {
        Description = "onnx: images of a run",
        HelpName = "n",
        DefaultValueFactory = _ => 1,
    }.Whole(1);

    private readonly Option<bool> _dynamicBatch = new("--dynamic-batch") { Description = "onnx: any number of images" };

    private readonly Option<bool> _dynamicSize = new("--dynamic-size") { Description = "onnx: images of any size that the network takes" };

    private readonly Option<int> _opset = new Option<int>("--opset")
    {
        Description = $"onnx: version of the operators, {NetworkGraph.OldestOpset} to {NetworkGraph.NewestOpset}",
        HelpName = "n",
        DefaultValueFactory = _ => NetworkGraph.UsualOpset,
    }.Whole(NetworkGraph.OldestOpset, NetworkGraph.NewestOpset);

    private readonly Option<bool> _foldBatchNorm = new("--fold-bn") { Description = "onnx: batch normalisations become part of the convolutions before them" };

    private readonly Option<LogitsSize> _logitsSize = new Option<LogitsSize>("--logits-size")
    {
        Description = "onnx: logits of the size of the image (default), or of the network",
        HelpName = "name",
    }.OneOf();

    private readonly Option<double> _tolerance = new Option<double>("--tolerance")
    {
        Description = "onnx: largest difference of a logit, as a share of the largest logit",
        HelpName = "x",
        DefaultValueFactory = _ => 1e-3,
    }.Share();

    private readonly Option<bool> _noVerify = new("--no-verify") { Description = "onnx: do not run the graph in ONNX Runtime beside the network" };

    public ExportCommand(IExportCommand service, CommonOptions options, Terminal terminal, CancellationToken cancellation)
        : base("export", "Write a network for other programs: as an ONNX graph, checked in ONNX Runtime, or as weights")
    {
        Add(_checkpoint);
        Option[] graphOptions = [_size, _batch, _dynamicBatch, _dynamicSize, _opset, _foldBatchNorm, _logitsSize, _tolerance, _noVerify];
        Add(_format);
        Add(_names);
        foreach (Option option in graphOptions)
        {
            Add(option);
        }

        this.AddRule(result => Check(result, options, graphOptions));
        SetAction(result =>
        {
            ExportRequest request = Request(result, options);
            Write(terminal.Out, request, service.Run(request, cancellation));
            return ExitCode.Success;
        });
    }

    private void Check(CommandResult result, CommonOptions options, Option[] graphOptions)
    {
        if (result.GetValue(options.Out) is not { } file)
        {
            result.AddError("export needs --out FILE");
            return;
        }

        ExportFormat? ending = FormatOf(file);
        bool isNamed = result.GetResult(_format) is { Implicit: false };
        if (isNamed && ending is { } other && other != result.GetValue(_format))
        {
            result.AddError(
                $"{file} has the ending of {Word(other)}, and --format is {Word(result.GetValue(_format))}; name the file otherwise, or leave --format out");
        }
        else if (!isNamed && ending is null)
        {
            result.AddError($"the ending of {file} tells no format: name it .onnx, .safetensors or .pth, or give --format");
        }

        if (result.GetResult(_batch) is { Implicit: false } && result.GetResult(_dynamicBatch) is not null)
        {
            result.AddError("--batch and --dynamic-batch exclude each other");
        }

        bool isGraph = Chosen(result.GetValue(_format), isNamed, file) == ExportFormat.Onnx;
        if (isGraph && result.GetValue(_names) is not null)
        {
            result.AddError("--names is for --format safetensors and pth");
        }

        if (!isGraph && Array.Find(graphOptions, o => result.GetResult(o) is { Implicit: false }) is { } foreign)
        {
            result.AddError($"{foreign.Name} is for --format onnx");
        }
    }

    private static ExportFormat? FormatOf(string file) => Path.GetExtension(file).ToUpperInvariant() switch
    {
        ".ONNX" => ExportFormat.Onnx,
        ".SAFETENSORS" => ExportFormat.SafeTensors,
        ".PTH" or ".PT" => ExportFormat.Pth,
        _ => null,
    };

    private static ExportFormat Chosen(ExportFormat named, bool isNamed, string file) => isNamed ? named : FormatOf(file) ?? named;

    private static string Word(ExportFormat format) => format.ToString().ToLowerInvariant();

    private ExportRequest Request(ParseResult result, CommonOptions options) =>
        new(
            result.GetRequiredValue(_checkpoint), result.GetValue(options.Out)!, Chosen(
                result.GetValue(_format), result.GetResult(_format) is { Implicit: false }, result.GetValue(options.Out)!),
            options.Overrides(result, withOut: false))
        {
            Names = result.GetValue(_names) ?? "",
            Size = result.GetValue(_size),
            Batch = result.GetValue(_batch),
            DynamicBatch = result.GetValue(_dynamicBatch),
            DynamicSize = result.GetValue(_dynamicSize),
            Opset = result.GetValue(_opset),
            FoldBatchNorm = result.GetValue(_foldBatchNorm),
            LogitsSize = result.GetValue(_logitsSize),
            Tolerance = result.GetValue(_tolerance),
            Verify = !result.GetValue(_noVerify),
        };

    private static void Write(TextWriter output, ExportRequest request, ExportOutcome outcome)
    {
        if (outcome.Comparisons.Count > 0)
        {
            TextTable table = new("output", "shape", "max difference", "of largest logit", "same class %") { Words = [0, 1] };
            foreach (OutputComparison c in outcome.Comparisons)
            {
                table.Row(c.Output, c.Shape.ToString(), c.MaxDifference.ToString("0.00e-0", CultureInfo.InvariantCulture),
                    c.RelativeDifference.ToString("0.00e-0", CultureInfo.InvariantCulture), (100 * c.Agreement).ToString("F3", CultureInfo.InvariantCulture));
            }

            output.WriteLine("network and graph (ONNX Runtime) on random images\n");
            output.WriteLine(table);
        }
        else if (request.Format == ExportFormat.Onnx)
        {
            output.WriteLine("not compared with the network (--no-verify)");
        }

        foreach (string warning in outcome.Warnings)
        {
            output.WriteLine($"warning: {warning}");
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{outcome.Model} -> {request.Output}, {outcome.Bytes:N0} bytes"));
    }
}
