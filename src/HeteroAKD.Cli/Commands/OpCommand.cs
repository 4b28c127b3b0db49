using System.CommandLine;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Tensors;

namespace HeteroAKD.Cli.Commands;

/// <summary><c>heteroakd op</c>: runs an op of the table on tensors from a file, so that anyone can hold it against PyTorch.</summary>
internal sealed class OpCommand : Command
{
    private readonly Argument<string?> name = new("NAME") { Description = "The op, with PyTorch's name", Arity = ArgumentArity.ZeroOrOne };

    private readonly Option<bool> list = new("--list") { Description = "Show every op with inputs, shapes, attributes and defaults" };

    private readonly Option<string?> input = new Option<string?>("--in") { Description = "Safetensors file with the inputs by name", HelpName = "file" }.Path();

    private readonly Option<bool> gradients = new("--grad") { Description = "Also write grad.INPUT for the upstream gradients grad.OUTPUT in the input file" };

    public OpCommand(IOpCommand service, CommonOptions options, Terminal terminal)
        : base("op", "Run one op on tensors from a file and write the results")
    {
        Add(name);
        Add(list);
        Add(input);
        Add(gradients);
        this.AddRule(result =>
        {
            if (!result.GetValue(list) && (result.GetValue(name) is null || result.GetValue(input) is null || result.GetValue(options.Out) is null))
            {
                result.AddError("op needs NAME, --in X.safetensors and --out Y.safetensors, or --list");
            }
        });
        SetAction(result =>
        {
            if (result.GetValue(list))
            {
                List(service, terminal.Out);
                return ExitCode.Success;
            }

            var request = new OpRequest(
                result.GetValue(name)!, result.GetValue(input)!, result.GetValue(options.Out)!, result.GetValue(options.Set) ?? [],
                result.GetValue(options.Device) ?? "auto", result.GetValue(gradients), result.GetValue(options.Precision) ?? MatrixPrecision.Fp32,
                result.GetValue(options.Threads) ?? 0);
            foreach (string line in service.Run(request))
            {
                terminal.Out.WriteLine(line);
            }

            return ExitCode.Success;
        });
    }

    private static void List(IOpCommand service, TextWriter output)
    {
        foreach (OpDescription op in service.List())
        {
            output.WriteLine(op.Name);
            output.WriteLine($"  in   {string.Join(", ", op.Inputs)}");
            output.WriteLine($"  out  {string.Join(", ", op.Outputs)}");
            if (op.Attributes.Count > 0)
            {
                output.WriteLine($"  set  {string.Join(", ", op.Attributes)}");
            }
        }
    }
}
