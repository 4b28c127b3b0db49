using System.CommandLine;
using BenchmarkDotNet.Running;
using HeteroAKD.Bench.Micro;

namespace HeteroAKD.Bench;

/// <summary><c>bdn</c>: micro-benchmarks by BenchmarkDotNet, which takes the remaining words (<c>--filter *Launch*</c>, <c>--list flat</c>).</summary>
internal sealed class MicroCommand : Command
{
    /// <summary>Declares the command.</summary>
    /// <param name="words">The whole command line: BenchmarkDotNet parses its own options.</param>
    public MicroCommand(IReadOnlyList<string> words)
        : base("bdn", "Micro-benchmarks: managed cost of an operation, a launch, lane functions, the allocator. Options are BenchmarkDotNet's.")
    {
        TreatUnmatchedTokensAsErrors = false;
        SetAction(_ => BenchmarkSwitcher
            .FromAssembly(typeof(MicroCommand).Assembly)
            .Run(words.Count > 1 ? [.. words.Skip(1)] : ["--filter", "*"], new MicroConfig()));
    }
}
