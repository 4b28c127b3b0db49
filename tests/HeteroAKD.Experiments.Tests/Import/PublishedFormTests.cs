using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Weights.Import;

namespace HeteroAKD.Experiments.Tests.Import;

/// <summary>
/// One network in every form that PyTorch's users save weights in (<c>tests/python/weight_forms.py</c>): imported to equal bits, or refused with a sentence
/// that helps whoever has nothing but the file.
/// </summary>
public sealed class PublishedFormTests : IDisposable
{
    private const string Model = "deeplabv3-mobilenetv2";

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, float[][]> _references = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_form_is_imported_to_equal_bits_or_refused_with_a_way_out()
    {
        Python.Require();
        Python.Script("weight_forms.py", _folder.Path);
        string[][] forms = [.. File.ReadLines(_folder.File("forms.tsv")).Select(line => line.Split('\t'))];
        Assert.True(forms.Length >= 40, $"{forms.Length} forms");
        string[] problems = [.. forms.Select(form => Problem(form[0], form[1], form[2], form[3])).OfType<string>()];
        Assert.Empty(problems);
    }

    private string? Problem(string name, string reference, string key, string message)
    {
        try
        {
            float[][] values = Values(name, key);
            if (message.Length > 0)
            {
                return $"{name}: imported, though it should be refused with '{message}'";
            }

            float[][] expected = _references.TryGetValue(reference, out float[][]? known) ? known : _references[reference] = Values(reference, "");
            return expected.Zip(values).All(p => p.First.AsSpan().SequenceEqual(p.Second)) ? null : $"{name}: other values than {reference}";
        }
        catch (HeteroAkdException e)
        {
            return message.Length > 0 && e.Message.Contains(message, StringComparison.Ordinal) ? null : $"{name}: {e.Message}";
        }
        finally
        {
            if (name is not ("plain.pth" or "half.pth" or "bfloat16.pth"))
            {
                File.Delete(_folder.File(name));
            }
        }
    }

    private float[][] Values(string name, string key)
    {
        using Device device = Device.Open("cpu", 1);
        using SegmentationModel model = ModelZoo.Create(Model, 3, device, seed: null);
        WeightImport import = WeightImport.Of(Checkpoint.ReadWeights(_folder.File(name), key).File);
        ImportReport report = import.CopyTo(model, backboneOnly: true);
        Assert.True(report.Complete, $"{name}: {string.Join('\n', report.Lines())}");
        return [.. model.State().Where(e => e.Name.StartsWith("encoder.", StringComparison.Ordinal)).Select(e => e.Tensor.ToFloats())];
    }
}
