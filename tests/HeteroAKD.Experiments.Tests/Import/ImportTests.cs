using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Nn.Encoders;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Weights.Import;

namespace HeteroAKD.Experiments.Tests.Import;

public sealed class ImportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Output => _folder.File("imported.safetensors");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_original_SegFormer_lands_whole()
    {
        StateDict source = PublishedModels.SegFormerB0(classes: 7);
        (Checkpoint imported, IReadOnlyList<string> lines) = Import(source.WriteTorch(_folder.File("segformer.b0.pth")), "segformer-b0");
        AssertSame(source, imported, "backbone.patch_embed1.proj.weight", "encoder.stages.0.patch_embed.proj.weight");
        AssertSame(source, imported, "backbone.patch_embed4.norm.bias", "encoder.stages.3.patch_embed.norm.bias");
        AssertSame(source, imported, "backbone.block3.1.attn.kv.weight", "encoder.stages.2.blocks.1.attn.kv.weight");
        AssertSame(source, imported, "backbone.block1.0.attn.norm.weight", "encoder.stages.0.blocks.0.attn.norm.weight");
        AssertSame(source, imported, "backbone.block2.1.mlp.dwconv.dwconv.weight", "encoder.stages.1.blocks.1.mlp.dwconv.weight");
        AssertSame(source, imported, "backbone.norm4.weight", "encoder.stages.3.norm.weight");
        AssertSame(source, imported, "decode_head.linear_c4.proj.weight", "head.linear.3.weight");
        AssertSame(source, imported, "decode_head.linear_fuse.conv.weight", "head.fuse.conv.weight");
        AssertSame(source, imported, "decode_head.linear_fuse.bn.running_var", "head.fuse.bn.running_var");
        AssertSame(source, imported, "decode_head.linear_pred.bias", "head.classifier.bias");
        Assert.Equal(new float[256], imported["model.head.fuse.conv.bias"].Floats.ToArray());
        Assert.Equal((7, ImportService.Role, 0), (imported.Info.Classes, imported.Info.Role, imported.Info.Step));
        Assert.Equal(new LayerNormEps(1e-6f, 1e-5f), imported.Info.LayerNormEps);
        Assert.Contains("epsilon of layer norms: 1E-06 in blocks, 1E-05 behind convolutions", lines);
        Assert.Contains("ignored     3: decode_head.conv_seg.weight, decode_head.conv_seg.bias, num_batches_tracked", lines);
    }

    [Fact]
    public void Keys_and_values_of_Hugging_Face_become_one_matrix()
    {
        StateDict source = PublishedModels.HuggingFaceB0(classes: 5);
        (Checkpoint imported, _) = Import(source.WriteSafeTensors(_folder.File("model.safetensors")), "segformer-b0");
        const string Self = "segformer.encoder.block.1.0.attention.self.";
        Assert.Equal(
            [.. source[Self + "key.weight"].Floats, .. source[Self + "value.weight"].Floats],
            imported["model.encoder.stages.1.blocks.0.attn.kv.weight"].Floats.ToArray());
        Assert.Equal(
            [.. source[Self + "key.bias"].Floats, .. source[Self + "value.bias"].Floats],
            imported["model.encoder.stages.1.blocks.0.attn.kv.bias"].Floats.ToArray());
        AssertSame(source, imported, Self + "query.weight", "encoder.stages.1.blocks.0.attn.q.weight");
        AssertSame(source, imported, Self + "layer_norm.weight", "encoder.stages.1.blocks.0.attn.norm.weight");
        AssertSame(source, imported, "segformer.encoder.block.3.1.layer_norm_2.bias", "encoder.stages.3.blocks.1.norm2.bias");
        AssertSame(source, imported, "segformer.encoder.block.3.1.attention.output.dense.weight", "encoder.stages.3.blocks.1.attn.proj.weight");
        AssertSame(source, imported, "segformer.encoder.block.0.1.mlp.dense2.weight", "encoder.stages.0.blocks.1.mlp.fc2.weight");
        AssertSame(source, imported, "segformer.encoder.patch_embeddings.2.layer_norm.weight", "encoder.stages.2.patch_embed.norm.weight");
        AssertSame(source, imported, "segformer.encoder.layer_norm.2.weight", "encoder.stages.2.norm.weight");
        AssertSame(source, imported, "decode_head.linear_c.1.proj.bias", "head.linear.1.bias");
        AssertSame(source, imported, "decode_head.batch_norm.running_mean", "head.fuse.bn.running_mean");
        AssertSame(source, imported, "decode_head.classifier.weight", "head.classifier.weight");
        Assert.Equal(new LayerNormEps(1e-5f, 1e-5f), imported.Info.LayerNormEps);
    }

    [Fact]
    public void The_one_attention_matrix_of_mmsegmentation_is_taken_apart()
    {
        StateDict source = PublishedModels.MmsegB0(classes: 5);
        string file = source.WriteTorch(_folder.File("mmseg.pth"));
        string error = Assert.Throws<WeightImportException>(() => Import(file, "segformer-b0", classes: 5)).Message;
        Assert.Contains("mmsegmentation's SegformerHead has a batch norm and a ReLU", error);
        Assert.Contains("--backbone-only takes it alone. Nothing was written", error);
        Assert.False(File.Exists(Output));
        (Checkpoint imported, IReadOnlyList<string> lines) = Import(file, "segformer-b0", classes: 5, backboneOnly: true);
        float[] weight = source["backbone.layers.2.1.1.attn.attn.in_proj_weight"].Floats.ToArray(); // [480, 160]
        Assert.Equal(weight[..(160 * 160)], imported["model.encoder.stages.2.blocks.1.attn.q.weight"].Floats.ToArray());
        Assert.Equal(weight[(160 * 160)..], imported["model.encoder.stages.2.blocks.1.attn.kv.weight"].Floats.ToArray());
        Assert.Equal(
            source["backbone.layers.2.1.1.attn.attn.in_proj_bias"].Floats[160..].ToArray(),
            imported["model.encoder.stages.2.blocks.1.attn.kv.bias"].Floats.ToArray());
        AssertSame(source, imported, "backbone.layers.0.1.0.ffn.layers.0.weight", "encoder.stages.0.blocks.0.mlp.fc1.weight");
        AssertSame(source, imported, "backbone.layers.0.1.0.ffn.layers.4.weight", "encoder.stages.0.blocks.0.mlp.fc2.weight");
        AssertSame(source, imported, "backbone.layers.1.0.projection.bias", "encoder.stages.1.patch_embed.proj.bias");
        AssertSame(source, imported, "backbone.layers.3.2.weight", "encoder.stages.3.norm.weight");
        Assert.Equal(LayerNormEps.Default, imported.Info.LayerNormEps);
        Assert.Contains("unexpected  0", lines);
    }

    [Fact]
    public void MobileNetV2_of_torchvision_is_a_backbone()
    {
        StateDict source = PublishedModels.MobileNetV2("", nested: true);
        (Checkpoint imported, IReadOnlyList<string> lines) = Import(
            source.WriteTorch(_folder.File("mobilenet_v2.pth")), "deeplabv3-mobilenetv2", classes: 3, backboneOnly: true);
        AssertSame(source, imported, "features.0.0.weight", "encoder.features.0.conv.weight");
        AssertSame(source, imported, "features.1.conv.0.0.weight", "encoder.features.1.depthwise.conv.weight");
        AssertSame(source, imported, "features.1.conv.2.running_mean", "encoder.features.1.project.bn.running_mean");
        AssertSame(source, imported, "features.17.conv.0.1.weight", "encoder.features.17.expand.bn.weight");
        AssertSame(source, imported, "features.17.conv.1.0.weight", "encoder.features.17.depthwise.conv.weight");
        AssertSame(source, imported, "features.17.conv.3.bias", "encoder.features.17.project.bn.bias");
        Assert.Contains("unexpected  0", lines);
        Assert.Contains(
            lines,
            l =>
                l.StartsWith("ignored ", StringComparison.Ordinal) && l.Contains("features.18.0.weight", StringComparison.Ordinal)
                    && l.Contains("classifier.1.bias", StringComparison.Ordinal));
    }

    [Fact]
    public void Names_of_torchvision_hold_for_every_ResNet()
    {
        TorchvisionMap map = new();
        HashSet<string> none = [];
        Assert.Equal(["conv1.weight"], map.SourceOf("encoder.stem.0.conv.weight", none)!.Names);
        Assert.Equal(["bn1.running_var"], map.SourceOf("encoder.stem.0.bn.running_var", none)!.Names);
        Assert.Equal(["layer3.22.conv3.weight"], map.SourceOf("encoder.layer3.22.conv3.conv.weight", none)!.Names);
        Assert.Equal(["layer4.2.bn2.bias"], map.SourceOf("encoder.layer4.2.conv2.bn.bias", none)!.Names);
        Assert.Equal(["layer1.0.downsample.0.weight"], map.SourceOf("encoder.layer1.0.downsample.conv.weight", none)!.Names);
        Assert.Equal(["layer1.0.downsample.1.weight"], map.SourceOf("encoder.layer1.0.downsample.bn.weight", none)!.Names);
        Assert.Null(map.SourceOf("encoder.stem.1.conv.weight", none));
        Assert.Equal(["stem.3.weight"], map.SourceOf("encoder.stem.1.conv.weight", new HashSet<string> { "stem.0.weight" })!.Names);
        Assert.Equal(["stem.7.bias"], map.SourceOf("encoder.stem.2.bn.bias", new HashSet<string> { "stem.0.weight" })!.Names);
        Assert.Equal(["classifier.0.convs.4.2.running_mean"], map.SourceOf("head.aspp.pooled.bn.running_mean", none)!.Names);
        Assert.Null(map.SourceOf("head.linear.0.weight", none));
    }

    [Fact]
    public void A_stem_of_another_form_is_reported_with_both_shapes()
    {
        string file = PublishedModels.ResNet18("", deepStem: false).WriteTorch(_folder.File("resnet18.pth"));
        string error = Assert.Throws<WeightImportException>(() => Import(file, "deeplabv3-resnet18", classes: 3, backboneOnly: true)).Message;
        Assert.Contains("encoder.stem.0.conv.weight from conv1.weight: [64, 3, 7, 7] in the file, [64, 3, 3, 3] in the model", error);
        Assert.Contains("encoder.stem.1.conv.weight: ResNet, MobileNetV2 and DeepLabV3 of torchvision has nothing like it", error);
        Assert.Contains("encoder.layer1.0.downsample.conv.weight from layer1.0.downsample.0.weight", error);
        Assert.DoesNotContain("--backbone-only takes it alone", error);
        Assert.False(File.Exists(Output));
        (Checkpoint imported, IReadOnlyList<string> lines) = Import(file, "deeplabv3-resnet18", classes: 3, backboneOnly: true, strict: false);
        Assert.Contains("mismatched  2", lines);
        Assert.Equal(Enumerable.Repeat(1f, 64), imported["model.encoder.layer1.0.downsample.bn.weight"].Floats.ToArray());
        Assert.All(imported["model.encoder.stem.1.conv.weight"].Floats.ToArray(), v => Assert.InRange(v, -1f, 1f));
    }

    [Fact]
    public void CIRKD_sees_blue_first_and_says_what_else_it_expects()
    {
        StateDict source = PublishedModels.WithDeepLabV3(PublishedModels.ResNet18("pretrained.", deepStem: true), 512, 19, auxiliary: true);
        (Checkpoint imported, IReadOnlyList<string> lines) = Import(source.WriteTorch(_folder.File("deeplabv3_resnet18.pth")), "deeplabv3-resnet18");
        AssertTurned(source, "pretrained.conv1.weight", imported, "encoder.stem.0.conv.weight");
        AssertSame(source, imported, "pretrained.conv3.weight", "encoder.stem.2.conv.weight");
        AssertSame(source, imported, "pretrained.bn2.running_mean", "encoder.stem.1.bn.running_mean");
        AssertSame(source, imported, "pretrained.layer2.0.downsample.1.bias", "encoder.layer2.0.downsample.bn.bias");
        AssertSame(source, imported, "head.aspp.b0.1.weight", "head.aspp.point.bn.weight");
        AssertSame(source, imported, "head.aspp.b3.block.0.weight", "head.aspp.atrous.2.conv.weight");
        AssertSame(source, imported, "head.aspp.b4.gap.2.running_var", "head.aspp.pooled.bn.running_var");
        AssertSame(source, imported, "head.aspp.project.0.weight", "head.aspp.project.conv.weight");
        AssertSame(source, imported, "head.block.1.bias", "head.conv.bn.bias");
        AssertSame(source, imported, "head.block.4.weight", "head.classifier.weight");
        AssertSame(source, imported, "auxlayer.block.4.bias", "aux_head.classifier.bias");
        Assert.Contains("unexpected  0", lines);
        Assert.Contains(lines, l => l.Trim().StartsWith("augmentation.mean: [0.48109", StringComparison.Ordinal));
        Assert.Contains("  evaluation.alignCorners: true", lines);
        Assert.True(ConfigurationReader.ReadText(imported.Info.Config, "checkpoint").Evaluation.AlignCorners);

        // What OpenCV and the subtraction of a mean make of an orange pixel, red first: 255·p - mean.
        AugmentationConfig augmentation = ConfigurationReader.ReadText(imported.Info.Config, "checkpoint").Augmentation;
        double[] pixel = [1, 0.5, 0];
        double[] expected = [255 - 122.67891434, 127.5 - 116.66876762, -104.00698793];
        Assert.Equal(expected, pixel.Select((p, c) => (p - augmentation.Mean[c]) / augmentation.Std[c]), (a, b) => Math.Abs(a - b) < 1e-9);
    }

    [Fact]
    public void PSPNet_of_CIRKD_lands_whole()
    {
        StateDict source = PublishedModels.WithPspNet(PublishedModels.ResNet18("pretrained.", deepStem: true), 19);
        (Checkpoint imported, IReadOnlyList<string> lines) = Import(source.WriteTorch(_folder.File("psp_resnet18.pth")), "pspnet-resnet18");
        AssertSame(source, imported, "head.psp.conv1.0.weight", "head.reduce.0.conv.weight");
        AssertSame(source, imported, "head.psp.conv4.1.running_var", "head.reduce.3.bn.running_var");
        AssertSame(source, imported, "head.block.0.weight", "head.conv.conv.weight");
        AssertSame(source, imported, "head.block.1.bias", "head.conv.bn.bias");
        AssertSame(source, imported, "head.classifier.bias", "head.classifier.bias");
        AssertSame(source, imported, "auxlayer.block.0.weight", "aux_head.conv.conv.weight");
        Assert.Equal(19, imported.Info.Classes);
        Assert.Contains("unexpected  0", lines);
    }

    [Fact]
    public void Backbones_leave_behind_only_what_they_are_known_to_have()
    {
        string whole = PublishedModels.WithDeepLabV3(
            PublishedModels.ResNet18("pretrained.", deepStem: true), 512, 19, auxiliary: true).WriteTorch(_folder.File("whole.pth"));
        Assert.Contains("unexpected  0", Import(whole, "pspnet-resnet18", classes: 3, backboneOnly: true).Lines);
        string imageNet = PublishedModels.ResNet18("", deepStem: false).WriteTorch(_folder.File("resnet18.pth"));
        Assert.Contains("unexpected  0", Import(imageNet, "deeplabv3-resnet18b", classes: 3, backboneOnly: true).Lines);
        StateDict mobile = PublishedModels.MobileNetV2("", nested: false)
            .Conv("features.18.0", 320, 1280, 1).BatchNorm("features.18.1", 1280).Linear("classifier.1", 1280, 1000);
        Assert.Contains("unexpected  0", Import(mobile.WriteTorch(_folder.File("mobile.pth")), "deeplabv3-mobilenetv2", classes: 3, backboneOnly: true).Lines);
    }

    [Fact]
    public void A_deeper_network_is_refused()
    {
        // What ResNet-34 has and ResNet-18 has not: every entry of the network is there.
        StateDict source = PublishedModels.ResNet18("", deepStem: false);
        source.Conv("layer1.2.conv1", 64, 64, 3).BatchNorm("layer1.2.bn1", 64).Conv("layer1.2.conv2", 64, 64, 3).BatchNorm("layer1.2.bn2", 64);
        string file = source.WriteTorch(_folder.File("resnet.pth"));
        string error = Assert.Throws<WeightImportException>(() => Import(file, "deeplabv3-resnet18b", classes: 3, backboneOnly: true)).Message;
        Assert.Contains("missing     0\nmismatched  0\nunexpected  10\n  layer1.2.conv1.weight [64, 64, 3, 3]", error);
        Assert.Contains("Name the network that the weights are for (--model)", error);
        Assert.False(File.Exists(Output));
        Assert.Contains("unexpected  10", Import(file, "deeplabv3-resnet18b", classes: 3, backboneOnly: true, strict: false).Lines);
    }

    [Fact]
    public void An_empty_classifier_does_not_tell_the_number_of_classes()
    {
        StateDict source = PublishedModels.WithDeepLabV3(PublishedModels.ResNet18("", deepStem: true), 512, 19, auxiliary: true);
        source.Remove("head.block.4.weight");
        string file = source.Add("head.block.4.weight", 3_000_000, 0).WriteTorch(_folder.File("empty.pth"));
        Assert.Contains("has no classifier to take over", Assert.Throws<WeightImportException>(() => Import(file, "deeplabv3-resnet18")).Message);
    }

    [Fact]
    public void The_file_to_write_is_checked_before_any_work()
    {
        string file = PublishedModels.Mit("", [32, 64, 160, 256], [2, 2, 2, 2]).WriteSafeTensors(_folder.File("mit.safetensors"));
        byte[] before = File.ReadAllBytes(file);
        Assert.Contains("is the file of weights itself; give another name", Refusal(file, Path.Combine(_folder.Path, ".", "mit.safetensors")));
        Assert.Equal(before, File.ReadAllBytes(file));
        Assert.Contains("there is no folder", Refusal("no such file", Path.Combine(_folder.Path, "none", "imported.safetensors")));

        string Refusal(string file, string output) => Assert.Throws<WeightImportException>(
            () => new ImportService().Run(new ImportRequest(file, "segformer-b0", 3, "", "", true, true, output, []))).Message;
    }

    [Theory]
    [InlineData("layer_norm_eps_blocks", "0", "an epsilon of layer norms is 0, which must be above 0")]
    [InlineData("layer_norm_eps_convolutions", "NaN", "an epsilon of layer norms is NaN")]
    [InlineData("mean", "[0.5]", "[0.5] are not 3 numbers")]
    [InlineData("std", "[0.5, ", "cannot be read")]
    [InlineData("classes", "many", "cannot be read")]
    [InlineData("model", null, "cannot be read")]
    public void Broken_metadata_of_an_export_is_refused(string key, string? value, string message)
    {
        ExportedWeights exported = new("segformer-b0", 3, LayerNormEps.Default, new InputNormalization([0.5, 0.5, 0.5], [1, 1, 1]));
        Dictionary<string, string> metadata = new(exported.Metadata());
        Assert.Equal(exported.LayerNormEps, ExportedWeights.Find("x", metadata)!.LayerNormEps);
        metadata.Remove(key);
        if (value is not null)
        {
            metadata[key] = value;
        }

        Assert.Contains(message, Assert.Throws<WeightImportException>(() => ExportedWeights.Find("x", metadata)).Message);
    }

    [Fact]
    public void CIRKD_on_MobileNetV2_and_as_SegFormer_lands_whole()
    {
        StateDict mobile = PublishedModels.WithDeepLabV3(PublishedModels.MobileNetV2("pretrained.net.", nested: false), 320, 4, auxiliary: false);
        (Checkpoint imported, _) = Import(mobile.WriteTorch(_folder.File("mobile.pth")), "deeplabv3-mobilenetv2");
        AssertTurned(mobile, "pretrained.net.features.0.0.weight", imported, "encoder.features.0.conv.weight");
        AssertSame(mobile, imported, "pretrained.net.features.1.conv.3.weight", "encoder.features.1.project.conv.weight");
        AssertSame(mobile, imported, "pretrained.net.features.9.conv.7.bias", "encoder.features.9.project.bn.bias");
        string withAuxiliary = mobile.Conv("auxlayer.block.0", 96, 24, 3).WriteTorch(_folder.File("mobile-aux.pth"));
        Assert.Contains(
            Import(withAuxiliary, "deeplabv3-mobilenetv2").Lines,
            l => l.StartsWith("ignored ", StringComparison.Ordinal) && l.Contains("auxlayer.block.0.weight", StringComparison.Ordinal));
        StateDict segformer = PublishedModels.CirkdSegFormerB0(classes: 4);
        (imported, _) = Import(segformer.WriteTorch(_folder.File("segformer.pth")), "segformer-b0");
        AssertTurned(segformer, "patch_embed1.proj.weight", imported, "encoder.stages.0.patch_embed.proj.weight");
        AssertSame(segformer, imported, "linear_fuse.0.bias", "head.fuse.conv.bias");
        AssertSame(segformer, imported, "linear_pred.weight", "head.classifier.weight");
        Assert.Equal(new LayerNormEps(1e-6f, 1e-5f), imported.Info.LayerNormEps);
    }

    [Fact]
    public void A_misspelt_name_is_reported_with_the_nearest_one()
    {
        StateDict source = PublishedModels.Mit("module.", [32, 64, 160, 256], [2, 2, 2, 2]);
        source.Remove("module.block1.0.attn.q.bias");
        source.Add("module.block1.0.attn.qq.bias", 32).Linear("module.head", 256, 1000);
        string file = source.WriteTorch(_folder.File("mit.pth"));
        string error = Assert.Throws<WeightImportException>(() => Import(file, "segformer-b0", classes: 3, backboneOnly: true)).Message;
        Assert.Contains("encoder.stages.0.blocks.0.attn.q.bias from block1.0.attn.q.bias; nearest in the file: block1.0.attn.qq.bias", error);
        Assert.Contains("module.block1.0.attn.qq.bias [32]; nearest wanted: block1.0.attn.q.bias", error);
        Assert.Contains("ignored     2: module.head.weight, module.head.bias", error);
    }

    [Fact]
    public void A_checkpoint_lends_its_backbone_to_another_number_of_classes()
    {
        string original = PublishedModels.HuggingFaceB0(classes: 5).WriteSafeTensors(_folder.File("model.safetensors"));
        (Checkpoint first, _) = Import(original, "segformer-b0");
        string kept = _folder.File("first.safetensors");
        File.Move(Output, kept);
        (Checkpoint second, _) = Import(kept, "segformer-b0", classes: 9, backboneOnly: true);
        Assert.Equal(first["model.encoder.stages.1.norm.bias"].Bytes, second["model.encoder.stages.1.norm.bias"].Bytes);
        Assert.Equal([9, 256, 1, 1], second["model.head.classifier.weight"].Sizes);
        Assert.Equal(first.Info.LayerNormEps, second.Info.LayerNormEps);
        using Device cpu = Device.Open("cpu", 1);
        using SegmentationModel model = ModelZoo.Create("segformer-b0", 9, cpu, seed: null);
        second.CopyTo(Checkpoint.ModelPrefix, model);
        Assert.Equal(new LayerNormEps(1e-5f, 1e-5f), model.LayerNormEps);
    }

    [Fact]
    public void The_head_starts_from_the_seed()
    {
        string file = PublishedModels.Mit("", [32, 64, 160, 256], [2, 2, 2, 2]).WriteTorch(_folder.File("mit.pth"));
        byte[] first = Import(file, "segformer-b0", classes: 3, backboneOnly: true).Checkpoint["model.head.linear.0.weight"].Bytes;
        byte[] again = Import(file, "segformer-b0", classes: 3, backboneOnly: true).Checkpoint["model.head.linear.0.weight"].Bytes;
        byte[] other = Import(file, "segformer-b0", classes: 3, backboneOnly: true, "seed=2").Checkpoint["model.head.linear.0.weight"].Bytes;
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
    }

    [Theory]
    [InlineData(float.NaN, "1 NaN")]
    [InlineData(float.NegativeInfinity, "1 infinite")]
    public void Weights_that_are_no_numbers_are_refused_everywhere(float value, string found)
    {
        StateDict source = PublishedModels.Mit("", [32, 64, 160, 256], [2, 2, 2, 2]);
        source["norm1.weight"].Bytes.AsSpan(4, 4).Clear();
        BitConverter.TryWriteBytes(source["norm1.weight"].Bytes.AsSpan(4), value);
        string expected = $"'norm1.weight' has {found} among 32 values";
        foreach (string file in new[] { source.WriteTorch(_folder.File("mit.pth")), source.WriteSafeTensors(_folder.File("mit.safetensors")) })
        {
            string error = Assert.Throws<WeightImportException>(() => Import(file, "segformer-b0", classes: 3, backboneOnly: true)).Message;
            Assert.Contains(expected, error, StringComparison.Ordinal);
            Assert.Contains("find another release of the weights", error, StringComparison.Ordinal);
        }

        Assert.False(File.Exists(Output));
    }

    [Fact]
    public void Too_little_of_a_network_is_an_accident()
    {
        string file = PublishedModels.ResNet18("", deepStem: false).WriteTorch(_folder.File("resnet18.pth"));
        string error = Assert.Throws<WeightImportException>(() => Import(file, "deeplabv3-mobilenetv2", classes: 3, backboneOnly: true, strict: false)).Message;
        Assert.Contains("fits deeplabv3-mobilenetv2 in 0 of ", error, StringComparison.Ordinal);
        Assert.Contains("too few for --no-strict", error, StringComparison.Ordinal);
        Assert.False(File.Exists(Output));
        string whole = PublishedModels.ResNet18("", deepStem: false).WriteTorch(_folder.File("resnet18.pth"));
        (_, IReadOnlyList<string> lines) = Import(whole, "deeplabv3-resnet18", classes: 3, backboneOnly: true, strict: false);
        Assert.Contains(
            lines, l => l.Trim().StartsWith("encoder.layer1", StringComparison.Ordinal) && l.EndsWith("19 of   25 entries", StringComparison.Ordinal));
    }

    [Fact]
    public void A_prefix_that_all_names_share_is_taken_off_and_said()
    {
        string file = PublishedModels.Mit("student.module.", [32, 64, 160, 256], [2, 2, 2, 2]).WriteTorch(_folder.File("mit.pth"));
        Assert.Contains("prefix 'student.module.' taken off all names that have it", Import(file, "segformer-b0", classes: 3, backboneOnly: true).Lines);
        string plain = PublishedModels.Mit("", [32, 64, 160, 256], [2, 2, 2, 2]).WriteTorch(_folder.File("plain.pth"));
        Assert.DoesNotContain(Import(plain, "segformer-b0", classes: 3, backboneOnly: true).Lines, l => l.StartsWith("prefix", StringComparison.Ordinal));
    }

    [Fact]
    public void Files_of_no_use_are_refused()
    {
        string odd = new StateDict().Add("w", 2).WriteSafeTensors(_folder.File("odd.safetensors"));
        Assert.Contains("names of no known code base, such as w. Known are heteroakd, huggingface, mmseg, cirkd, mit, torchvision", Refusal(odd, ""));
        Assert.Contains("no --from torchvison. Did you mean torchvision?", Refusal(odd, "torchvison"));
        string backbone = PublishedModels.Mit("", [32, 64, 160, 256], [2, 2, 2, 2]).WriteTorch(_folder.File("mit.pth"));
        Assert.Contains("has no classifier to take over", Refusal(backbone, ""));
        Assert.Contains("cannot be read", Refusal(_folder.File("nowhere.pth"), ""));

        string Refusal(string file, string from) => Assert.ThrowsAny<HeteroAkdException>(
            () => new ImportService().Run(new ImportRequest(file, "segformer-b0", 0, from, "", false, true, Output, []))).Message;
    }

    private (Checkpoint Checkpoint, IReadOnlyList<string> Lines) Import(
        string file, string model, int classes = 0, bool backboneOnly = false, params string[] overrides) =>
        Import(file, model, classes, backboneOnly, strict: true, overrides);

    private (Checkpoint Checkpoint, IReadOnlyList<string> Lines) Import(
        string file, string model, int classes, bool backboneOnly, bool strict, params string[] overrides)
    {
        IReadOnlyList<string> lines = new ImportService().Run(new ImportRequest(file, model, classes, "", "", backboneOnly, strict, Output, overrides));
        return (Checkpoint.Load(Output), lines);
    }

    private static void AssertSame(StateDict source, Checkpoint imported, string theirs, string ours) =>
        Assert.Equal(source[theirs].Floats.ToArray(), imported[Checkpoint.ModelPrefix + ours].Floats.ToArray());

    // [O, 3, K, K] with the three planes in reverse order.
    private static void AssertTurned(StateDict source, string theirs, Checkpoint imported, string ours)
    {
        int[] sizes = source[theirs].Sizes;
        int plane = sizes[2] * sizes[3];
        float[] expected =
        [
            .. Enumerable.Range(0, sizes[0] * 3 * plane).Select(
                i => source[theirs].Floats[(i / (3 * plane) * 3 * plane) + ((2 - (i / plane % 3)) * plane) + (i % plane)])
        ];
        Assert.Equal(expected, imported[Checkpoint.ModelPrefix + ours].Floats.ToArray());
    }
}
