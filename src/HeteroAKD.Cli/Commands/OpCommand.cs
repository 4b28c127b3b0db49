using System.CommandLine;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Tensors;

namespace HeteroAKD.Cli.Commands;

/// <summary><c>heteroakd op</c>: runs an op of the table on tensors from a file, so that anyone can hold it against PyTorch.</summary>
internal sealed class OpCommand : Command
{
    private readonly Argument<string?> _name = new("NAME") { Description = "The op, with PyTorch's name", Arity = ArgumentArity.ZeroOrOne };

    private readonly Option<bool> _list = new("--list") { Description = "Show every op with inputs, shapes, attributes and defaults" };

    private readonly Option<string?> _input = new Option<string?>("--in")
    {
        Description = "Safetensors file with the inputs by name",
        HelpName = "file",
    }.Path();

    private readonly Option<bool> _gradients = new("--grad") { Description = "Also write grad.INPUT for the upstream gradients grad.OUTPUT in the input file" };

    public OpCommand(IOpCommand service, CommonOptions options, Terminal terminal)
        : base("op", "Run one op on tensors from a file and write the results")
    {
        Add(_name);
        Add(_list);
        Add(_input);
        Add(_gradients);
        this.AddRule(result =>
        {
            if (!result.GetValue(_list) && (result.GetValue(_name) is null || result.GetValue(_input) is null || result.GetValue(options.Out) is null))
            {
                result.AddError("op needs NAME, --in X.safetensors and --out Y.safetensors, or --list");
            }
        });
        SetAction(result =>
        {
            if (result.GetValue(_list))
            {
                List(service, terminal.Out);
                return ExitCode.Success;
            }

            OpRequest request = new(
                result.GetValue(_name)!, result.GetValue(_input)!, result.GetValue(options.Out)!, result.GetValue(options.Set) ?? [],
                result.GetValue(options.Device) ?? "auto", result.GetValue(_gradients), result.GetValue(options.Precision) ?? MatrixPrecision.Fp32,
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
