using HeteroAKD.Cli;

return DescriptorLimit.IsTooLow() ? ExitCode.Failure : Start(args);

// A method of its own: what it needs is loaded when it is entered, and each library takes descriptors.
static int Start(string[] args) => new CommandLineApplication(CommandServices.Create(), Terminal.Standard()).Run(args);
