using HeteroAKD.Cuda.Tests.Runtime;
using HeteroAKD.Tensors.Checks;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Cuda.Tests.Cases;

/// <summary>The cases of every operation, values and gradients, by the PTX that a GPU would run: the checks and tolerances of the other devices.</summary>
public sealed class CudaCaseTests(EmulatedCard card, CudaDevices devices)
{
    public static TheoryData<string> Ops => new(OpTable.All.Select(row => row.Name));

    [Theory]
    [MemberData(nameof(Ops))]
    public void Operation(string op)
    {
        OpCase[] cases = [.. CaseTable.Of(OpTable.Find(op))];
        Assert.NotEmpty(cases);
        devices.Run(card, cuda =>
        {
            foreach (OpCase opCase in cases)
            {
                CaseChecks.Float32(cuda, devices.Cpu, opCase);
            }
        });
    }
}
