"""The networks of the training steps in PyTorch, layer by layer those of src/HeteroAKD.Nn, with PyTorch's own initial values."""

import torch
import torch.nn.functional as F
from torch import nn

# Of rows.json's networks and classes: a mistake in a layer shows here.
PARAMETERS = {("tiny-cnn-student", 11): 89523, ("tiny-mit-student", 11): 244667, ("segformer-b0", 19): 3719283, ("deeplabv3-resnet18", 19): 13607974}


class ConvBn(nn.Module):
    """Convolution, batch norm, perhaps a residual, ReLU; in place where PyTorch's own networks do so."""

    def __init__(self, inputs, outputs, kernel, stride=1, dilation=1, relu=True, bias=False):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, dilation * (kernel // 2), dilation, bias=bias)
        self.bn = nn.BatchNorm2d(outputs)
        self.relu = relu

    def forward(self, x, residual=None):
        y = self.bn(self.conv(x))
        y = y if residual is None else y.add_(residual)
        return y.relu_() if self.relu else y


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with a shortcut."""

    def __init__(self, inputs, outputs, stride=1, dilation1=1, dilation2=1):
        super().__init__()
        self.conv1 = ConvBn(inputs, outputs, 3, stride, dilation1)
        self.conv2 = ConvBn(outputs, outputs, 3, 1, dilation2)
        self.downsample = ConvBn(inputs, outputs, 1, stride, relu=False) if stride != 1 or inputs != outputs else None

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        return self.conv2(self.conv1(x), shortcut)


def resize(x, target, align_corners=False):
    """Bilinear resize to the size of another map; the map itself where it has that size."""
    size = target.shape[-2:]
    return x if x.shape[-2:] == size else F.interpolate(x, size=size, mode="bilinear", align_corners=align_corners)


class TinyCnn(nn.Module):
    """Strided stem, three stages of one basic block, pyramid head."""

    def __init__(self, classes, stem=16, channels=(24, 32, 48), width=32):
        super().__init__()
        self.stem = ConvBn(3, stem, 3, 2)
        last = [stem, *channels[:-1]]
        self.stages = nn.ModuleList(BasicBlock(last[s], channels[s], 1 if s == 2 else 2, 2 if s == 2 else 1, 1) for s in range(3))
        quarter = channels[-1] // 4
        self.reduce = nn.ModuleList(ConvBn(channels[-1], quarter, 1) for _ in range(3))
        self.conv = ConvBn(channels[-1] + 3 * quarter, width, 3)
        self.classifier = nn.Conv2d(width, classes, 1)

    def forward(self, images):
        x = self.stem(images)
        for stage in self.stages:
            x = stage(x)
        pooled = [resize(layer(F.adaptive_avg_pool2d(x, bins)), x) for layer, bins in zip(self.reduce, (1, 2, 4))]
        return self.classifier(self.conv(torch.cat([x, *pooled], 1))), None


class ResNetDeepLab(nn.Module):
    """DeepLabV3 on a dilated ResNet-18 with three convolutions as stem, output stride 8, with the auxiliary head."""

    def __init__(self, classes, width=128):
        super().__init__()
        self.stem = nn.Sequential(ConvBn(3, 64, 3, 2), ConvBn(64, 64, 3), ConvBn(64, 128, 3))
        stages, channels = [], 128
        for outputs, stride, dilation in ((64, 1, 1), (128, 2, 1), (256, 1, 2), (512, 1, 4)):
            first = BasicBlock(channels, outputs, stride, max(1, dilation // 2), dilation)
            stages.append(nn.Sequential(first, BasicBlock(outputs, outputs, 1, dilation, dilation)))
            channels = outputs
        self.stages = nn.ModuleList(stages)
        self.point = ConvBn(512, width, 1)
        self.atrous = nn.ModuleList(ConvBn(512, width, 3, 1, rate) for rate in (12, 24, 36))
        self.pooled = ConvBn(512, width, 1)
        self.project = ConvBn(5 * width, width, 1)
        self.conv = ConvBn(width, width, 3)
        self.classifier = nn.Conv2d(width, classes, 1)
        self.aux_conv = ConvBn(256, 64, 3)
        self.aux_classifier = nn.Conv2d(64, classes, 1)

    def forward(self, images):
        x = F.max_pool2d(self.stem(images), 3, 2, 1)
        third = x
        for stage in self.stages:
            third, x = x, stage(x)
        average = resize(self.pooled(F.adaptive_avg_pool2d(x, 1)), x, align_corners=True)
        pyramid = self.project(torch.cat([self.point(x), *(layer(x) for layer in self.atrous), average], 1))
        logits = self.classifier(F.dropout(self.conv(F.dropout(pyramid, 0.5, self.training)), 0.1, self.training))
        auxiliary = self.aux_classifier(F.dropout(self.aux_conv(third), 0.1, self.training)) if self.training else None
        return logits, auxiliary


class Attention(nn.Module):
    """SegFormer's attention: keys and values from a map that a strided convolution has reduced."""

    def __init__(self, channels, heads, ratio):
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(channels, channels)
        self.kv = nn.Linear(channels, 2 * channels)
        self.proj = nn.Linear(channels, channels)
        self.sr = nn.Conv2d(channels, channels, ratio, ratio) if ratio > 1 else None
        self.norm = nn.LayerNorm(channels, 1e-6) if ratio > 1 else None

    def forward(self, tokens, height, width):
        source = tokens
        if self.sr is not None:
            source = self.norm(to_tokens(self.sr(to_map(tokens, height, width))))
        return self.proj(attention(self.q(tokens), self.kv(source), self.heads))


class MixBlock(nn.Module):
    """Attention and a feed-forward part with a depth-wise convolution, each with stochastic depth."""

    def __init__(self, channels, heads, ratio, drop):
        super().__init__()
        self.drop = drop
        self.norm1 = nn.LayerNorm(channels, 1e-6)
        self.attn = Attention(channels, heads, ratio)
        self.norm2 = nn.LayerNorm(channels, 1e-6)
        self.fc1 = nn.Linear(channels, 4 * channels)
        self.dwconv = nn.Conv2d(4 * channels, 4 * channels, 3, 1, 1, groups=4 * channels)
        self.fc2 = nn.Linear(4 * channels, channels)

    def forward(self, tokens, height, width):
        tokens = tokens + self.drop_path(self.attn(self.norm1(tokens), height, width))
        hidden = to_map(self.fc1(self.norm2(tokens)), height, width)
        return tokens + self.drop_path(self.fc2(F.gelu(to_tokens(self.dwconv(hidden)))))

    def drop_path(self, x):
        if not self.training or self.drop == 0:
            return x
        mask = torch.empty((x.shape[0], 1, 1), dtype=x.dtype, device=x.device).bernoulli_(1 - self.drop)
        return x * mask.div_(1 - self.drop)


class MixTransformer(nn.Module):
    """SegFormer's encoder."""

    def __init__(self, channels, depths, heads, ratios, drop):
        super().__init__()
        self.embeddings, self.first_norms, self.blocks, self.norms = nn.ModuleList(), nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        last, block, total = 3, 0, sum(depths)
        for stage, width in enumerate(channels):
            kernel, stride = (7, 4) if stage == 0 else (3, 2)
            self.embeddings.append(nn.Conv2d(last, width, kernel, stride, kernel // 2))
            self.first_norms.append(nn.LayerNorm(width, 1e-6))
            drops = [drop * (block + b) / (total - 1) for b in range(depths[stage])]
            self.blocks.append(nn.ModuleList(MixBlock(width, heads[stage], ratios[stage], d) for d in drops))
            self.norms.append(nn.LayerNorm(width, 1e-6))
            last, block = width, block + depths[stage]

    def forward(self, x):
        features = []
        for embed, first_norm, blocks, norm in zip(self.embeddings, self.first_norms, self.blocks, self.norms):
            x = embed(x)
            height, width = x.shape[-2:]
            tokens = first_norm(to_tokens(x))
            for block in blocks:
                tokens = block(tokens, height, width)
            x = to_map(norm(tokens), height, width).contiguous()
            features.append(x)
        return features


class TinyMit(nn.Module):
    """Three stages and a head at stride 8."""

    def __init__(self, classes, channels=(24, 48, 96), width=48):
        super().__init__()
        self.encoder = MixTransformer(channels, (1, 1, 1), (1, 2, 3), (4, 2, 1), 0.0)
        self.linear = nn.ModuleList(nn.Conv2d(c, width, 1) for c in channels)
        self.fuse = ConvBn(3 * width, width, 1)
        self.classifier = nn.Conv2d(width, classes, 1)

    def forward(self, images):
        fine, middle, deep = (layer(x) for layer, x in zip(self.linear, self.encoder(images)))
        fine = resize(F.avg_pool2d(fine, 2), middle)
        return self.classifier(self.fuse(torch.cat([fine, middle, resize(deep, middle)], 1))), None


class SegFormer(nn.Module):
    """Four stages and SegFormer's head at stride 4."""

    def __init__(self, classes, channels=(32, 64, 160, 256), width=256):
        super().__init__()
        self.encoder = MixTransformer(channels, (2, 2, 2, 2), (1, 2, 5, 8), (8, 4, 2, 1), 0.1)
        self.linear = nn.ModuleList(nn.Conv2d(c, width, 1) for c in channels)
        self.fuse = ConvBn(4 * width, width, 1, bias=True)
        self.classifier = nn.Conv2d(width, classes, 1)

    def forward(self, images):
        maps = [layer(x) for layer, x in zip(self.linear, self.encoder(images))]
        enlarged = [resize(x, maps[0]) for x in reversed(maps)]
        return self.classifier(F.dropout2d(self.fuse(torch.cat(enlarged, 1)), 0.1, self.training)), None


def to_tokens(x):
    """[N, C, H, W] to [N, H·W, C]."""
    return x.flatten(2).transpose(1, 2)


def to_map(tokens, height, width):
    """[N, H·W, C] to [N, C, H, W]."""
    return tokens.transpose(1, 2).reshape(tokens.shape[0], tokens.shape[2], height, width)


def attention(query, key_value, heads):
    """query [B, N, C], key_value [B, M, 2C] (keys, then values) to [B, N, C], by PyTorch's fused kernel where it has one (since 2.0)."""
    batch, rows, channels = query.shape
    q = query.reshape(batch, rows, heads, channels // heads).transpose(1, 2)
    k, v = key_value.reshape(batch, -1, 2, heads, channels // heads).permute(2, 0, 3, 1, 4).unbind(0)
    if not hasattr(F, "scaled_dot_product_attention"):
        y = (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).softmax(-1) @ v
        return y.transpose(1, 2).reshape(batch, rows, channels)
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, rows, channels)


def create(name, classes):
    """A network in training mode."""
    kinds = {"tiny-cnn-student": TinyCnn, "tiny-mit-student": TinyMit, "segformer-b0": SegFormer, "deeplabv3-resnet18": ResNetDeepLab}
    model = kinds[name](classes).train()
    count = sum(p.numel() for p in model.parameters())
    expected = PARAMETERS.get((name, classes), count)
    if count != expected:
        raise AssertionError(f"{name}: {count} parameters, the C# network has {expected}")
    return model


def task_loss(model, images, labels, ignore_index=255, aux_weight=0.4):
    """Cross-entropy at label resolution, plus the auxiliary head's."""
    logits, auxiliary = model(images)
    loss = label_loss(logits, labels, ignore_index)
    return loss if auxiliary is None else loss + aux_weight * label_loss(auxiliary, labels, ignore_index)


def label_loss(logits, labels, ignore_index):
    """Cross-entropy of logits enlarged to the labels, in float32."""
    large = F.interpolate(logits.float(), size=labels.shape[-2:], mode="bilinear", align_corners=False)
    return F.cross_entropy(large, labels, ignore_index=ignore_index)
