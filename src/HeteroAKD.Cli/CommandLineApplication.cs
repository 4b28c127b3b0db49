using System.CommandLine;
using System.CommandLine.Parsing;
using HeteroAKD.Cli.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Tensors;

namespace HeteroAKD.Cli;

/// <summary>The command line: commands, usage errors and the one place where exceptions become sentences.</summary>
internal sealed class CommandLineApplication(CommandServices services, Terminal terminal)
{
    private readonly CommonOptions _options = new();

    /// <summary>What a program that contains this one adds: commands that take the common options.</summary>
    public Func<CommonOptions, Terminal, IEnumerable<Command>> Additions { get; init; } = (_, _) => [];

    /// <summary>Runs one command line and returns the exit code.</summary>
    public int Run(IReadOnlyList<string> args)
    {
        try
        {
            int code = Invoke(args);
            terminal.Out.Flush();
            if (code == ExitCode.Success && terminal.LostResults() is { } problem)
            {
                terminal.Error.WriteLine($"error: the results could not be written to the standard output: {problem}");
                return ExitCode.Failure;
            }

            return code;
        }
        catch (Exception e)
        {
            ErrorReport.Write(terminal.Error, e, args.Contains(_options.Debug.Name));
            return e is ConfigurationException { IsOverride: true } ? ExitCode.Usage : ExitCode.Failure;
        }
    }

    private int Invoke(IReadOnlyList<string> args)
    {
        using Interruption interruption = new(terminal.Error);
        ParseResult result = CreateRoot(interruption.Token).Parse(args.Count == 0 ? ["--help"] : args);
        if (result.Errors.Count > 0)
        {
            ReportUsage(result);
            return ExitCode.Usage;
        }

        InvocationConfiguration invocation = new InvocationConfiguration
        {
            Output = terminal.Out,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,  // Interruption decides, so that saving has the time it needs
        };
        try
        {
            int code = result.Invoke(invocation);
            return args.Count == 0 ? ExitCode.Usage : code;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
    }

    /// <summary>Every command with its options.</summary>
    public RootCommand CreateRoot(CancellationToken cancellation)
    {
        RootCommand root = new("Distils segmentation networks across architectures (HeteroAKD), on CPU and GPU.");
        _options.AddTo(root);
        if (services.Quickstart is { } quickstart)
        {
            root.Add(new QuickstartCommand(quickstart, services.DryRun, _options, terminal, cancellation));
        }

        if (services.Train is { } train)
        {
            root.Add(new TrainCommand(train, services.DryRun, _options, terminal, cancellation));
        }

        if (services.Distill is { } distill)
        {
            root.Add(new DistillCommand(distill, services.DryRun, _options, terminal, cancellation));
        }

        if (services.Experiment is { } experiment)
        {
            root.Add(new ExperimentCommand(experiment, _options, terminal, cancellation));
        }

        if (services.Evaluate is { } evaluate)
        {
            root.Add(new EvalCommand(evaluate, _options, terminal, cancellation));
        }

        if (services.Predict is { } predict)
        {
            root.Add(new PredictCommand(predict, _options, terminal, cancellation));
        }

        if (services.Cka is { } cka)
        {
            root.Add(new AnalyzeCommand(cka, _options, terminal, cancellation));
        }

        if (services.Import is { } import)
        {
            root.Add(new ImportCommand(import, _options, terminal));
        }

        if (services.Export is { } export)
        {
            root.Add(new ExportCommand(export, _options, terminal, cancellation));
        }

        if (services.DataCheck is { } dataCheck)
        {
            root.Add(new DataCommand(dataCheck, _options, terminal, cancellation));
        }

        if (services.Info is { } info)
        {
            root.Add(new InfoCommand(info, terminal));
        }

        if (services.Gradcheck is { } gradcheck)
        {
            root.Add(new GradcheckCommand(gradcheck, _options, terminal, cancellation));
        }

        if (services.Op is { } op)
        {
            root.Add(new OpCommand(op, _options, terminal));
        }

        foreach (Command command in Additions(_options, terminal))
        {
            root.Add(command);
        }

        return root;
    }

    private void ReportUsage(ParseResult result)
    {
        foreach (string message in result.Errors.Select(e => e.Message).Distinct())
        {
            terminal.Error.WriteLine($"error: {message}");
        }

        IEnumerable<string> names = result.RootCommandResult.Command.Subcommands.Select(c => c.Name)
            .Concat(result.RootCommandResult.Command.Options.Concat(result.CommandResult.Command.Options).Select(o => o.Name));
        IEnumerable<string> arguments = result.Tokens.Where(t => t.Type == TokenType.Argument).Select(t => t.Value);
        foreach (string token in result.UnmatchedTokens.Concat(arguments.Where(a => a.StartsWith("--", StringComparison.Ordinal))).Distinct())
        {
            if (NearestName.Of(token, names) is { } near)
            {
                terminal.Error.WriteLine($"did you mean {near}?");
            }
        }

        string command = "";
        for (CommandResult? at = result.CommandResult; at is { Command: not RootCommand }; at = at.Parent as CommandResult)
        {
            command = $" {at.Command.Name}{command}";
        }

        terminal.Error.WriteLine($"'heteroakd{command} --help' shows what there is");
    }
}
