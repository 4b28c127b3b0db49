using System.CommandLine;
using HeteroAKD.Bench;
using HeteroAKD.Bench.Whole;

RootCommand root = new("Benchmarks: against libtorch, and of single parts.")
{
    new PeersCommand(),
    new MicroCommand(args),
    new LoaderCommand(),
    new WholeCommand(),
};
return root.Parse(args.Length == 0 ? ["--help"] : args).Invoke();
