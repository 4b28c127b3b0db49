using HeteroAKD.Experiments.Commands;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Checks;
using HeteroAKD.Tensors.Ops;
using HeteroAKD.Weights.Formats;

namespace HeteroAKD.Experiments.Tests.Commands;

/// <summary><c>heteroakd op</c> on files.</summary>
public sealed class OpServiceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Ops => new(OpTable.All.Select(row => row.Name));

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Ops))]
    public void A_case_of_every_operation_comes_out_of_files_as_it_does_directly(string op)
    {
        OpCase opCase = CaseTable.Of(OpTable.Find(op)).First(c => c.Inputs.Count > 1 || c.Inputs[0].Shape.Count > 1);
        CaseValues values = opCase.Values(3);
        using Device cpu = Device.Open("cpu", 1);
        IReadOnlyDictionary<string, double[]> expected = CaseRun.On(cpu, DType.Float64, opCase, values, gradients: true);
        List<HostTensor> file = [.. opCase.Inputs.Select(i => i.Numbers == CaseNumbers.Labels
            ? HostTensor.Of(i.Name, i.Shape.ToArray(), values.Labels(i.Name))
            : HostTensor.Of(i.Name, i.Shape.ToArray(), values[i.Name]))];
        bool gradients = opCase.Row.Differentiable;
        if (gradients)
        {
            int[] sizes = Run(opCase, file, gradients: false)["output"].Sizes;
            file.Add(HostTensor.Of("grad.output", sizes, values.Upstream(expected["output"].Length)));
        }

        Dictionary<string, HostTensor> written = Run(opCase, file, gradients);
        foreach ((string name, double[] numbers) in expected.Where(e => !opCase.Inputs.Any(i => i.Name == e.Key)))
        {
            Assert.Equal(numbers, Doubles(written[name]));
        }
    }

    [Fact]
    public void A_convolution_is_what_paper_and_pencil_give()
    {
        Write(
            HostTensor.Of("input", [1, 1, 2, 3], [1f, 2f, 3f, 4f, 5f, 6f]),
            HostTensor.Of("weight", [1, 1, 1, 2], [10f, 1f]),
            HostTensor.Of("grad.output", [1, 1, 2, 2], [1f, 2f, 3f, 4f]));
        IReadOnlyList<string> lines = new OpService().Run(Request("conv2d", gradients: true));
        Assert.Equal(["output [1, 1, 2, 2] F32", "grad.input [1, 1, 2, 3] F32", "grad.weight [1, 1, 1, 2] F32"], lines);
        Dictionary<string, HostTensor> written = Written();
        Assert.Equal([12, 23, 45, 56], Doubles(written["output"]));
        Assert.Equal([10, 21, 2, 30, 43, 4], Doubles(written["grad.input"]));
        Assert.Equal([1 + 4 + 12 + 20, 2 + 6 + 15 + 24], Doubles(written["grad.weight"]));
    }

    [Fact]
    public void The_result_does_not_replace_the_input()
    {
        Write(HostTensor.Of("input", [2], [1f, 2f]));
        Fails(Request("relu") with { Output = _folder.Path + "/./in.safetensors" }, "is a file that this command reads");
        Assert.Single(SafeTensors.Read(_folder.File("in.safetensors")).Tensors);
    }

    [Theory]
    [InlineData("U8")]
    [InlineData("I32")]
    [InlineData("I64")]
    public void Labels_may_be_of_any_integer_type_and_a_scalar_needs_no_upstream_gradient(string type)
    {
        int bytes = SafeTensors.ElementBytes(type);
        byte[] labels = new byte[2 * bytes];
        labels[bytes] = 1;
        Write(HostTensor.Of("input", [1, 2, 1, 2], [0f, 0f, 0f, 0f]), new HostTensor("target", type, [1, 1, 2], labels));
        new OpService().Run(Request("cross_entropy", gradients: true));
        Dictionary<string, HostTensor> written = Written();
        Assert.Equal(Math.Log(2), Doubles(written["output"])[0], 1e-7);
        Assert.Equal([-0.25, 0.25, 0.25, -0.25], Doubles(written["grad.input"]));
    }

    [Fact]
    public void Statistics_that_batch_norm_has_updated_are_written_too()
    {
        Write(
            HostTensor.Of("input", [2, 1], [1f, 3f]), HostTensor
                .Of("weight", [1], [1f]), HostTensor.Of("bias", [1], [0f]), HostTensor.Of("running_mean", [1], [0f]), HostTensor
                .Of("running_var", [1], [1f]));
        new OpService().Run(Request("batch_norm", attributes: ["training=true", "momentum=0.5"]));
        Assert.Equal([1.0], Doubles(Written()["running_mean"]));
        Assert.Equal([1.5], Doubles(Written()["running_var"]));
    }

    [Theory]
    [InlineData("relu", "weight", "relu takes no tensor 'weight'. It takes input, grad.output.")]
    [InlineData("linear", "input", "has no tensor 'weight' [O, I], which linear needs; it has input")]
    [InlineData("linear", "inputs", "linear takes no tensor 'inputs'. Did you mean 'input'?")]
    public void A_tensor_too_many_or_too_few_is_named(string op, string tensor, string message)
    {
        Write(HostTensor.Of(tensor, [1], [1f]));
        Fails(Request(op), message);
    }

    [Fact]
    public void Wrong_requests_are_named()
    {
        Write(HostTensor.Of("input", [1, 2], [1f, 2f]));
        Fails(Request("relo"), "there is no operation 'relo'. Did you mean 'relu'?");
        Fails(Request("relu", gradients: true), "has no tensor 'grad.output' [1, 2]; --grad needs it, as the output is no scalar");
        Fails(Request("softmax", attributes: ["dims=1"]), "softmax: no attribute 'dims'. Did you mean 'dim'?");
        Fails(Request("softmax", attributes: ["dim"]), "softmax: --set dim: an attribute is given once, as name=value");
        Fails(Request("softmax", attributes: ["dim=1", "dim=1"]), "an attribute is given once");
        Fails(Request("relu") with { Device = "tpu" }, "device 'tpu' is not available");
        Assert.False(File.Exists(_folder.File("out.safetensors")));
    }

    [Fact]
    public void Wrong_types_and_shapes_are_named()
    {
        Write(HostTensor.Of("input", [2], [1, 2]));
        Fails(Request("relu"), "relu: input holds I32, expected F32 or F64");
        Write(HostTensor.Of("input", [1, 1, 1, 1, 1], [1f]));
        Fails(Request("relu"), "relu: input has 5 dimensions; at most 4 are supported");
        Write(HostTensor.Of("input", [1, 2, 1, 1], [1f, 2f]), HostTensor.Of("target", [1, 1, 1], [1f]));
        Fails(Request("cross_entropy"), "cross_entropy: target holds F32, expected I32, I64 or U8");
        Write(HostTensor.Of("input", [1, 3, 1, 2], [1f, 2f, 3f, 4f, 5f, 6f]), HostTensor.Of("target", [1, 1, 2], [2, 7]));
        Fails(Request("cross_entropy"), "cross_entropy: target holds label 7, and input has 3 classes; beside them only ignore_index (-100) may stand");
        Write(HostTensor.Of("input", [1, 3, 1, 2], [1f, 2f, 3f, 4f, 5f, 6f]), HostTensor.Of("target", [1, 1, 2], [2, -1]));
        Fails(Request("cross_entropy"), "target holds label -1");
        Write(HostTensor.Of("input", [2], [1.0, 2.0]));
        Fails(Request("relu") with { Device = "ilgpu-cpu" }, "float64 runs on --device cpu only, not on 'ilgpu-cpu'");
        Write(HostTensor.Of("param", [1], [1f]), HostTensor.Of("grad", [1], [1f]));
        Fails(Request("adamw_step", gradients: true), "adamw_step has no gradient; run it without --grad");
        Write(HostTensor.Of("input", [2], [1f, 2f]), HostTensor.Of("grad.output", [3], [1f, 2f, 3f]));
        Fails(Request("relu", gradients: true), "'grad.output' is [3]; the output of relu is [2]");
    }

    [Fact]
    public void Broken_files_are_named_and_an_earlier_result_stays()
    {
        File.WriteAllText(_folder.File("out.safetensors"), "earlier");
        Fails(Request("relu"), "in.safetensors: cannot be read");
        Write(HostTensor.Of("input", [2], [1f, 2f]));
        byte[] whole = File.ReadAllBytes(_folder.File("in.safetensors"));
        File.WriteAllBytes(_folder.File("in.safetensors"), whole[..^1]);
        Fails(Request("relu"), "is cut short or broken: tensor 'input' F32 [2]");
        Assert.Equal("earlier", File.ReadAllText(_folder.File("out.safetensors")));
    }

    [Fact]
    public void The_list_tells_inputs_attributes_and_results()
    {
        IReadOnlyList<OpDescription> list = new OpService().List();
        Assert.Equal(OpTable.All.Select(row => row.Name), list.Select(d => d.Name));
        OpDescription entropy = list.Single(d => d.Name == "cross_entropy");
        Assert.Equal(["input [N, C, h, w]", "target [N, H, W] (integers)", "weight [C] (optional)"], entropy.Inputs);
        Assert.Equal(["ignore_index=-100", "label_smoothing=0", "align_corners=false (true or false)"], entropy.Attributes);
        Assert.Contains("reliability=bce (bce or softmax_ce)", list.Single(d => d.Name == "heteroakd_loss").Attributes);
        Assert.Contains("where=all (all or teacher_right or teacher_right_nearby)", list.Single(d => d.Name == "kd_loss").Attributes);
        Assert.Equal("output", entropy.Outputs[0]);
    }

    private Dictionary<string, HostTensor> Run(OpCase opCase, List<HostTensor> file, bool gradients)
    {
        Write([.. file]);
        new OpService().Run(Request(opCase.Row.Name, gradients, [.. opCase.Attributes.Select(a => $"{a.Key}={a.Value}")]));
        return Written();
    }

    private static double[] Doubles(HostTensor tensor) => tensor.DType switch
    {
        "F64" => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, double>(tensor.Bytes).ToArray(),
        "F32" => [.. tensor.Floats.ToArray().Select(v => (double)v)],
        _ => [.. tensor.ToInts().Select(v => (double)v)],
    };

    private void Fails(OpRequest request, string message) =>
        Assert.Contains(message, Assert.ThrowsAny<HeteroAkdException>(() => new OpService().Run(request)).Message);

    private OpRequest Request(string op, bool gradients = false, IReadOnlyList<string>? attributes = null) =>
        new(op, _folder.File("in.safetensors"), _folder.File("out.safetensors"), attributes ?? [], "cpu", gradients);

    private void Write(params HostTensor[] tensors)
    {
        using FileStream stream = File.Create(_folder.File("in.safetensors"));
        SafeTensors.Write(stream, tensors);
    }

    private Dictionary<string, HostTensor> Written() => SafeTensors.Read(_folder.File("out.safetensors")).Tensors.ToDictionary(t => t.Name);
}
