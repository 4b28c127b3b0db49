using System.CommandLine;
using HeteroAKD.Experiments.Commands;

namespace HeteroAKD.Cli.Commands;

/// <summary><c>heteroakd data</c>: what is done with data sets.</summary>
internal sealed class DataCommand : Command
{
    public DataCommand(IDataCheckCommand check, CommonOptions options, Terminal terminal, CancellationToken cancellation)
        : base("data", "Look at data sets")
    {
        Add(new DataCheckCommand(check, options, terminal, cancellation));
    }
}
