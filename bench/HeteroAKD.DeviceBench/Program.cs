using HeteroAKD.Cli;
using HeteroAKD.DeviceBench.Commands;

return new CommandLineApplication(CommandServices.Create(), Terminal.Standard())
{
    Additions = (options, terminal) =>
    [
        new CasesCommand(options, terminal),
        new BenchCommand(options, terminal),
        new CeilingsCommand(options, terminal),
        new ReportCommand(options, terminal),
    ],
}.Run(args);
