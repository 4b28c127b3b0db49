using HeteroAKD.Tensors.Checks;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Tests.Checks;

/// <summary>The cases of every operation on every accelerator that is there: the kernels that a GPU runs.</summary>
public sealed class AcceleratorCaseTests(TestDevices devices)
{
    // The simulator needs microseconds an element and a thread of the system for each thread of a block.
    private const int SimulatorElements = 256;

    public static TheoryData<string> Ops => new(OpTable.All.Select(row => row.Name));

    /// <summary>Where there is no GPU, one line says so instead of one for each operation.</summary>
    public static TheoryData<string> CudaOps => AcceleratorDevice.HasCuda ? Ops : new("every operation");

    [Theory]
    [MemberData(nameof(Ops))]
    public void OpenCL(string op) => Run(devices.OpenCL, CaseTable.Of(OpTable.Find(op)));

    [Theory]
    [MemberData(nameof(CudaOps))]
    public void Cuda(string op) => Run(devices.Cuda, CaseTable.Of(OpTable.Find(op)));

    [Theory]
    [MemberData(nameof(Ops))]
    public void Simulator(string op)
    {
        IEnumerable<OpCase> small = CaseTable.Of(OpTable.Find(op)).Where(c => c.Inputs.Sum(i => i.Shape.Count) <= SimulatorElements);
        Run(devices.Simulator, small);
    }

    private void Run(Device device, IEnumerable<OpCase> cases)
    {
        int ran = 0;
        foreach (OpCase opCase in cases)
        {
            CaseChecks.Float32(device, devices.Cpu, opCase);
            devices.Ran(opCase.Name, device);
            ran++;
        }

        Assert.True(ran > 0, "no case of the operation was run");
    }
}
