using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Devices;

namespace HeteroAKD.Nn.Tests.Models;

/// <summary>Names, order, lifetime and initial bits of a network's tensors: what checkpoints stand on.</summary>
public sealed class ModelStateTests : IDisposable
{
    private readonly Device _device = Device.Open("cpu", 1);

    public static TheoryData<string> AllNames => [.. ModelZoo.Names];

    public void Dispose() => _device.Dispose();

    [Theory]
    [MemberData(nameof(AllNames))]
    public void Names_are_unique_and_carried_by_the_tensors(string name)
    {
        using MetaDevice device = new();
        using SegmentationModel model = ModelZoo.Create(name, 5, device, seed: null);
        IReadOnlyList<StateEntry> state = model.State();
        Assert.Equal(state.Count, state.Select(e => e.Name).Distinct().Count());
        Assert.All(state, e => Assert.Equal(e.Name, e.Tensor.Name));
        Assert.All(state, e => Assert.NotEqual(e.IsBuffer, e.Tensor.RequiresGrad));
        Assert.Equal(state.Count, model.Parameters().Count + model.Buffers().Count);
    }

    [Fact]
    public void Names_of_a_checkpoint_stay_as_they_are()
    {
        using SegmentationModel model = ModelZoo.Create("tiny-mit-student", 11, _device, seed: null);
        string[] names = [.. model.State().Select(e => e.Name)];
        string[] stage =
        [
            "patch_embed.proj.weight", "patch_embed.proj.bias", "patch_embed.norm.weight", "patch_embed.norm.bias",
            "blocks.0.norm1.weight", "blocks.0.norm1.bias",
            "blocks.0.attn.q.weight", "blocks.0.attn.q.bias", "blocks.0.attn.kv.weight", "blocks.0.attn.kv.bias",
            "blocks.0.attn.proj.weight", "blocks.0.attn.proj.bias", "blocks.0.attn.sr.weight", "blocks.0.attn.sr.bias",
            "blocks.0.attn.norm.weight", "blocks.0.attn.norm.bias",
            "blocks.0.norm2.weight", "blocks.0.norm2.bias", "blocks.0.mlp.fc1.weight", "blocks.0.mlp.fc1.bias",
            "blocks.0.mlp.dwconv.weight", "blocks.0.mlp.dwconv.bias", "blocks.0.mlp.fc2.weight", "blocks.0.mlp.fc2.bias",
            "norm.weight", "norm.bias",
        ];
        string[] head =
        [
            "head.linear.0.weight", "head.linear.0.bias", "head.linear.1.weight", "head.linear.1.bias", "head.linear.2.weight", "head.linear.2.bias",
            "head.fuse.conv.weight", "head.fuse.bn.weight", "head.fuse.bn.bias", "head.fuse.bn.running_mean", "head.fuse.bn.running_var",
            "head.classifier.weight", "head.classifier.bias",
        ];
        IEnumerable<string> unreduced = stage.Where(n => !n.Contains("attn.sr") && !n.Contains("attn.norm"));
        string[] expected =
        [
            .. stage.Select(n => "encoder.stages.0." + n), .. stage.Select(n => "encoder.stages.1." + n), .. unreduced.Select(n => "encoder.stages.2." + n),
            .. head,
        ];
        Assert.Equal(expected, names);
    }

    [Theory]
    [InlineData("tiny-cnn-student", "encoder.stages.2.blocks.0.downsample.bn.running_var")]
    [InlineData("deeplabv3-resnet18", "encoder.layer4.1.conv2.conv.weight")]
    [InlineData("deeplabv3-resnet18", "aux_head.classifier.bias")]
    [InlineData("deeplabv3-mobilenetv2", "encoder.features.17.depthwise.conv.weight")]
    [InlineData("segformer-b0", "encoder.stages.0.blocks.1.attn.q.weight")]
    [InlineData("deeplabv3-mit-b4", "encoder.stages.2.blocks.26.mlp.dwconv.bias")]
    [InlineData("deeplabv3-resnet101", "encoder.layer3.22.conv3.bn.running_mean")]
    [InlineData("deeplabv3-resnet50", "encoder.layer1.0.downsample.conv.weight")]
    [InlineData("deeplabv3-resnet18", "encoder.stem.2.conv.weight")]
    [InlineData("pspnet-resnet18b", "encoder.stem.0.bn.weight")]
    [InlineData("pspnet-resnet18b", "head.reduce.3.conv.weight")]
    public void Networks_have_tensors_of_these_names(string name, string tensor)
    {
        using SegmentationModel model = ModelZoo.Create(name, 5, _device, seed: null);
        Assert.Contains(model.State(), e => e.Name == tensor);
    }

    [Theory]
    [InlineData("tiny-cnn-student")]
    [InlineData("tiny-mit-student")]
    public void The_same_seed_gives_the_same_bits_and_another_seed_others(string name)
    {
        using SegmentationModel first = ModelZoo.Create(name, 11, _device, seed: 7);
        using SegmentationModel second = ModelZoo.Create(name, 11, _device, seed: 7);
        using SegmentationModel other = ModelZoo.Create(name, 11, _device, seed: 8);
        Assert.Equal(Bits(first), Bits(second));
        Assert.NotEqual(Bits(first), Bits(other));
    }

    [Fact]
    public void Disposing_frees_every_tensor()
    {
        ModelZoo.Create("deeplabv3-mobilenetv2", 5, _device, seed: null).Dispose();
        _device.AssertNoLeak();
    }

    [Fact]
    public void A_step_does_not_own_parameters_made_while_it_is_open()
    {
        BuildInsideStep(out SegmentationModel model);
        Assert.All(model.State(), e => Assert.True(e.Tensor.IsAlive));
        model.Dispose();
        _device.AssertNoLeak();
    }

    [Fact]
    public void A_frozen_network_wants_no_gradients()
    {
        using SegmentationModel model = ModelZoo.Create("tiny-cnn-student", 5, _device, seed: null);
        model.RequireGrad(false);
        Assert.DoesNotContain(model.Parameters(), p => p.RequiresGrad);
        model.RequireGrad();
        Assert.All(model.Parameters(), p => Assert.True(p.RequiresGrad));
        Assert.DoesNotContain(model.Buffers(), b => b.RequiresGrad);
    }

    [Fact]
    public void An_unknown_name_is_answered_with_the_nearest()
    {
        HeteroAkdException e = Assert.Throws<HeteroAkdException>(() => ModelZoo.Create("tiny-cnn-studnet", 5, _device, 1));
        Assert.Contains("Did you mean 'tiny-cnn-student'?", e.Message);
        Assert.Contains("segformer-b0", e.Message);
        Assert.Throws<HeteroAkdException>(() => ModelZoo.Create("tiny-cnn-student", 0, _device, 1));
    }

    [Fact]
    public void Every_head_is_on_every_backbone()
    {
        string[] backbones = [.. ModelZoo.Names.Where(n => n.StartsWith("deeplabv3-", StringComparison.Ordinal)).Select(n => n["deeplabv3-".Length..])];
        Assert.Equal(
            [
                "resnet18", "resnet50", "resnet101", "resnet18b", "resnet20b", "resnet50b", "resnet101b", "mobilenetv2", "mit-b0", "mit-b1", "mit-b2", "mit-b3",
                "mit-b4", "mit-b5"
            ],
            backbones);
        Assert.All(backbones, backbone => Assert.Contains("pspnet-" + backbone, ModelZoo.Names));
    }

    [Fact]
    public void Families_are_known_without_building()
    {
        Assert.Equal(ModelFamily.Cnn, ModelZoo.FamilyOf("deeplabv3-resnet18"));
        Assert.Equal(ModelFamily.Transformer, ModelZoo.FamilyOf("tiny-mit-teacher"));
        Assert.Equal(ModelFamily.Transformer, ModelZoo.FamilyOf("deeplabv3-mit-b4"));
    }

    private static float[] Bits(SegmentationModel model) => [.. model.State().SelectMany(e => e.Tensor.ToFloats())];

    private void BuildInsideStep(out SegmentationModel model)
    {
        using (_device.BeginStep())
        {
            model = ModelZoo.Create("tiny-cnn-student", 5, _device, seed: null);
        }
    }
}
