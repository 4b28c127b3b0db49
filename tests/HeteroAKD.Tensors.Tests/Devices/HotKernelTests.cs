using System.Reflection;
using HeteroAKD.Kernels.Attention.Device;
using HeteroAKD.Kernels.Conv.Device;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Tiles;
using HeteroAKD.Tensors.Devices;
using HeteroAKD.Tensors.Tests.Devices.Gates;

namespace HeteroAKD.Tensors.Tests.Devices;

/// <summary>The kernels that networks spend their time in: that the sizes here reach each of them in each precision and tile, and what they consist of.</summary>
public sealed class HotKernelTests(GatedKernels kernels)
{
    private static readonly Type[] Tiles = [typeof(LargeTile), typeof(SmallTile)];
    private static readonly Type[] Precisions = [typeof(Fp32Math), typeof(Tf32Math), typeof(Bf16Math)];

    // Both sides and target of the products that operations launch: linear layers, matrix products and 1x1 convolutions, then convolutions with their gradients.
    private static readonly Type[][] Products =
    [
        [typeof(DepthMatrix), typeof(DepthMatrix), typeof(MatrixSink)],
        [typeof(DepthMatrix), typeof(LineMatrix), typeof(MatrixSink)],
        [typeof(LineMatrix), typeof(LineMatrix), typeof(MatrixSink)],
        [typeof(DepthMatrix), typeof(Patches), typeof(MapSink)],
        [typeof(DepthMatrix), typeof(BackPatches), typeof(MapSink)],
        [typeof(ImageLines), typeof(ImageLines), typeof(MatrixSink)],
        [typeof(ImageLines), typeof(PatchLines), typeof(MatrixSink)],
    ];

    private static readonly Type[] Attention = [typeof(FlashForwardKernel<>), typeof(FlashQueryGradientKernel<>), typeof(FlashKeyValueGradientKernel<>)];
    private static readonly Type[] Heads = [typeof(Head32), typeof(Head64)];

    /// <summary>A list written by hand: a kernel that no size here launches any more is missed.</summary>
    [Fact]
    public void Products_are_launched_with_every_tile_and_precision_and_attention_with_every_head()
    {
        IEnumerable<Type> expected =
        [
            .. from tile in Tiles from math in Precisions from product in Products select typeof(TiledProductKernel<,,,,>).MakeGenericType([tile, math, .. product]),
            .. from kernel in Attention from head in Heads select kernel.MakeGenericType(head),
        ];
        Assert.Empty(expected.Select(PtxDevice.EntryOf).Except(kernels.Launched.Keys).Select(KernelName.Of));
    }

    /// <summary>The other way round: a kernel with a block shape of its own, which somebody added, belongs in the table.</summary>
    [Fact]
    public void Kernels_consist_of_what_the_table_says()
    {
        HotKernels table = HotKernels.Read();
        List<string> names = [.. table.Rows.Select(row => row.Kernel).Union(kernels.Launched.Keys.Where(HasItsOwnBlock).Select(KernelName.Of))];
        if (AcceptMode.IsOn)
        {
            table.Write(names.Where(name => kernels.Entries.Any(entry => KernelName.Of(entry) == name)).Select(name => Found(table, name)));
            return;
        }

        List<string> differences = [];
        foreach (string name in names)
        {
            HotKernel? row = table.Rows.FirstOrDefault(r => r.Kernel == name);
            IReadOnlyList<int> counts = HotKernels.Count(PtxFlow.Of(kernels.Ptx(kernels.Find(name), GatedKernels.Capabilities[0])));
            if (row is null || !row.Counts.SequenceEqual(counts))
            {
                differences.Add($"expected {(row is null ? "no such line" : HotKernels.Format(row))}\n   found {HotKernels.Format(new(name, counts, row?.Registers ?? []))}");
            }
        }

        Assert.True(differences.Count == 0, $"hot-kernels.txt, columns {string.Join(' ', HotKernels.Columns.Select(c => c.Head))}:\n{string.Join('\n', differences)}\n{AcceptMode.Hint}.");
    }

    [Fact]
    public void Both_architectures_get_the_same_instructions() => Assert.All(HotKernels.Read().Rows, row =>
    {
        MethodInfo entry = kernels.Find(row.Kernel);
        IReadOnlyList<int>[] counts = [.. GatedKernels.Capabilities.Select(capability => HotKernels.Count(PtxFlow.Of(kernels.Ptx(entry, capability))))];
        Assert.All(counts, c => Assert.Equal(counts[0], c));
    });

    private static bool HasItsOwnBlock(MethodInfo entry) => entry.Name == nameof(DeviceEntry.Block);

    private HotKernel Found(HotKernels table, string name)
    {
        MethodInfo entry = kernels.Find(name);
        (Ptxas? tool, string problem) = Ptxas.Find();
        IReadOnlyList<int> registers = tool is not null && tool.Release == HotKernels.Release
            ? [.. GatedKernels.Capabilities.Select(capability => HotKernels.Ceiling(tool.Assemble(kernels.Ptx(entry, capability), capability).Registers))]
            : table.Rows.FirstOrDefault(row => row.Kernel == name)?.Registers is { Count: > 0 } before ? before
            : throw new InvalidOperationException($"'{name}' is new in hot-kernels.txt, which needs ptxas of CUDA {HotKernels.Release}: {(tool is null ? problem : $"this one is of {tool.Release}")}");
        return new(name, HotKernels.Count(PtxFlow.Of(kernels.Ptx(entry, GatedKernels.Capabilities[0]))), registers);
    }
}
