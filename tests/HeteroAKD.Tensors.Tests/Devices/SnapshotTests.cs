using HeteroAKD.Tensors.Tests.Devices.Gates;

namespace HeteroAKD.Tensors.Tests.Devices;

/// <summary>
/// The loops that kernels spend their time in, as text files in Snapshots: a change of the compiler or of a kernel shows as a difference, and the file's own
/// comment says why each change was made.
/// </summary>
public sealed class SnapshotTests(GatedKernels kernels)
{
    private const int LongestFile = 300;

    // To add one: a line here, and a run with HETEROAKD_ACCEPT_SNAPSHOTS=1; then write what it is into the file's first lines.
    private static readonly Dictionary<string, (string Kernel, LoopPart Part)> s_snapshots = new()
    {
        ["product-fp32"] = ("Block TiledProductKernel<LargeTile,Fp32Math,DepthMatrix<WholePieces>,LineMatrix<WholePieces>,MatrixSink>", LoopPart.Arithmetic),
        ["product-tf32"] = ("Block TiledProductKernel<LargeTile,Tf32Math,DepthMatrix<WholePieces>,LineMatrix<WholePieces>,MatrixSink>", LoopPart.Arithmetic),
        ["product-bf16"] = ("Block TiledProductKernel<LargeTile,Bf16Math,DepthMatrix<WholePieces>,LineMatrix<WholePieces>,MatrixSink>", LoopPart.Arithmetic),
        ["product-bf16-stored"] = (
            "Block TiledProductKernel<LargeTile,Bf16Math,DepthMatrix<WholePieces>,LineMatrix<WholeNarrowPieces>,MatrixSink>", LoopPart.Arithmetic),
        ["convolution-patches"] = (
            "Block TiledProductKernel<LargeTile,Tf32Math,DepthMatrix<WholePieces>,Patches<FloatElement,ForwardWindow>,MapSink>", LoopPart.Beginning),
        ["softmax-row"] = ("WideWarpRows RowSoftmaxKernel", LoopPart.Beginning),
        ["heteroakd-shared-scratch"] = ("SharedPixelSums GridLossKernel<HeteroAkdLoss<FixedParts>>", LoopPart.Beginning),
    };

    public static TheoryData<string> Names => new(s_snapshots.Keys);

    private static string Folder => RepositoryRoot.File("tests", "HeteroAKD.Tensors.Tests", "Devices", "Snapshots");

    [Theory]
    [MemberData(nameof(Names))]
    public void Hot_loop_is_what_it_was(string name)
    {
        (string kernel, LoopPart part) = s_snapshots[name];
        string path = Path.Combine(Folder, $"{name}.ptx");
        IReadOnlyList<string> found = HotLoop.Describe(kernel, PtxFlow.Of(kernels.Ptx(kernels.Find(kernel))), part);
        string[] before = File.Exists(path) ? File.ReadAllLines(path) : [];
        string[] comments = [.. before.TakeWhile(line => line.StartsWith('#'))];
        if (AcceptMode.IsOn)
        {
            File.WriteAllLines(path, [.. comments.Length > 0 ? comments : ["# what it is", "#", "# yyyy-mm-dd first version"], .. found]);
            return;
        }

        Assert.True(before.Length > 0, $"there is no {path}. {AcceptMode.Hint}.");
        Assert.True(comments.Length > 2, $"{path} does not begin with lines that say what it is and why it changed");
        Assert.True(before.Length <= LongestFile, $"{path} has {before.Length} lines, more than anybody would read");
        string[] expected = before[comments.Length..];
        int same = expected.Zip(found).TakeWhile(pair => pair.First == pair.Second).Count();
        string Line(IReadOnlyList<string> lines) => same < lines.Count ? lines[same] : "(the end)";
        Assert.True(
            same == expected.Length && same == found.Count,
            $"{name}.ptx, line {comments.Length + same + 1}\nexpected {Line(expected)}\n   found {Line(found)}\n{AcceptMode.Hint}.");
    }

    [Fact]
    public void No_file_is_left_over() => Assert.Empty(Directory.GetFiles(Folder).Select(Path.GetFileNameWithoutExtension).Except(s_snapshots.Keys));
}
