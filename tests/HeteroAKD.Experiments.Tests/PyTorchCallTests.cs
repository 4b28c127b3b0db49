using System.Globalization;
using HeteroAKD.Experiments.Tests.Import;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;
using HeteroAKD.Weights.Formats;

namespace HeteroAKD.Experiments.Tests;

/// <summary>
/// Random calls of operations, losses among them, against PyTorch's float64 (<c>tests/python/random_calls.py</c>): outputs and gradients may be off by three
/// times what PyTorch's own float32 is. <c>HETEROAKD_PYTORCH_CALLS</c> sets how many.
/// </summary>
public sealed class PyTorchCallTests : IDisposable
{
    private const int Usual = 430; // ten of each kind

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Outputs_and_gradients_are_PyTorchs()
    {
        Python.Require();
        int count = int.TryParse(Environment.GetEnvironmentVariable("HETEROAKD_PYTORCH_CALLS"), CultureInfo.InvariantCulture, out int asked) ? asked : Usual;
        string file = _folder.File("calls.pth");
        Python.Script("random_calls.py", count.ToString(CultureInfo.InvariantCulture), "1", file);
        ILookup<string, (string Name, HostTensor Tensor)> calls = TorchFile.Read(file).Tensors.Select(t => (At: t.Name.LastIndexOf('|'), Tensor: t))
            .ToLookup(t => t.Tensor.Name[..t.At], t => (t.Tensor.Name[(t.At + 1)..], t.Tensor));
        Assert.Equal(count, calls.Count);
        using Device device = Device.Open("cpu", 2);
        string[] problems = [.. calls.SelectMany(call => Problems(device, call.Key, call.ToDictionary(c => c.Name, c => c.Tensor)))];
        Assert.True(problems.Length == 0, string.Join('\n', problems.Take(20)));
    }

    private static IEnumerable<string> Problems(Device device, string call, Dictionary<string, HostTensor> given)
    {
        string[] parts = call.Split('|');
        OpRow row = OpTable.Find(parts[1]);
        Dictionary<string, string> attributes = parts[2]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(a => a.Split('=')).ToDictionary(a => a[0], a => a[1]);
        using StepScope step = device.BeginStep();
        Tensor?[] inputs = [.. row.Inputs.Select(i => given.TryGetValue(i.Name, out HostTensor? t) ? t.ToTensor(device) : null)];
        for (int i = 0; i < inputs.Length; i++)
        {
            if (inputs[i] is { } input && given.ContainsKey($"grad.{row.Inputs[i].Name}"))
            {
                input.RequiresGrad = true;
            }
        }

        Tensor output = row.Invoke(attributes, inputs)[0].Value;
        List<(string Name, float[] Found)> results = [("output", output.ToFloats())];
        device.Tape.Backward(output, Tensor.From(device, output.Shape, given["upstream"].ToFloats()));
        results.AddRange(
            row.Inputs.Zip(inputs).Where(p => p.Second is { RequiresGrad: true }).Select(p => ($"grad.{p.First.Name}", p.Second!.Grad!.ToFloats())));
        foreach ((string name, float[] found) in results)
        {
            float[] expected = given[name].ToFloats().ToArray();
            double scale = expected.Max(v => Math.Abs((double)v));
            double error = expected.Zip(found, (a, b) => Math.Abs((double)a - b)).Max() / (scale > 0 ? scale : 1);
            if (found.Length != expected.Length || !(error <= given[$"allowed.{name}"].Floats[0]))
            {
                yield return $"{call}: {name} is off by {error:G3}, allowed {given[$"allowed.{name}"].Floats[0]:G3}";
            }
        }
    }
}
