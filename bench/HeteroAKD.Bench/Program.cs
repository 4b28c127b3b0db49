using System.CommandLine;
using HeteroAKD.Bench;

RootCommand root = new("Benchmarks: against libtorch, and of single parts.") { new PeersCommand(), new MicroCommand(args), new LoaderCommand() };
return root.Parse(args.Length == 0 ? ["--help"] : args).Invoke();
