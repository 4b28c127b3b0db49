using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Memory;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Tests.Ops;

/// <summary>
/// Shapes with zeros, of other ranks or far too large, attributes at the ends of their types, labels of no class: each call is answered, or refused in a
/// sentence.
/// </summary>
public sealed class DegenerateCallTests : IDisposable
{
    private const long MostMemory = 64L << 20;

    // More of them, say 20000 of each operation, by the environment variable.
    private static readonly int s_calls = int.TryParse(Environment.GetEnvironmentVariable("HETEROAKD_RANDOM_CALLS"), out int calls) ? calls : 400;

    private readonly Device _device = Device.Open("cpu", 2);

    public DegenerateCallTests()
    {
        _device.Allocator.Guarded = true;
        _device.Allocator.Limit = MostMemory;
    }

    public static TheoryData<string> Operations => [.. OpTable.All.Select(row => row.Name)];

    public void Dispose() => _device.Dispose();

    [Theory]
    [MemberData(nameof(Operations))]
    public void Any_call_is_answered_or_refused_in_a_sentence(string operation)
    {
        OpRow row = OpTable.Find(operation);
        Random random = new(operation.Sum(c => c));
        Dictionary<string, RandomCall> smallest = [];  // a call for each kind of failure
        for (int i = 0; i < s_calls; i++)
        {
            RandomCall call = RandomCall.Draw(row, random);
            if (Problem(call) is { } problem && (!smallest.TryGetValue(problem, out RandomCall? known) || call.Size < known.Size))
            {
                smallest[problem] = call;
            }
        }

        Assert.True(smallest.Count == 0, string.Join('\n', smallest.Select(kind => $"{kind.Value}\n  {kind.Key}")));
    }

    // PyTorch's answers: nothing in, nothing out, and gradients of nothing are 0.
    [Theory]
    [InlineData("softmax", "", "2,0", "2,0")]
    [InlineData("log_softmax", "dim=1", "2,0,3,3", "2,0,3,3")]
    [InlineData("softmax", "dim=1", "0,3,4,4", "0,3,4,4")]
    [InlineData("layer_norm", "", "0,5|5|5", "0,5")]
    [InlineData("linear", "", "0,3|4,3|4", "0,4")]
    [InlineData("matmul", "", "2,0|0,3", "2,3")]
    [InlineData("linear", "", "2,0|4,0|4", "2,4")]
    [InlineData("attention", "", "2,0,4|2,3,8", "2,0,4")]
    [InlineData("conv2d", "", "0,2,5,5|3,2,3,3", "0,3,3,3")]
    [InlineData("conv2d", "padding=2", "1,2,5,0|3,2,3,3", "1,3,7,2")]
    [InlineData("drop_path", "", "0,3", "0,3")]
    [InlineData("argmax", "", "0,3,2,2", "0,2,2")]
    public void Nothing_in_nothing_out(string operation, string settings, string shapes, string expected)
    {
        using StepScope step = _device.BeginStep();
        OpRow row = OpTable.Find(operation);
        Tensor[] inputs = [.. shapes.Split('|').Select(text => Tensor.Full(_device, CallText.Shape(text), 1))];
        foreach (Tensor input in inputs)
        {
            input.RequiresGrad = row.Differentiable;
        }

        Tensor output = row.Invoke(CallText.Attributes(settings), inputs)[0].Value;
        Assert.Equal(CallText.Shape(expected), output.Shape);
        if (row.Differentiable)
        {
            _device.Tape.Backward(output, Tensor.Full(_device, output.Shape, 1));
            Assert.All(inputs, input => Assert.Equal(input.Shape, input.Grad!.Shape));
            Assert.All(inputs.Where(_ => output.Shape.Count == 0), input => Assert.All(input.Grad!.ToFloats(), g => Assert.Equal(0, g)));
        }
    }

    [Theory]
    [InlineData("layer_norm", "0,5|5|5", "0,5; 0; 0")]
    [InlineData("layer_norm", "2,0|0|0", "2,0; 2; 2")]
    [InlineData("max_pool2d", "0,3,4,4", "0,3,2,2; 0,3,2,2")]
    [InlineData("attention", "2,0,4|2,3,8", "2,0,4; 2,1,0")]
    [InlineData("batch_norm", "0,3,4,4|3|3|3|3", "0,3,4,4; 3; 3")]
    public void Further_results_are_there_too(string operation, string shapes, string expected)
    {
        using StepScope step = _device.BeginStep();
        Tensor[] inputs = [.. shapes.Split('|').Select(text => Tensor.Full(_device, CallText.Shape(text), 1))];
        Assert.Equal(
            expected.Split("; ").Select(CallText.Shape), OpTable.Find(operation).Invoke(CallText.Attributes(""), inputs).Select(result => result.Value.Shape));
    }

    // As where every pixel is ignored: a mean over no pixel is 0 here (docs/method.md), and teaches nothing.
    [Theory]
    [InlineData("cross_entropy", "", "0,3,2,2|0,2,2")]
    [InlineData("cross_entropy", "", "2,3,2,2|2,0,4")]
    [InlineData("cross_entropy", "", "2,3,0,2|2,0,4|3")]
    [InlineData("kd_loss", "", "0,3,2,2|0,3,4,4")]
    [InlineData("kd_loss", "where=teacher_right_nearby", "2,3,0,2|2,3,4,4|2,4,4")]
    [InlineData("heteroakd_loss", "", "0,3,2,2|0,3,4,4|0,8,8")]
    [InlineData("heteroakd_loss", "grid=label axis=spatial", "2,3,2,2|2,3,4,4|2,0,8|3")]
    [InlineData("heteroakd_loss", "axis=spatial detach=false", "2,3,2,0|2,3,4,4|2,8,8")]
    public void A_loss_over_no_pixel_is_0_and_so_is_its_gradient(string operation, string settings, string shapes)
    {
        using StepScope step = _device.BeginStep();
        OpRow row = OpTable.Find(operation);
        Tensor[] inputs =
        [
            .. shapes.Split('|').Select(
                (text, i) =>
                    row.Inputs[i].Integer ? Tensor.From(_device, CallText.Shape(text), new int[CallText.Shape(text).Count])
                        : Tensor.Full(_device, CallText.Shape(text), 1))
        ];
        inputs[0].RequiresGrad = true;
        Tensor output = row.Invoke(CallText.Attributes(settings), inputs)[0].Value;
        Assert.Equal([0], output.ToFloats());
        _device.Tape.Backward(output, Tensor.Full(_device, output.Shape, 1));
        Assert.All(inputs[0].Grad!.ToFloats(), g => Assert.Equal(0, g));
    }

    [Theory]
    [InlineData("drop_path", "", "", "drop_path: input: [] is a scalar; expected samples [N, ...]")]
    [InlineData("kd_loss", "", "1,3,2,2|1,3,2,2|2,2", "kd_loss: target: labels [2, 2] do not fit logits [1, 3, 2, 2]")]
    [InlineData("adaptive_avg_pool2d", "height=2147483647 width=2147483647", "1,2,4,4", "adaptive_avg_pool2d: output: [1, 2, 2147483647, 2147483647] is not "
        + "a shape of at most 2147483647 elements")]
    [InlineData("interpolate", "height=65536 width=65536", "1,1,2,2", "interpolate: output: [1, 1, 65536, 65536] is not a shape")]
    [InlineData("cross_entropy", "", "1,0,2,2|1,2,2", "cross_entropy: input: [1, 0, 2, 2] has no class")]
    [InlineData("cross_entropy", "", "1,3,0,2|1,2,2", "cross_entropy: input: [1, 3, 0, 2] has no pixel to be sampled onto 2 x 2")]
    [InlineData("heteroakd_loss", "", "1,3,2,2|1,3,2,2|1,0,2", "heteroakd_loss: target: [1, 0, 2] has no pixel to be sampled onto 2 x 2")]
    [InlineData("attention", "", "1,2,4|1,0,8", "attention: key_value: [1, 0, 8] has no key to ask")]
    public void What_cannot_be_is_said(string operation, string settings, string shapes, string message)
    {
        using StepScope step = _device.BeginStep();
        OpRow row = OpTable.Find(operation);
        Tensor[] inputs = CallText.Inputs(_device, row, shapes);
        Assert.StartsWith(
            message, Assert.ThrowsAny<HeteroAkdException>(() => row.Invoke(CallText.Attributes(settings), inputs)).Message, StringComparison.Ordinal);
    }

    private string? Problem(RandomCall call)
    {
        try
        {
            call.Run(_device);
            return null;
        }
        catch (HeteroAkdException e) when (e is not MemoryGuardException)
        {
            return e.Message.Contains(call.Row.Name, StringComparison.Ordinal) || e is OutOfDeviceMemoryException ? null : "does not name the operation";
        }
        catch (Exception e)
        {
            return $"{e.GetType().Name} at "
                + $"{string.Join(" <-",
                    (e.StackTrace ?? "").Split('\n').Take(4)
                        .Select(frame => frame.Split(" in ")[0].Replace("   at HeteroAKD.", " ", StringComparison.Ordinal)))}";
        }
    }
}
