using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Tests.Models;

/// <summary>Costs of networks against published figures and against sums by hand.</summary>
public sealed class ModelProfileTests
{
    // The published figures count the auxiliary head: 1985.9 and 512.6 GMAC run in evaluation.
    [Theory]
    [InlineData("deeplabv3-resnet101", 2063.3)]
    [InlineData("deeplabv3-resnet18", 517.5)]
    [InlineData("pspnet-resnet18", 488.5)]
    [InlineData("deeplabv3-mobilenetv2", 106.5)]
    public void Multiply_adds_on_a_whole_street_scene_are_the_true_ones(string name, double giga) =>
        Assert.Equal(giga, Math.Round(ModelProfile.Of(name, 19, 1024, 2048).Total.Macs / 1e9, 1));

    [Theory]
    [InlineData("deeplabv3-resnet18", "encoder.stem encoder.layer1 encoder.layer2 encoder.layer3 encoder.layer4 head.aspp head.conv head.classifier aux_head")]
    [InlineData("pspnet-mobilenetv2",
        "encoder.features.0 encoder.features.1-3 encoder.features.4-6 encoder.features.7-13 encoder.features.14-17 head.reduce head.conv head.classifier")]
    [InlineData("segformer-b0", "encoder.stages.0 encoder.stages.1 encoder.stages.2 encoder.stages.3 head.linear head.fuse head.classifier")]
    [InlineData("tiny-cnn-student", "encoder.stem encoder.stages.0 encoder.stages.1 encoder.stages.2 head.reduce head.conv head.classifier")]
    public void Stages_come_in_the_order_they_run(string name, string stages) =>
        Assert.Equal(stages, string.Join(' ', ModelProfile.Of(name, 19, 64, 64).Stages.Select(s => s.Name)));

    [Fact]
    public void A_stage_hands_on_what_the_network_says()
    {
        ModelProfile profile = ModelProfile.Of("deeplabv3-resnet50", 19, 64, 96);
        Shape[] expected =
        [
            new Shape(1, 128, 16, 24), new Shape(1, 256, 16, 24), new Shape(1, 512, 8, 12), new Shape(1, 1024, 8, 12), new Shape(1, 2048, 8, 12),
            new Shape(1, 256, 8, 12), new Shape(1, 256, 8, 12), new Shape(1, 19, 8, 12), new Shape(1, 19, 8, 12),
        ];
        Assert.Equal(expected, profile.Stages.Select(s => s.Output));
        Assert.Equal(new Shape(1, 19, 8, 12), profile.Total.Output);
    }

    [Fact]
    public void The_auxiliary_head_is_apart_from_evaluation()
    {
        ModelProfile profile = ModelProfile.Of("deeplabv3-resnet18", 19, 64, 64);
        Assert.Equal(13_607_974, profile.Total.Parameters);
        long parameters = (256 * 64 * 9) + (2 * 64) + (64 * 19) + 19;
        long macs = 64 * ((256 * 64 * 9) + (64 * 19));
        Assert.Equal(
            new StageProfile("aux_head", TrainingOnly: true, new Shape(1, 19, 8, 8), parameters, macs, 64 * (64 + 64 + 19) * sizeof(float)),
            profile.Stages[^1]);
        Assert.Equal((profile.Total.Parameters - parameters, profile.Total.Macs - macs), (profile.Evaluation.Parameters, profile.Evaluation.Macs));
    }

    // A convolution, then a normalisation with ReLU.
    [Fact]
    public void A_stem_costs_what_a_sum_by_hand_says()
    {
        StageProfile stem = ModelProfile.Of("tiny-cnn-student", 11, 32, 48).Stages[0];
        Assert.Equal(
            new StageProfile(
                "encoder.stem", TrainingOnly: false, new Shape(1, 16, 16, 24), (3 * 16 * 9) + 32, 16 * 16 * 24 * 3 * 9, 2 * 16 * 16 * 24 * sizeof(float)),
            stem);
    }

    // The first stage of tiny-mit-student at 64x64: 256 tokens of 24 channels, one block, keys and values from 4x4 = 16 tokens.
    [Fact]
    public void Tokens_and_both_products_of_attention_count()
    {
        const long Tokens = 16 * 16;
        const long Channels = 24;
        const long Embedding = Tokens * Channels * 3 * 7 * 7;
        const long Queries = Tokens * Channels * Channels;
        const long Reduction = 16 * Channels * Channels * 4 * 4;
        const long KeysAndValues = 16 * Channels * 2 * Channels;
        const long Products = 2 * Tokens * 16 * Channels;
        const long Projection = Tokens * Channels * Channels;
        const long FeedForward = (2 * Tokens * Channels * 4 * Channels) + (Tokens * 4 * Channels * 9);
        Assert.Equal(
            Embedding + Queries + Reduction + KeysAndValues + Products + Projection + FeedForward,
            ModelProfile.Of("tiny-mit-student", 11, 64, 64).Stages[0].Macs);
    }

    // The fullest moment of DeepLabV3 on ResNet-18 is in the deep stem: its last normalisation holds input and output of 128 channels at half the size each
    // way.
    [Fact]
    public void The_fullest_moment_is_found()
    {
        ModelProfile profile = ModelProfile.Of("deeplabv3-resnet18", 19, 256, 256);
        Assert.Equal(2L * 128 * 128 * 128 * sizeof(float), profile.PeakActivationBytes);
        Assert.True(profile.Evaluation.ActivationBytes > profile.PeakActivationBytes);
    }

    [Fact]
    public void What_does_not_go_through_is_refused()
    {
        Assert.Contains("there is no model 'resnet'", Assert.Throws<HeteroAkdException>(() => ModelProfile.Of("resnet", 19, 64, 64)).Message);
        Assert.Contains(
            "an image of 8x8 does not go through segformer-b0", Assert.Throws<HeteroAkdException>(() => ModelProfile.Of("segformer-b0", 19, 8, 8)).Message);
        Assert.Contains("2147483647 elements", Assert.Throws<HeteroAkdException>(() => ModelProfile.Of("deeplabv3-resnet18", 19, 65536, 65536)).Message);
    }
}
