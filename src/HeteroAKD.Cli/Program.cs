using HeteroAKD.Cli;

return new CommandLineApplication(CommandServices.Create(), Terminal.Standard()).Run(args);
