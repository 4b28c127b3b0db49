namespace HeteroAKD.Experiments.Tests.Import;

/// <summary>
/// State dicts of published models, after the constructors of torchvision, mmsegmentation, transformers, NVlabs/SegFormer and winycg/CIRKD.
/// </summary>
internal static class PublishedModels
{
    private static readonly int[] s_ratios = [8, 4, 2, 1];

    /// <summary>MixVisionTransformer of NVlabs: <c>patch_embedN</c>, <c>blockN</c>, <c>normN</c>.</summary>
    public static StateDict Mit(string prefix, int[] dims, int[] depths)
    {
        StateDict state = new();
        for (int i = 0; i < 4; i++)
        {
            state.Conv($"{prefix}patch_embed{i + 1}.proj", i == 0 ? 3 : dims[i - 1], dims[i], i == 0 ? 7 : 3, bias: true);
            state.LayerNorm($"{prefix}patch_embed{i + 1}.norm", dims[i]);
        }

        for (int i = 0; i < 4; i++)
        {
            int dim = dims[i];
            for (int j = 0; j < depths[i]; j++)
            {
                string block = $"{prefix}block{i + 1}.{j}";
                state.LayerNorm($"{block}.norm1", dim)
                    .Linear($"{block}.attn.q", dim, dim).Linear($"{block}.attn.kv", dim, 2 * dim).Linear($"{block}.attn.proj", dim, dim);
                if (s_ratios[i] > 1)
                {
                    state.Conv($"{block}.attn.sr", dim, dim, s_ratios[i], bias: true).LayerNorm($"{block}.attn.norm", dim);
                }

                state.LayerNorm($"{block}.norm2", dim)
                    .Linear($"{block}.mlp.fc1", dim, 4 * dim).Conv($"{block}.mlp.dwconv.dwconv", 1, 4 * dim, 3, bias: true)
                    .Linear($"{block}.mlp.fc2", 4 * dim, dim);
            }

            state.LayerNorm($"{prefix}norm{i + 1}", dim);
        }

        return state;
    }

    /// <summary>SegFormer-B0 of NVlabs with its head.</summary>
    public static StateDict SegFormerB0(int classes)
    {
        int[] dims = [32, 64, 160, 256];
        StateDict state = Mit("backbone.", dims, [2, 2, 2, 2]).Conv("decode_head.conv_seg", 128, classes, 1, bias: true);
        for (int i = 3; i >= 0; i--)
        {
            state.Linear($"decode_head.linear_c{i + 1}.proj", dims[i], 256);
        }

        return state.Conv("decode_head.linear_fuse.conv", 1024, 256, 1)
            .BatchNorm("decode_head.linear_fuse.bn", 256).Conv("decode_head.linear_pred", 256, classes, 1, bias: true);
    }

    /// <summary>SegformerForSemanticSegmentation of transformers in the size of B0.</summary>
    public static StateDict HuggingFaceB0(int classes)
    {
        int[] dims = [32, 64, 160, 256];
        StateDict state = new();
        const string Encoder = "segformer.encoder";
        for (int i = 0; i < 4; i++)
        {
            state.Conv(
                $"{Encoder}.patch_embeddings.{i}.proj",
                i == 0 ? 3 : dims[i - 1],
                dims[i],
                i == 0 ? 7 : 3,
                bias: true).LayerNorm($"{Encoder}.patch_embeddings.{i}.layer_norm", dims[i]);
        }

        for (int i = 0; i < 4; i++)
        {
            int dim = dims[i];
            for (int j = 0; j < 2; j++)
            {
                string block = $"{Encoder}.block.{i}.{j}";
                state.LayerNorm($"{block}.layer_norm_1", dim);
                foreach (string part in new[] { "query", "key", "value" })
                {
                    state.Linear($"{block}.attention.self.{part}", dim, dim);
                }

                if (s_ratios[i] > 1)
                {
                    state.Conv($"{block}.attention.self.sr", dim, dim, s_ratios[i], bias: true).LayerNorm($"{block}.attention.self.layer_norm", dim);
                }

                state.Linear($"{block}.attention.output.dense", dim, dim).LayerNorm($"{block}.layer_norm_2", dim)
                    .Linear($"{block}.mlp.dense1", dim, 4 * dim).Conv(
                        $"{block}.mlp.dwconv.dwconv", 1, 4 * dim, 3, bias: true).Linear($"{block}.mlp.dense2", 4 * dim, dim);
            }
        }

        for (int i = 0; i < 4; i++)
        {
            state.LayerNorm($"{Encoder}.layer_norm.{i}", dims[i]);
        }

        for (int i = 0; i < 4; i++)
        {
            state.Linear($"decode_head.linear_c.{i}.proj", dims[i], 256);
        }

        return state.Conv("decode_head.linear_fuse", 1024, 256, 1)
            .BatchNorm("decode_head.batch_norm", 256).Conv("decode_head.classifier", 256, classes, 1, bias: true);
    }

    /// <summary>EncoderDecoder of mmsegmentation with MixVisionTransformer and SegformerHead in the size of B0.</summary>
    public static StateDict MmsegB0(int classes)
    {
        int[] dims = [32, 64, 160, 256];
        StateDict state = new();
        for (int i = 0; i < 4; i++)
        {
            int dim = dims[i];
            state.Conv(
                $"backbone.layers.{i}.0.projection", i == 0 ? 3 : dims[i - 1], dim, i == 0 ? 7 : 3, bias: true).LayerNorm($"backbone.layers.{i}.0.norm", dim);
            for (int j = 0; j < 2; j++)
            {
                string block = $"backbone.layers.{i}.1.{j}";
                state.LayerNorm($"{block}.norm1", dim)
                    .Add($"{block}.attn.attn.in_proj_weight", 3 * dim, dim).Add($"{block}.attn.attn.in_proj_bias", 3 * dim)
                    .Linear($"{block}.attn.attn.out_proj", dim, dim);
                if (s_ratios[i] > 1)
                {
                    state.Conv($"{block}.attn.sr", dim, dim, s_ratios[i], bias: true).LayerNorm($"{block}.attn.norm", dim);
                }

                state.LayerNorm($"{block}.norm2", dim)
                    .Conv($"{block}.ffn.layers.0", dim, 4 * dim, 1, bias: true).Conv($"{block}.ffn.layers.1", 1, 4 * dim, 3, bias: true)
                    .Conv($"{block}.ffn.layers.4", 4 * dim, dim, 1, bias: true);
            }

            state.LayerNorm($"backbone.layers.{i}.2", dim);
        }

        state.Conv("decode_head.conv_seg", 256, classes, 1, bias: true);
        for (int i = 0; i < 4; i++)
        {
            state.Conv($"decode_head.convs.{i}.conv", dims[i], 256, 1).BatchNorm($"decode_head.convs.{i}.bn", 256);
        }

        return state.Conv("decode_head.fusion_conv.conv", 1024, 256, 1).BatchNorm("decode_head.fusion_conv.bn", 256);
    }

    /// <summary>MobileNetV2 of torchvision; the blocks have nested convolutions. CIRKD's are flat and have no end.</summary>
    public static StateDict MobileNetV2(string prefix, bool nested)
    {
        StateDict state = new StateDict().Conv($"{prefix}features.0.0", 3, 32, 3).BatchNorm($"{prefix}features.0.1", 32);
        int inChannels = 32;
        int index = 1;
        foreach ((int expand, int channels, int blocks) in new[] { (1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1) })
        {
            for (int b = 0; b < blocks; b++)
            {
                string conv = $"{prefix}features.{index}.conv";
                int hidden = inChannels * expand;
                int part = 0;
                if (expand != 1)
                {
                    state.Conv(nested ? $"{conv}.0.0" : $"{conv}.0", inChannels, hidden, 1).BatchNorm(nested ? $"{conv}.0.1" : $"{conv}.1", hidden);
                    part = nested ? 1 : 3;
                }

                state.Conv(nested ? $"{conv}.{part}.0" : $"{conv}.{part}", 1, hidden, 3).BatchNorm(nested ? $"{conv}.{part}.1" : $"{conv}.{part + 1}", hidden);
                part += nested ? 1 : 3;
                state.Conv($"{conv}.{part}", hidden, channels, 1).BatchNorm($"{conv}.{part + 1}", channels);
                inChannels = channels;
                index++;
            }
        }

        return nested ? state.Conv("features.18.0", 320, 1280, 1).BatchNorm("features.18.1", 1280).Linear("classifier.1", 1280, 1000) : state;
    }

    /// <summary>ResNet-18 with CIRKD's stem of three convolutions, or torchvision's of one.</summary>
    public static StateDict ResNet18(string prefix, bool deepStem)
    {
        StateDict state = new();
        if (deepStem)
        {
            state.Conv($"{prefix}conv1", 3, 64, 3)
                .BatchNorm($"{prefix}bn1", 64).Conv($"{prefix}conv2", 64, 64, 3).BatchNorm($"{prefix}bn2", 64)
                .Conv($"{prefix}conv3", 64, 128, 3).BatchNorm($"{prefix}bn3", 128);
        }
        else
        {
            state.Conv($"{prefix}conv1", 3, 64, 7).BatchNorm($"{prefix}bn1", 64);
        }

        int inChannels = deepStem ? 128 : 64;
        for (int layer = 1; layer <= 4; layer++)
        {
            int channels = 32 << layer;
            for (int b = 0; b < 2; b++)
            {
                string block = $"{prefix}layer{layer}.{b}";
                state.Conv($"{block}.conv1", inChannels, channels, 3)
                    .BatchNorm($"{block}.bn1", channels).Conv($"{block}.conv2", channels, channels, 3).BatchNorm($"{block}.bn2", channels);
                if (b == 0 && inChannels != channels)
                {
                    state.Conv($"{block}.downsample.0", inChannels, channels, 1).BatchNorm($"{block}.downsample.1", channels);
                }

                inChannels = channels;
            }
        }

        return deepStem ? state : state.Linear("fc", 512, 1000);
    }

    /// <summary>Adds CIRKD's DeepLabV3 head of width 128, for ResNet-18 with the auxiliary one.</summary>
    public static StateDict WithDeepLabV3(StateDict state, int inChannels, int classes, bool auxiliary)
    {
        state.Conv("head.aspp.b0.0", inChannels, 128, 1).BatchNorm("head.aspp.b0.1", 128);
        for (int i = 1; i <= 3; i++)
        {
            state.Conv($"head.aspp.b{i}.block.0", inChannels, 128, 3).BatchNorm($"head.aspp.b{i}.block.1", 128);
        }

        state.Conv("head.aspp.b4.gap.1", inChannels, 128, 1)
            .BatchNorm("head.aspp.b4.gap.2", 128).Conv("head.aspp.project.0", 640, 128, 1).BatchNorm("head.aspp.project.1", 128);
        state.Conv("head.block.0", 128, 128, 3).BatchNorm("head.block.1", 128).Conv("head.block.4", 128, classes, 1, bias: true);
        return auxiliary ? WithAuxiliaryHead(state, inChannels, classes) : state;
    }

    /// <summary>Adds CIRKD's PSPNet head of width 128 for ResNet-18, and the auxiliary one.</summary>
    public static StateDict WithPspNet(StateDict state, int classes)
    {
        for (int i = 1; i <= 4; i++)
        {
            state.Conv($"head.psp.conv{i}.0", 512, 128, 1).BatchNorm($"head.psp.conv{i}.1", 128);
        }

        state.Conv("head.block.0", 1024, 128, 3).BatchNorm("head.block.1", 128).Conv("head.classifier", 128, classes, 1, bias: true);
        return WithAuxiliaryHead(state, 512, classes);
    }

    private static StateDict WithAuxiliaryHead(StateDict state, int inChannels, int classes) =>
        state.Conv("auxlayer.block.0", inChannels / 2, inChannels / 8, 3)
            .BatchNorm("auxlayer.block.1", inChannels / 8).Conv("auxlayer.block.4", inChannels / 8, classes, 1, bias: true);

    /// <summary>CIRKD's SegFormer-B0: everything at the root.</summary>
    public static StateDict CirkdSegFormerB0(int classes)
    {
        int[] dims = [32, 64, 160, 256];
        StateDict state = Mit("", dims, [2, 2, 2, 2]);
        for (int i = 3; i >= 0; i--)
        {
            state.Linear($"linear_c{i + 1}.proj", dims[i], 256);
        }

        return state.Conv("linear_fuse.0", 1024, 256, 1, bias: true).BatchNorm("linear_fuse.1", 256).Conv("linear_pred", 256, classes, 1, bias: true);
    }
}
