using HeteroAKD.Nn;
using HeteroAKD.Nn.Encoders;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Weights.Formats;

namespace HeteroAKD.Training.Tests.Checkpoints;

public sealed class CheckpointTests : IDisposable
{
    private static readonly CheckpointInfo s_info = new()
    {
        Model = "tiny-cnn-student",
        Role = "student",
        Classes = 3,
        Step = 12,
        DataPosition = 24,
        BestMetric = double.NaN,
        Config = "seed: 1\n",
    };

    private readonly TemporaryFolder _folder = new();
    private readonly Device _device = Device.Open("cpu", 1);

    private string File => Path.Combine(_folder.Path, "student-last.safetensors");

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void What_is_saved_comes_back()
    {
        SaveSmall();
        Checkpoint checkpoint = Checkpoint.Load(File);
        Assert.Equal(s_info, checkpoint.Info);
        Assert.Equal(["a", "b"], checkpoint.Names);
        using Tensor target = Tensor.Empty(_device, new Shape(2, 3));
        checkpoint.Copy("b", target);
        Assert.Equal([1f, -0f, float.Epsilon, 4, 5, float.MaxValue], target.ToFloats());
    }

    [Fact]
    public void Epsilons_of_layer_norms_travel_with_the_weights()
    {
        using SegmentationModel model = ModelZoo.Create("tiny-mit-student", 3, _device, seed: 1);
        using SegmentationModel loaded = ModelZoo.Create("tiny-mit-student", 3, _device, seed: null);
        float[] usual = Logits(model);
        model.LayerNormEps = new LayerNormEps(0.5f, 1e-6f);
        float[] blocks = Logits(model);
        model.LayerNormEps = new LayerNormEps(1e-6f, 0.5f);
        float[] convolutions = Logits(model);
        Assert.NotEqual(usual, blocks);
        Assert.NotEqual(usual, convolutions);
        Assert.NotEqual(blocks, convolutions);
        Checkpoint.Save(File, s_info with { LayerNormEps = model.LayerNormEps }, Checkpoint.Entries(Checkpoint.ModelPrefix, model));
        Checkpoint.Load(File).CopyTo(Checkpoint.ModelPrefix, loaded);
        Assert.Equal(convolutions, Logits(loaded));
    }

    [Theory]
    [InlineData("encoder.stem.conv.weight", float.NaN, "1 NaN")]
    [InlineData("encoder.stem.conv.weight", float.PositiveInfinity, "1 infinite")]
    [InlineData("encoder.stem.bn.running_var", -1f, "1 negative")]
    public void A_network_that_is_no_numbers_is_refused(string name, float value, string found)
    {
        using SegmentationModel model = ModelZoo.Create("tiny-cnn-student", 3, _device, seed: 1);
        Tensor tensor = model.State().Single(e => e.Name == name).Tensor;
        float[] values = tensor.ToFloats();
        values[3] = value;
        tensor.CopyFrom(values);
        Checkpoint.Save(File, s_info, Checkpoint.Entries(Checkpoint.ModelPrefix, model));
        AssertRefused(
            () => Checkpoint.Load(File).CreateModel(_device).Dispose(),
            $"is not fit for use: 'model.{name}' has {found} among",
            "Take another checkpoint of the run");
    }

    [Fact]
    public void Every_shorter_file_is_refused()
    {
        SaveSmall();
        byte[] whole = System.IO.File.ReadAllBytes(File);
        for (int length = 0; length < whole.Length; length++)
        {
            AssertDamaged(whole[..length]);
        }
    }

    [Fact]
    public void Every_flipped_byte_is_found()
    {
        SaveSmall();
        byte[] whole = System.IO.File.ReadAllBytes(File);
        for (int i = 0; i < whole.Length; i++)
        {
            byte[] flipped = [.. whole];
            flipped[i] ^= (byte)(1 << (i % 7));
            AssertDamaged(flipped);
        }
    }

    [Fact]
    public void Newer_layout_asks_for_an_update()
    {
        AtomicFile.Write(
            File, stream => SafeTensors.Write(stream, [], new Dictionary<string, string> { ["format"] = "heteroakd-checkpoint", ["version"] = "99" }));
        AssertRefused(() => Checkpoint.Load(File), "newer program (layout 99", "Update the program");
    }

    /// <summary>Projectors had no term's name before them; a run that was begun so goes on.</summary>
    [Fact]
    public void Projectors_of_earlier_layouts_get_the_name_of_their_term()
    {
        using Tensor weight = Tensor.Persistent(_device, new Shape(2));
        Checkpoint.Save(File, s_info, [("model.a", weight), ("projectors.teacher.conv.weight", weight)]);
        Assert.Equal(["model.a", "projectors.teacher.conv.weight"], Checkpoint.Load(File).Names);
        (List<HostTensor> tensors, Dictionary<string, string> metadata) = SafeTensors.Read(File);
        metadata["version"] = "1"; // the one without a checksum of the header
        AtomicFile.Write(File, stream => SafeTensors.Write(stream, tensors, metadata));
        Assert.Equal(["model.a", "projectors.heteroakd.teacher.conv.weight"], Checkpoint.Load(File).Names);
    }

    [Fact]
    public void Other_files_are_refused()
    {
        AssertRefused(() => Checkpoint.Load(File), "no such checkpoint", ".safetensors file");
        AtomicFile.Write(File, stream => SafeTensors.Write(stream, [HostTensor.Of("x", [1], [1f])]));
        AssertRefused(() => Checkpoint.Load(File), "no checkpoint of this program", "heteroakd train");
    }

    [Theory]
    [InlineData("student:\n  model: tiny-cnn-student\n", "a text file, such as a configuration")]
    [InlineData("\uFEFFseed: 1\n", "a text file, such as a configuration")]
    [InlineData("PK\u0003\u0004and what follows", "a ZIP archive, such as PyTorch's .pth")]
    [InlineData("GGUF\u0003\0\0\0\0\0\0", "a GGUF file")]
    public void A_file_of_another_kind_is_named(string content, string kind)
    {
        System.IO.File.WriteAllText(File, content);
        AssertRefused(() => Checkpoint.Load(File), $"is {kind}, not a checkpoint", "a .safetensors file that a run wrote");
    }

    [Fact]
    public void What_a_run_keeps_beside_its_weights_comes_back()
    {
        CheckpointInfo info = s_info with
        {
            Inputs = "classes\ta, b\n",
            Unfinished = true,
            Records = new Dictionary<string, string> { ["metrics.csv"] = "network,step,loss\n" },
        };
        using Tensor weight = Tensor.Persistent(_device, new Shape(2));
        Checkpoint.Save(File, info, [("model.a", weight)]);
        CheckpointInfo found = Checkpoint.Load(File).Info;
        Assert.Equal((info.Inputs, true, "network,step,loss\n"), (found.Inputs, found.Unfinished, found.Records["metrics.csv"]));
    }

    [Fact]
    public void Another_model_or_class_count_is_refused()
    {
        using SegmentationModel cnn = ModelZoo.Create("tiny-cnn-student", 3, _device, seed: 1);
        using SegmentationModel moreClasses = ModelZoo.Create("tiny-cnn-student", 4, _device, seed: 1);
        using SegmentationModel mit = ModelZoo.Create("tiny-mit-student", 3, _device, seed: 1);
        Checkpoint.Save(File, s_info, Checkpoint.Entries(Checkpoint.ModelPrefix, cnn));
        Checkpoint checkpoint = Checkpoint.Load(File);
        AssertRefused(() => checkpoint.CopyTo(Checkpoint.ModelPrefix, mit), "another model (tiny-cnn-student)", "Name the model");
        AssertRefused(() => checkpoint.CopyTo(Checkpoint.ModelPrefix, moreClasses), "tiny-cnn-student, 3 classes", "number of classes");
    }

    [Theory]
    [InlineData("classes", "0")]
    [InlineData("classes", "-1")]
    [InlineData("classes", "100000000")]
    [InlineData("classes", "3 ")]
    [InlineData("step", "-5")]
    [InlineData("step", "99999999999")]
    [InlineData("data_position", "-1")]
    [InlineData("data_position", "9223372036854775807")]
    [InlineData("best_metric", "1.5")]
    [InlineData("best_metric", "Infinity")]
    [InlineData("layer_norm_eps_blocks", "-1")]
    [InlineData("layer_norm_eps_blocks", "NaN")]
    [InlineData("layer_norm_eps_convolutions", "0")]
    [InlineData("layer_norm_eps_convolutions", "1e-60")]
    [InlineData("model", "")]
    [InlineData("role", "a\u001bb")]
    [InlineData("version", "0")]
    [InlineData("version", "-3")]
    [InlineData("version", "three")]
    public void Nonsense_in_the_metadata_is_named(string key, string value)
    {
        SaveSmall();
        Forge(metadata => metadata[key] = value);
        AssertRefused(() => Checkpoint.Load(File), $"its metadata says {key} {value}, which must be", "another checkpoint");
        Forge(metadata => metadata.Remove(key));
        AssertRefused(() => Checkpoint.Load(File), $"its metadata has no '{key}'", "another checkpoint");
    }

    [Theory]
    [InlineData("classes", "4", "the model wants [4")]
    [InlineData("classes", "65536", "the model wants [65536")]
    [InlineData("model", "tiny-mit-student", "another model")]
    [InlineData("model", "segformer-b5", "another model")]
    [InlineData("model", "mine", "the model 'mine', which this program does not have")]
    public void A_network_is_checked_against_its_tensors_before_it_has_memory(string key, string value, string problem)
    {
        using (SegmentationModel model = ModelZoo.Create("tiny-cnn-student", 3, _device, seed: 1))
        {
            Checkpoint.Save(File, s_info, Checkpoint.Entries(Checkpoint.ModelPrefix, model));
        }

        using (Checkpoint.Load(File).CreateModel(_device))
        {
        }

        Forge(metadata => metadata[key] = value);
        Checkpoint forged = Checkpoint.Load(File);
        long before = _device.Allocator.InUse;
        _device.Allocator.ResetPeak();
        AssertRefused(() => forged.CreateModel(_device), problem, "");
        Assert.Equal(before, _device.Allocator.Peak);
    }

    [Fact]
    public void A_training_shorter_than_its_checkpoint_is_refused()
    {
        SaveSmall();
        Checkpoint checkpoint = Checkpoint.Load(File);
        checkpoint.RequireWithin(12);
        AssertRefused(() => checkpoint.RequireWithin(8), "is at step 12, and its training has 8 steps", "at least 12 steps");
    }

    [Theory]
    [InlineData("/dev/zero", "a device")]
    [InlineData("/dev/null", "a device")]
    public void A_device_is_no_checkpoint(string path, string kind)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("only Linux is asked what a path leads to");
        }

        string link = Path.Combine(_folder.Path, "link.safetensors");
        System.IO.File.CreateSymbolicLink(link, path);
        string expected = $"it is {kind}, not a file";
        Assert.Contains(expected, Assert.Throws<CheckpointException>(() => Checkpoint.Load(link)).Message, StringComparison.Ordinal);
        Assert.Contains(expected, Assert.ThrowsAny<HeteroAkdException>(() => Checkpoint.ReadWeights(link)).Message, StringComparison.Ordinal);
        Assert.Contains(expected, Assert.ThrowsAny<HeteroAkdException>(() => TorchFile.Read(link)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Full_disk_leaves_the_earlier_checkpoint()
    {
        if (!System.IO.File.Exists("/dev/full"))
        {
            Assert.Skip("there is no /dev/full here, the device that is always full");
        }

        SaveSmall();
        System.IO.File.CreateSymbolicLink(AtomicFile.TemporaryPath(File), "/dev/full");
        StorageException error = Assert.Throws<StorageException>(SaveSmall);
        Assert.Contains("the disk is full; free some space or choose another --out; the earlier file is as it was", error.Message, StringComparison.Ordinal);
        Assert.Equal(s_info, Checkpoint.Load(File).Info);
        SaveSmall();
    }

    private float[] Logits(SegmentationModel model)
    {
        using NoGrad noGrad = new();
        using StepScope step = _device.BeginStep();
        float[] pixels = [.. Enumerable.Range(0, 3 * 32 * 32).Select(i => MathF.Sin(i))];
        return model.Forward(Tensor.From(_device, new Shape(1, 3, 32, 32), pixels), Pass.Evaluation).Logits.ToFloats();
    }

    private void SaveSmall()
    {
        using Tensor a = Tensor.From(_device, new Shape(1), [7f]);
        using Tensor b = Tensor.From(_device, new Shape(2, 3), [1f, -0f, float.Epsilon, 4, 5, float.MaxValue]);
        Checkpoint.Save(File, s_info, [("a", a), ("b", b)]);
    }

    // Changes metadata and repairs the checksum over it, as a program would that means to write it so.
    private void Forge(Action<Dictionary<string, string>> change)
    {
        (List<HostTensor> tensors, Dictionary<string, string> metadata) = SafeTensors.Read(File);
        change(metadata);
        metadata["sha256_header"] = Checkpoint.HashHeader(tensors, metadata);
        AtomicFile.Write(File, stream => SafeTensors.Write(stream, tensors, metadata));
    }

    private void AssertDamaged(byte[] content)
    {
        System.IO.File.WriteAllBytes(File, content);
        Assert.StartsWith(File, Assert.Throws<CheckpointException>(() => Checkpoint.Load(File)).Message, StringComparison.Ordinal);
    }

    private void AssertRefused(Action action, string problem, string remedy)
    {
        string message = Assert.Throws<CheckpointException>(action).Message;
        Assert.StartsWith(File, message, StringComparison.Ordinal);
        Assert.Contains(problem, message, StringComparison.Ordinal);
        Assert.Contains(remedy, message, StringComparison.Ordinal);
    }
}
