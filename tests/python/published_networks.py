"""Networks with the names of other code bases: writes their weights, or loads weights with strict=True, and computes what they give for images.

usage: published_networks.py write FOLDER NAME   writes NAME.pth (a state dict), NAME.images.pth and NAME.output.pth (one tensor each, "x")
       published_networks.py load FOLDER NAME    reads NAME.weights.pth and NAME.images.pth, writes NAME.output.pth

deeplabv3_resnet50, deeplabv3_resnet101: torchvision's own, logits.
resnet18, resnet50, mobilenet_v2: torchvision's own without the classifier, the map of stride 8.
segformer.huggingface, segformer.mit: SegFormer-B0 with those names, logits at the network's resolution. segformer.mmseg: its encoder, the last map.
"""

import pathlib
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision

CLASSES = 5
WIDTHS, HEADS, RATIOS, DEPTH, HEAD_WIDTH = (32, 64, 160, 256), (1, 2, 5, 8), (8, 4, 2, 1), 2, 256


class SegFormer(nn.Module):
    """SegFormer-B0. "names" gives the place of every layer; eps is that of blocks and that of norms behind convolutions."""

    def __init__(self, names, eps, has_head=True):
        super().__init__()
        self.names, self.has_head = names, has_head
        inputs = 3
        for stage, width in enumerate(WIDTHS):
            kernel, stride = (7, 4) if stage == 0 else (3, 2)
            self.put("embed", stage, nn.Conv2d(inputs, width, kernel, stride, kernel // 2))
            self.put("embed_norm", stage, nn.LayerNorm(width, eps[1]))
            for block in range(DEPTH):
                self.put_block((stage, block), width, eps)
            self.put("norm", stage, nn.LayerNorm(width, eps[0]))
            inputs = width
        if has_head:
            for stage, width in enumerate(WIDTHS):
                self.put("linear", stage, nn.Linear(width, HEAD_WIDTH))
            self.put("fuse", 0, nn.Conv2d(4 * HEAD_WIDTH, HEAD_WIDTH, 1, bias=False))
            self.put("fuse_norm", 0, nn.BatchNorm2d(HEAD_WIDTH))
            self.put("classifier", 0, nn.Conv2d(HEAD_WIDTH, CLASSES, 1))

    def put_block(self, at, width, eps):
        stage, hidden = at[0], 4 * width
        self.put("norm1", at, nn.LayerNorm(width, eps[0]))
        self.put("norm2", at, nn.LayerNorm(width, eps[0]))
        if "attention" in self.names:
            self.put("attention", at, nn.MultiheadAttention(width, HEADS[stage], batch_first=True))
        else:
            for part in ("query", "key", "value", "kv", "out"):
                if part in self.names:
                    self.put(part, at, nn.Linear(width, 2 * width if part == "kv" else width))
        if RATIOS[stage] > 1:
            self.put("sr", at, nn.Conv2d(width, width, RATIOS[stage], RATIOS[stage]))
            self.put("sr_norm", at, nn.LayerNorm(width, eps[1]))
        convolutions = self.names["convolutions"]
        self.put("fc1", at, nn.Conv2d(width, hidden, 1) if convolutions else nn.Linear(width, hidden))
        self.put("dwconv", at, nn.Conv2d(hidden, hidden, 3, 1, 1, groups=hidden))
        self.put("fc2", at, nn.Conv2d(hidden, width, 1) if convolutions else nn.Linear(hidden, width))

    def path(self, layer, at):
        at = at if isinstance(at, tuple) else (at,)
        first = at[0] + self.names["first_stage"] if "{0}" in self.names[layer] else at[0]
        return self.names[layer].format(first, *at[1:])

    def put(self, layer, at, module):
        *parents, name = self.path(layer, at).split(".")
        place = self
        for parent in parents:
            if parent not in place._modules:
                place.add_module(parent, nn.Module())
            place = place._modules[parent]
        place.add_module(name, module)

    def layer(self, layer, at, *inputs):
        return self.get_submodule(self.path(layer, at))(*inputs)

    def forward(self, x):
        maps = []
        for stage in range(len(WIDTHS)):
            x = self.layer("embed", stage, x)
            size = x.shape[-2:]
            tokens = self.layer("embed_norm", stage, to_tokens(x))
            for block in range(DEPTH):
                tokens = self.block((stage, block), tokens, size)
            x = to_map(self.layer("norm", stage, tokens), size)
            maps.append(x)
        if not self.has_head:
            return x
        finest = maps[0].shape[-2:]
        wide = [to_map(self.layer("linear", i, to_tokens(m)), m.shape[-2:]) for i, m in enumerate(maps)]
        wide = [F.interpolate(m, size=finest, mode="bilinear", align_corners=False) for m in reversed(wide)]
        fused = F.relu(self.layer("fuse_norm", 0, self.layer("fuse", 0, torch.cat(wide, 1))))
        return self.layer("classifier", 0, fused)

    def block(self, at, tokens, size):
        normed = self.layer("norm1", at, tokens)
        source = normed
        if RATIOS[at[0]] > 1:
            source = self.layer("sr_norm", at, to_tokens(self.layer("sr", at, to_map(normed, size))))
        tokens = tokens + self.attend(at, normed, source)
        normed = self.layer("norm2", at, tokens)
        if self.names["convolutions"]:
            hidden = self.layer("dwconv", at, self.layer("fc1", at, to_map(normed, size)))
            return tokens + to_tokens(self.layer("fc2", at, F.gelu(hidden)))
        hidden = self.layer("dwconv", at, to_map(self.layer("fc1", at, normed), size))
        return tokens + self.layer("fc2", at, F.gelu(to_tokens(hidden)))

    def attend(self, at, tokens, source):
        if "attention" in self.names:
            return self.layer("attention", at, tokens, source, source)[0]
        query = self.layer("query", at, tokens)
        if "kv" in self.names:
            key, value = self.layer("kv", at, source).chunk(2, -1)
        else:
            key, value = self.layer("key", at, source), self.layer("value", at, source)
        heads = HEADS[at[0]]
        query, key, value = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (query, key, value))
        scores = (query @ key.transpose(-1, -2)) * query.shape[-1] ** -0.5
        return self.layer("out", at, (scores.softmax(-1) @ value).transpose(1, 2).flatten(2))


HUGGINGFACE = {
    "first_stage": 0, "convolutions": False,
    "embed": "segformer.encoder.patch_embeddings.{0}.proj", "embed_norm": "segformer.encoder.patch_embeddings.{0}.layer_norm",
    "norm1": "segformer.encoder.block.{0}.{1}.layer_norm_1", "norm2": "segformer.encoder.block.{0}.{1}.layer_norm_2",
    "query": "segformer.encoder.block.{0}.{1}.attention.self.query", "key": "segformer.encoder.block.{0}.{1}.attention.self.key",
    "value": "segformer.encoder.block.{0}.{1}.attention.self.value", "out": "segformer.encoder.block.{0}.{1}.attention.output.dense",
    "sr": "segformer.encoder.block.{0}.{1}.attention.self.sr", "sr_norm": "segformer.encoder.block.{0}.{1}.attention.self.layer_norm",
    "fc1": "segformer.encoder.block.{0}.{1}.mlp.dense1", "dwconv": "segformer.encoder.block.{0}.{1}.mlp.dwconv.dwconv",
    "fc2": "segformer.encoder.block.{0}.{1}.mlp.dense2", "norm": "segformer.encoder.layer_norm.{0}",
    "linear": "decode_head.linear_c.{0}.proj", "fuse": "decode_head.linear_fuse", "fuse_norm": "decode_head.batch_norm", "classifier": "decode_head.classifier",
}
MIT = {
    "first_stage": 1, "convolutions": False,
    "embed": "backbone.patch_embed{0}.proj", "embed_norm": "backbone.patch_embed{0}.norm",
    "norm1": "backbone.block{0}.{1}.norm1", "norm2": "backbone.block{0}.{1}.norm2",
    "query": "backbone.block{0}.{1}.attn.q", "kv": "backbone.block{0}.{1}.attn.kv", "out": "backbone.block{0}.{1}.attn.proj",
    "sr": "backbone.block{0}.{1}.attn.sr", "sr_norm": "backbone.block{0}.{1}.attn.norm",
    "fc1": "backbone.block{0}.{1}.mlp.fc1", "dwconv": "backbone.block{0}.{1}.mlp.dwconv.dwconv", "fc2": "backbone.block{0}.{1}.mlp.fc2", "norm": "backbone.norm{0}",
    "linear": "decode_head.linear_c{0}.proj", "fuse": "decode_head.linear_fuse.conv", "fuse_norm": "decode_head.linear_fuse.bn", "classifier": "decode_head.linear_pred",
}
MMSEG = {
    "first_stage": 0, "convolutions": True,
    "embed": "layers.{0}.0.projection", "embed_norm": "layers.{0}.0.norm", "norm1": "layers.{0}.1.{1}.norm1", "norm2": "layers.{0}.1.{1}.norm2",
    "attention": "layers.{0}.1.{1}.attn.attn", "sr": "layers.{0}.1.{1}.attn.sr", "sr_norm": "layers.{0}.1.{1}.attn.norm",
    "fc1": "layers.{0}.1.{1}.ffn.layers.0", "dwconv": "layers.{0}.1.{1}.ffn.layers.1", "fc2": "layers.{0}.1.{1}.ffn.layers.4", "norm": "layers.{0}.2",
}


class Encoder(nn.Module):
    """A classifier of torchvision up to its map of stride 8; the whole of it but the last layer keeps its names."""

    def __init__(self, name):
        super().__init__()
        self.model = getattr(torchvision.models, name)(weights=None)
        self.layers = 4 if name.startswith("resnet") else 7

    def forward(self, x):
        if hasattr(self.model, "features"):
            return self.model.features[: self.layers](x)
        m = self.model
        return m.layer2(m.layer1(m.maxpool(m.relu(m.bn1(m.conv1(x))))))

    def state_dict(self, *_, **__):
        return {k: v for k, v in self.model.state_dict().items() if not self.is_behind(k)}

    def load_state_dict(self, state, strict=True):
        own = self.model.state_dict()
        return self.model.load_state_dict({**{k: v for k, v in own.items() if self.is_behind(k)}, **state}, strict)

    @staticmethod
    def is_behind(name):
        return name.startswith(("fc.", "classifier.", "features.18."))


def to_tokens(x):
    return x.flatten(2).transpose(1, 2)


def to_map(tokens, size):
    return tokens.transpose(1, 2).unflatten(2, tuple(size)).contiguous()


def create(command, name):
    """The network, in evaluation mode; where weights are written with torchvision's auxiliary head, which no output needs."""
    if name.startswith("deeplabv3"):
        model = getattr(torchvision.models.segmentation, name)(weights=None, weights_backbone=None, num_classes=CLASSES, aux_loss=command == "write")
    elif name.startswith("segformer"):
        names, eps, has_head = {"huggingface": (HUGGINGFACE, (1e-5, 1e-5), True), "mit": (MIT, (1e-6, 1e-5), True), "mmseg": (MMSEG, (1e-6, 1e-6), False)}[name.split(".")[1]]
        model = SegFormer(names, eps, has_head)
    else:
        model = Encoder(name)
    return model.eval()


def shake(model):
    """Gives norms and their statistics values that a wrong assignment would show."""
    for name, value in model.state_dict().items():
        if name.endswith("running_var"):
            value.uniform_(0.5, 2)
        elif value.dim() == 1 and value.is_floating_point():
            value.add_(torch.randn_like(value) * 0.1)


def main(command, folder, name):
    torch.manual_seed(1)
    folder = pathlib.Path(folder)
    model = create(command, name)
    with torch.no_grad():
        if command == "write":
            shake(model)
            torch.save(dict(model.state_dict()), folder / f"{name}.pth")
            torch.save({"x": torch.randn(2, 3, 65, 97)}, folder / f"{name}.images.pth")
        else:
            model.load_state_dict(torch.load(folder / f"{name}.weights.pth"), strict=True)
        output = model(torch.load(folder / f"{name}.images.pth")["x"])
    torch.save({"x": output["out"] if isinstance(output, dict) else output}, folder / f"{name}.output.pth")


main(*sys.argv[1:4])
