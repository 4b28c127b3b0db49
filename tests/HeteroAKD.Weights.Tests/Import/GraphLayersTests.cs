using HeteroAKD.Weights.Formats;
using HeteroAKD.Weights.Import;

namespace HeteroAKD.Weights.Tests.Import;

public sealed class GraphLayersTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_shortcut_comes_behind_its_block_wherever_it_stands_in_the_file(bool first)
    {
        OnnxBytes graph = new OnnxBytes().Layer("stem", "x", 3, 4, "s");
        graph = first ? graph.Layer("shortcut", "s", 4, 8, "c") : graph;
        graph = graph.Layer("conv1", "s", 4, 8, "a").Node("Relu", ["a"], "r").Layer("conv2", "r", 8, 8, "b");
        graph = first ? graph : graph.Layer("shortcut", "s", 4, 8, "c");
        Assert.Equal(["stem", "conv1", "conv2", "shortcut"], Names(graph.Node("Add", first ? ["c", "b"] : ["b", "c"], "z").Output("z")));
    }

    [Fact]
    public void Branches_that_are_joined_keep_the_order_of_the_join()
    {
        OnnxBytes graph = new OnnxBytes().Layer("long1", "x", 3, 4, "s").Layer("long2", "s", 4, 4, "t").Layer("short", "x", 3, 4, "u");
        Assert.Equal(["short", "long1", "long2"], Names(graph.Node("Concat", ["u", "t"], "z").Output("z")));
    }

    [Fact]
    public void A_left_out_output_is_nobodys_input()
    {
        OnnxBytes graph = new OnnxBytes().Layer("a", "x", 3, 4, "s").Node("Resize", ["s", ""], "t").Layer("b", "x", 3, 4, "u").Node("Odd", ["u"], "");
        Assert.Equal(["a"], Names(graph.Output("t")));
    }

    [Fact]
    public void What_no_output_needs_is_no_layer() =>
        Assert.Equal(["a"], Names(new OnnxBytes().Layer("a", "x", 3, 4, "y").Layer("b", "x", 3, 4, "unused").Output("y")));

    [Fact]
    public void Equal_parameters_that_are_stored_once_serve_both()
    {
        OnnxBytes graph = new OnnxBytes().Layer("a", "x", 2, 2, "y").Node("Identity", ["a.w"], "b.w").Node("Conv", ["y", "b.w"], "z").Output("z");
        Assert.Equal(["a", "a"], Names(graph));
    }

    [Fact]
    public void A_graph_of_any_depth_and_one_with_a_ring_are_walked()
    {
        OnnxBytes deep = new OnnxBytes().Layer("a", "x", 2, 2, "v0");
        for (int i = 0; i < 50_000; i++)
        {
            deep.Node("Relu", [$"v{i}"], $"v{i + 1}");
        }

        Assert.Equal(["a"], Names(deep.Output("v50000")));
        Assert.Equal(["a"], Names(new OnnxBytes().Layer("a", "ring", 2, 2, "y").Node("Relu", ["y"], "ring").Output("y")));
    }

    private IEnumerable<string> Names(OnnxBytes graph)
    {
        File.WriteAllBytes(_folder.File("x.onnx"), graph.File());
        return new GraphLayers(OnnxFile.Read(_folder.File("x.onnx"))).All.Select(l => l.Weight.Name[..^2]);
    }
}
