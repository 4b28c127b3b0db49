using System.CommandLine;
using System.Globalization;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Cli.Commands;

/// <summary><c>heteroakd gradcheck [FILTER]</c>.</summary>
internal sealed class GradcheckCommand : Command
{
    private readonly Argument<string> _filter = new("FILTER")
    {
        Description = "Only ops whose name contains this",
        Arity = ArgumentArity.ZeroOrOne,
        DefaultValueFactory = _ => "",
    };

    public GradcheckCommand(IGradcheckCommand service, CommonOptions options, Terminal terminal, CancellationToken cancellation)
        : base("gradcheck", "Hold the gradient of every op against central differences in float64")
    {
        Add(_filter);
        SetAction(result =>
        {
            string wanted = result.GetValue(_filter) ?? "";
            TextTable table = new("op", "case", "error", "tolerance", "") { Words = [0, 1, 4] };
            int passed = 0, failed = 0;
            foreach (GradientCheck check in service.Run(wanted, result.GetValue(options.Seed) ?? 1, result.GetValue(options.Threads) ?? 0, cancellation))
            {
                table.Row(check.Op, check.Case, Number(check.Error), Number(check.Tolerance), check.Passed ? "ok" : "WRONG");
                (passed, failed) = check.Passed ? (passed + 1, failed) : (passed, failed + 1);
            }

            if (passed + failed == 0)
            {
                terminal.Error.WriteLine($"error: no op has '{wanted}' in its name");
                return ExitCode.Usage;
            }

            terminal.Out.Write(table);
            terminal.Out.WriteLine($"{passed} gradients within their tolerance, {failed} not");
            return failed == 0 ? ExitCode.Success : ExitCode.Failure;
        });
    }

    private static string Number(double value) => value.ToString("0.0e0", CultureInfo.InvariantCulture);
}
