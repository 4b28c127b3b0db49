using System.Collections.Concurrent;
using System.Reflection;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Tensors.Devices;
using HeteroAKD.Tensors.Tests.Devices.Gates;

namespace HeteroAKD.Tensors.Tests.Devices;

/// <summary>
/// Kernels through NVIDIA's own assembler, the nearest thing to a GPU without one. Before this test existed, the PTX of every fused multiply-add named its
/// registers without <c>%</c>, which nothing else here noticed: no kernel with an fma would have loaded on a card.
/// </summary>
public sealed class PtxasTests(GatedKernels kernels)
{
    private const int RegistersOfABlock = 65_536;

    // What a block gets without asking for more; the dynamic part is asked for.
    private const int MostStaticShared = 48 << 10;

    // What a block of sm_80 can ask for; sm_90 has more.
    private const int MostShared = 163 << 10;

    // Another release of the assembler spills elsewhere; more than this is no matter of taste.
    private const int MostSpilledByAnotherRelease = 128;

    // Kernels that keep something in local memory because registers do not suffice: how many bytes of stack, stores and loads together, with the reason.
    private static readonly Dictionary<string, (int Bytes, string Reason)> s_spills = new()
    {
        ["Pixel AveragePoolGradientKernel on sm_90"] = (16, "two numbers outside of its loops, for room for one block more"),
        ["Block TiledProductKernel<SmallTile,Bf16Math,DepthMatrix<WholePieces>,LineMatrix<WholePieces>,MatrixSink> on sm_80"] = (
            16, "one number, for room for one block more: 72 registers instead of 74"),
    };

    [Fact]
    public void Kernels_assemble_and_fit_the_card()
    {
        (Ptxas? tool, string problem) = Ptxas.Find();
        Assert.SkipWhen(tool is null, problem);
        AssertRefusal(tool);
        Dictionary<string, HotKernel> table = HotKernels.Read().Rows.ToDictionary(row => row.Kernel);
        bool ofTable = tool.Release == HotKernels.Release;
        ConcurrentBag<string> problems = [];
        IEnumerable<(MethodInfo Entry, int Capability)> runs =
            from entry in kernels.Entries from capability in GatedKernels.Capabilities select (entry, capability);
        Parallel.ForEach(runs, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, run =>
        {
            string kernel = $"{KernelName.Of(run.Entry)} on sm_{run.Capability}";
            try
            {
                AssembledKernel made = tool.Assemble(kernels.Ptx(run.Entry), run.Capability);
                HotKernel? row = ofTable ? table.GetValueOrDefault(KernelName.Of(run.Entry)) : null;
                foreach (string found in Problems(kernel, run.Entry, made, ofTable, row?.Registers[GatedKernels.Capabilities.IndexOf(run.Capability)]))
                {
                    problems.Add($"{kernel} {found}");
                }
            }
            catch (InvalidOperationException e)
            {
                problems.Add($"{kernel}: {e.Message}");
            }
        });

        Assert.True(problems.IsEmpty, string.Join('\n', problems.Order(StringComparer.Ordinal)));
    }

    // Here, as every test that needs the tool is one more that skips without it.
    private void AssertRefusal(Ptxas tool)
    {
        string ptx = kernels.Ptx(typeof(DeviceEntry).GetMethod(nameof(DeviceEntry.Combine))!);
        string broken = ptx.Replace("add.f32\t%f", "add.f32\tf", StringComparison.Ordinal);
        Assert.NotEqual(ptx, broken);
        Assert.Contains("error", Assert.Throws<InvalidOperationException>(() => tool.Assemble(broken, 80)).Message);
    }

    private IEnumerable<string> Problems(string kernel, MethodInfo entry, AssembledKernel made, bool ofTable, int? mostRegisters)
    {
        // A variant that nothing here launches has the largest block that its entry point can get.
        LaunchShape shape = kernels.Launched.GetValueOrDefault(entry, new LaunchShape(1, DeviceGroup.MaxSize));
        int spilled = ofTable ? s_spills.GetValueOrDefault(kernel).Bytes : MostSpilledByAnotherRelease;
        if (made.SpilledBytes > spilled)
        {
            yield return $"keeps {made.SpilledBytes} bytes in local memory, more than the {spilled} that {nameof(PtxasTests)}.{nameof(s_spills)} has a "
                + "reason for";
        }

        if (ofTable && made.SpilledBytes < spilled)
        {
            yield return $"keeps {made.SpilledBytes} bytes in local memory, less than {nameof(PtxasTests)}.{nameof(s_spills)} allows: take that back";
        }

        if (made.Registers * shape.Threads > RegistersOfABlock)
        {
            yield return $"takes {made.Registers} registers for each of {shape.Threads} threads; a block has {RegistersOfABlock}";
        }

        if (made.SharedBytes > MostStaticShared || made.SharedBytes + shape.SharedBytes > MostShared)
        {
            yield return $"takes {made.SharedBytes} bytes of static and {shape.SharedBytes} of dynamic shared memory; a block has {MostStaticShared} of the "
                + $"former and {MostShared} in all";
        }

        if (made.Registers > mostRegisters && !AcceptMode.IsOn)
        {
            yield return $"takes {made.Registers} registers, more than the {mostRegisters} of hot-kernels.txt. {AcceptMode.Hint}";
        }
    }
}
