using System.Reflection;
using System.Text.RegularExpressions;
using HeteroAKD.Kernels.Attention.Device;
using HeteroAKD.Kernels.Conv.Device;
using HeteroAKD.Kernels.Gemm;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Kernels.Tiles;
using HeteroAKD.Tensors.Devices;
using HeteroAKD.Tensors.Tests.Devices.Gates;

namespace HeteroAKD.Tensors.Tests.Devices;

/// <summary>
/// The kernels that networks spend their time in: that the sizes here reach each of them in each precision and tile, and what they consist of.
/// </summary>
public sealed partial class HotKernelTests(GatedKernels kernels)
{
    private static readonly Type[] s_tiles = [typeof(LargeTile), typeof(SmallTile)];
    private static readonly Type[] s_precisions = [typeof(Fp32Math), typeof(Tf32Math), typeof(Bf16Math)];

    // Both sides and target of the products that operations launch: linear layers, matrix products and 1x1 convolutions, then convolutions with their
    // gradients.
    private static readonly Type[][] s_products =
    [
        [typeof(DepthMatrix<WholePieces>), typeof(DepthMatrix<WholePieces>), typeof(MatrixSink)],
        [typeof(DepthMatrix<WholePieces>), typeof(LineMatrix<WholePieces>), typeof(MatrixSink)],
        [typeof(LineMatrix<WholePieces>), typeof(LineMatrix<WholePieces>), typeof(MatrixSink)],
        [typeof(DepthMatrix<LoosePieces>), typeof(DepthMatrix<LoosePieces>), typeof(MatrixSink)],
        [typeof(DepthMatrix<LoosePieces>), typeof(LineMatrix<LoosePieces>), typeof(MatrixSink)],
        [typeof(LineMatrix<LoosePieces>), typeof(LineMatrix<LoosePieces>), typeof(MatrixSink)],
        [typeof(DepthMatrix<WholePieces>), typeof(Patches<FloatElement, ForwardWindow>), typeof(MapSink)],
        [typeof(DepthMatrix<WholePieces>), typeof(Patches<FloatElement, BackwardWindow>), typeof(MapSink)],
        [typeof(DepthMatrix<LoosePieces>), typeof(Patches<FloatElement, ForwardWindow>), typeof(MapSink)],
        [typeof(DepthMatrix<LoosePieces>), typeof(Patches<FloatElement, BackwardWindow>), typeof(MapSink)],
        [typeof(ImageLines<WholePieces>), typeof(ImageLines<WholePieces>), typeof(MatrixSink)],
        [typeof(ImageLines<WholePieces>), typeof(PatchLines<FloatElement>), typeof(MatrixSink)],
        [typeof(ImageLines<LoosePieces>), typeof(ImageLines<LoosePieces>), typeof(MatrixSink)],
        [typeof(ImageLines<LoosePieces>), typeof(PatchLines<FloatElement>), typeof(MatrixSink)],
    ];

    // The same with activations and their gradients as bf16 numbers, weights as floats; for precision bf16 alone.
    private static readonly Type[][] s_narrowProducts =
    [
        [typeof(DepthMatrix<WholeNarrowPieces>), typeof(DepthMatrix<WholePieces>), typeof(MatrixSink)],
        [typeof(DepthMatrix<WholeNarrowPieces>), typeof(LineMatrix<WholePieces>), typeof(MatrixSink)],
        [typeof(DepthMatrix<WholeNarrowPieces>), typeof(LineMatrix<WholeNarrowPieces>), typeof(MatrixSink)],
        [typeof(DepthMatrix<WholeNarrowPieces>), typeof(DepthMatrix<WholeNarrowPieces>), typeof(MatrixSink)],
        [typeof(LineMatrix<WholeNarrowPieces>), typeof(LineMatrix<WholeNarrowPieces>), typeof(MatrixSink)],
        [typeof(DepthMatrix<WholePieces>), typeof(LineMatrix<WholeNarrowPieces>), typeof(MatrixSink)],
        [typeof(LineMatrix<WholePieces>), typeof(LineMatrix<WholeNarrowPieces>), typeof(MatrixSink)],
        [typeof(DepthMatrix<WholePieces>), typeof(Patches<Bf16Element, ForwardWindow>), typeof(MapSink)],
        [typeof(DepthMatrix<WholePieces>), typeof(Patches<Bf16Element, BackwardWindow>), typeof(MapSink)],
        [typeof(ImageLines<WholeNarrowPieces>), typeof(ImageLines<WholeNarrowPieces>), typeof(MatrixSink)],
        [typeof(ImageLines<WholeNarrowPieces>), typeof(PatchLines<Bf16Element>), typeof(MatrixSink)],
    ];

    private static readonly Type[] s_attention = [typeof(FlashForwardKernel<>), typeof(FlashQueryGradientKernel<>), typeof(FlashKeyValueGradientKernel<>)];
    private static readonly Type[] s_heads = [typeof(Head32), typeof(Head64)];

    /// <summary>A list written by hand: a kernel that no size here launches any more is missed.</summary>
    [Fact]
    public void Products_are_launched_with_every_tile_and_precision_and_attention_with_every_head()
    {
        IEnumerable<Type> expected =
        [
            .. from tile in s_tiles from math in s_precisions from product in s_products
                select typeof(TiledProductKernel<,,,,>).MakeGenericType([tile, math, .. product]),
            .. from tile in s_tiles from product in s_narrowProducts
                select typeof(TiledProductKernel<,,,,>).MakeGenericType([tile, typeof(Bf16Math), .. product]),
            .. from kernel in s_attention from head in s_heads select kernel.MakeGenericType(head),
        ];
        Assert.Empty(expected.Select(PtxDevice.EntryOf).Except(kernels.Launched.Keys).Select(KernelName.Of));
    }

    /// <summary>The other way round: a kernel with a block shape of its own, which somebody added, belongs in the table.</summary>
    [Fact]
    public void Kernels_consist_of_what_the_table_says()
    {
        HotKernels table = HotKernels.Read();
        List<string> names = [.. table.Rows.Select(row => row.Kernel).Union(kernels.Launched.Keys.Where(BelongsInTheTable).Select(KernelName.Of))];
        if (AcceptMode.IsOn)
        {
            table.Write(names.Where(name => kernels.Entries.Any(entry => KernelName.Of(entry) == name)).Select(name => Found(table, name)));
            return;
        }

        List<string> differences = [];
        foreach (string name in names)
        {
            HotKernel? row = table.Rows.FirstOrDefault(r => r.Kernel == name);
            IReadOnlyList<int> counts = HotKernels.Count(PtxFlow.Of(kernels.Ptx(kernels.Find(name))));
            if (row is null || !row.Counts.SequenceEqual(counts))
            {
                differences.Add(
                    $"expected {(row is null ? "no such line" : HotKernels.Format(row))}\n   found "
                        + $"{HotKernels.Format(new(name, counts, row?.Registers ?? []))}");
            }
        }

        Assert.True(
            differences.Count == 0,
            $"hot-kernels.txt, columns {string.Join(' ', HotKernels.Columns.Select(c => c.Head))}:\n{string.Join('\n', differences)}\n{AcceptMode.Hint}.");
    }

    /// <summary>Which lets all other tests compile a kernel once. Of the many forms of a product one stands for all.</summary>
    [Fact]
    public void Both_architectures_get_the_same_text()
    {
        IEnumerable<MethodInfo> sample = HotKernels.Read().Rows
            .Select(row => kernels.Find(row.Kernel)).DistinctBy(entry => (entry.Name, KernelName.Definition(entry)));
        Assert.All(
            sample,
            entry =>
                Assert.All(
                    GatedKernels.Capabilities,
                    capability => Assert.Equal(WithoutNumbers(kernels.Ptx(entry)), WithoutNumbers(PtxDevice.Compile(entry, capability)))));
    }

    // Those that copy a float at a time stand in for sizes that are no multiples of four, which networks hardly have.
    private static bool BelongsInTheTable(MethodInfo entry) =>
        entry.Name == nameof(DeviceEntry.Block) && !KernelName.Of(entry).Contains("Loose", StringComparison.Ordinal);

    // Labels and names carry numbers that go up with everything that a process compiles.
    private static string WithoutNumbers(string ptx) => Number().Replace(ptx, "_N");

    private HotKernel Found(HotKernels table, string name)
    {
        MethodInfo entry = kernels.Find(name);
        (Ptxas? tool, string problem) = Ptxas.Find();
        IReadOnlyList<int> registers = tool is not null && tool.Release == HotKernels.Release
            ? [.. GatedKernels.Capabilities.Select(capability => HotKernels.Ceiling(tool.Assemble(kernels.Ptx(entry), capability).Registers))]
            : table.Rows.FirstOrDefault(row => row.Kernel == name)?.Registers is { Count: > 0 } before ? before
            : throw new InvalidOperationException(
                $"'{name}' is new in hot-kernels.txt, which needs ptxas of CUDA {HotKernels.Release}: "
                    + $"{(tool is null ? problem : $"this one is of {tool.Release}")}");
        return new(name, HotKernels.Count(PtxFlow.Of(kernels.Ptx(entry))), registers);
    }

    [GeneratedRegex(@"_\d+")]
    private static partial Regex Number();
}
