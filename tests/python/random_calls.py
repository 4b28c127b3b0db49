"""Draws calls of operations and writes what PyTorch computes in float64: outputs and gradients.

usage: random_calls.py COUNT SEED FILE

FILE is a dictionary of tensors for torch.load. Keys are "NUMBER|OPERATION|ATTRIBUTES|TENSOR"; ATTRIBUTES are those of `heteroakd op`, separated by blanks. Tensors: the inputs by
their names, "upstream", "output", "grad.INPUT", and for each result "allowed.RESULT": what it may be off by, relative to its largest element. That is three times what PyTorch's
own float32 is off by, and 1e-5. One rounding may be lucky: of four calls, whose inputs differ in their last digits, the worst counts.
"""

import dataclasses
import pathlib
import random
import sys

import torch
import torch.nn.functional as F

import hakd

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench" / "reference"))
import losses  # noqa: E402

FACTOR, FLOOR, DRAWS = 3.0, 1e-5, 4
IGNORE = 255
SIZES = (1, 2, 3, 5, 7, 8, 9, 16, 17, 33)


class Draw:
    """Numbers for one call, the same for the same seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.generator = torch.Generator().manual_seed(seed)

    def size(self, most=33):
        return self.random.choice([s for s in SIZES if s <= most])

    def map(self, most=17):
        return self.random.choice((1, 2, 3)), self.size(9), self.size(most), self.size(most)

    def normal(self, *sizes):
        return torch.randn(sizes, generator=self.generator)

    def positive(self, *sizes):
        return torch.rand(*sizes, generator=self.generator) * 1.5 + 0.5

    def labels(self, classes, *sizes):
        drawn = torch.randint(classes, sizes, generator=self.generator)
        ignored = torch.rand(*sizes, generator=self.generator) < 1 / 12
        ignored.view(-1)[0] = False  # a mean over nothing is another matter
        return drawn.masked_fill(ignored, IGNORE)

    def moved(self, tensor):
        if not tensor.is_floating_point():
            return tensor
        signs = torch.randint(2, tensor.shape, generator=self.generator) * 2 - 1
        return tensor * (1 + signs * torch.finfo(torch.float32).eps)

    def yes(self):
        return self.random.random() < 0.5


def elementwise(name, function, positive=False):
    def call(d):
        return name, {"input": (d.positive if positive else d.normal)(*d.map())}, {}, function
    return call


def binary(name, function):
    def call(d):
        shape = d.map()
        kind = d.random.choice(("same", "channel", "pixel"))
        other = {"same": shape, "channel": (1, shape[1], 1, 1), "pixel": (shape[0], 1, *shape[2:])}[kind]
        return name, {"input": d.normal(*shape), "other": d.positive(*other)}, {}, function
    return call


def matmul(d):
    rows, inner, columns = d.size(), d.size(), d.size()
    batch = (d.size(3),) if d.yes() else ()
    return "matmul", {"input": d.normal(*batch, rows, inner), "other": d.normal(*batch, inner, columns)}, {}, torch.matmul


def linear(d):
    inputs, outputs = d.size(), d.size()
    return "linear", {"input": d.normal(d.size(3), d.size(), inputs), "weight": d.normal(outputs, inputs), "bias": d.normal(outputs)}, {}, F.linear


def text(pair):
    return ",".join(str(n) for n in pair)


def pairs(d, *choices):
    """One number of each choice for the rows and one for the columns, which are often the same."""
    rows = [d.random.choice(c) for c in choices]
    return list(zip(rows, rows if d.yes() else [d.random.choice(c) for c in choices]))


def conv2d(d):
    groups = d.random.choice((1, 1, 2))
    inputs, outputs = groups * d.size(9), groups * d.size(9)
    kernel, stride, dilation = pairs(d, (1, 3, 3, 5), (1, 2), (1, 1, 2))
    padding = [e * (k // 2) for e, k in zip(dilation, kernel)]
    tensors = {"input": d.normal(d.size(3), inputs, d.size(17), d.size(17)), "weight": d.normal(outputs, inputs // groups, *kernel)}
    if d.yes():
        tensors["bias"] = d.normal(outputs)
    attributes = {"stride": text(stride), "padding": text(padding), "dilation": text(dilation), "groups": groups}
    return "conv2d", tensors, attributes, lambda x, w, b=None: F.conv2d(x, w, b, stride, padding, dilation, groups)


def conv_transpose2d(d):
    groups = d.random.choice((1, 1, 2))
    inputs, outputs = groups * d.size(9), groups * d.size(9)
    kernel, stride, dilation = pairs(d, (1, 2, 3, 4), (1, 2, 3), (1, 1, 2))
    padding = [d.random.randrange((e * (k - 1)) // 2 + 1) for e, k in zip(dilation, kernel)]
    added = [d.random.randrange(s) for s in stride]
    tensors = {"input": d.normal(d.size(3), inputs, d.size(9), d.size(9)), "weight": d.normal(inputs, outputs // groups, *kernel)}
    if d.yes():
        tensors["bias"] = d.normal(outputs)
    attributes = {"stride": text(stride), "padding": text(padding), "output_padding": text(added), "dilation": text(dilation), "groups": groups}
    return "conv_transpose2d", tensors, attributes, lambda x, w, b=None: F.conv_transpose2d(x, w, b, stride, padding, added, groups, dilation)


def depthwise(d):
    channels = d.size(17)
    tensors = {"input": d.normal(d.size(3), channels, d.size(17), d.size(17)), "weight": d.normal(channels, 1, 3, 3), "bias": d.normal(channels)}
    return "conv2d", tensors, {"padding": 1, "groups": channels}, lambda x, w, b: F.conv2d(x, w, b, 1, 1, 1, channels)


def batch_norm(d):
    shape = d.map()
    shape = (3, *shape[1:])  # of one value there is no variance, and of two the normalised ones are 1 and -1: their gradient is rounding alone
    channels = shape[1]
    training = d.yes()
    tensors = {"input": d.normal(*shape), "weight": d.positive(channels), "bias": d.normal(channels), "running_mean": d.normal(channels), "running_var": d.positive(channels)}
    return "batch_norm", tensors, {"training": str(training).lower()}, lambda x, w, b, m, v: F.batch_norm(x, m.clone(), v.clone(), w, b, training, 0.1, 1e-5)


def layer_norm(d):
    columns = d.random.choice((2, 5, 16, 33, 64))
    return "layer_norm", {"input": d.normal(d.size(3), d.size(), columns), "weight": d.positive(columns), "bias": d.normal(columns)}, {}, lambda x, w, b: F.layer_norm(x, w.shape, w, b, 1e-5)


def group_norm(d):
    groups = d.random.choice((1, 2, 3))
    channels = groups * d.random.choice((1, 2, 5))
    tensors = {"input": d.normal(d.size(3), channels, d.size(9) + 2, d.size() + 2), "weight": d.positive(channels), "bias": d.normal(channels)}
    return "group_norm", tensors, {"num_groups": groups}, lambda x, w, b: F.group_norm(x, groups, w, b, 1e-5)


def permute(d):
    shape = d.map()
    dims = d.random.sample(range(4), 4)
    return "permute", {"input": d.normal(*shape)}, {"dims": text(dims)}, lambda x: x.permute(dims)


def piece(d):
    shape = d.map()
    dim = d.random.randrange(4)
    start, step = d.random.randrange(-shape[dim], shape[dim]), d.random.choice((1, 1, 2, 3))
    end = d.random.choice((shape[dim], shape[dim] + 5, start % shape[dim] + 1))
    index = (slice(None),) * dim + (slice(start, end, step),)
    return "slice", {"input": d.normal(*shape)}, {"dim": dim, "start": start, "end": end, "step": step}, lambda x: x[index]


def pad(d):
    shape = d.map()
    least = [-(shape[3] // 3), -(shape[3] // 3), -(shape[2] // 3), -(shape[2] // 3)]
    sizes, value = [d.random.randrange(n, 6) for n in least], d.random.choice((0, 1.5))
    return "pad", {"input": d.normal(*shape)}, {**dict(zip(("left", "right", "top", "bottom"), sizes)), "value": value}, lambda x: F.pad(x, sizes, value=value)


def nearest(d):
    shape, height, width, exact = d.map(), d.size(), d.size(), d.yes()
    attributes = {"height": height, "width": width, "mode": "nearest_exact" if exact else "nearest"}
    return "interpolate", {"input": d.normal(*shape)}, attributes, lambda x: F.interpolate(x, size=(height, width), mode="nearest-exact" if exact else "nearest")


def softmax(name):
    def call(d):
        return name, {"input": d.normal(*d.map())}, {"dim": 1}, lambda x: getattr(x, name)(1)
    return call


def interpolate(d):
    shape, height, width, corners = d.map(), d.size(), d.size(), d.yes()
    attributes = {"height": height, "width": width, "align_corners": str(corners).lower()}
    return "interpolate", {"input": d.normal(*shape)}, attributes, lambda x: F.interpolate(x, size=(height, width), mode="bilinear", align_corners=corners)


def max_pool2d(d):
    return "max_pool2d", {"input": d.normal(d.size(3), d.size(9), d.size() + 2, d.size() + 2)}, {"kernel_size": 3, "stride": 2, "padding": 1}, lambda x: F.max_pool2d(x, 3, 2, 1)


def avg_pool2d(d):
    kernel = d.random.choice((1, 2, 3))
    return "avg_pool2d", {"input": d.normal(d.size(3), d.size(9), d.size() + 3, d.size() + 3)}, {"kernel_size": kernel, "stride": kernel}, lambda x: F.avg_pool2d(x, kernel, kernel)


def adaptive(d):
    height, width = d.random.choice((1, 2, 3, 6)), d.random.choice((1, 2, 3, 6))
    return "adaptive_avg_pool2d", {"input": d.normal(*d.map())}, {"height": height, "width": width}, lambda x: F.adaptive_avg_pool2d(x, (height, width))


def attention(d):
    heads = d.random.choice((1, 2, 3))
    channels = heads * d.random.choice((4, 8, 32))
    batch, queries, keys = d.size(3), d.size(), d.size()

    def function(q, kv):
        k, v = kv.chunk(2, -1)
        q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (q, k, v))
        return ((q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).softmax(-1) @ v).transpose(1, 2).flatten(2)

    return "attention", {"query": d.normal(batch, queries, channels), "key_value": d.normal(batch, keys, 2 * channels)}, {"heads": heads}, function


def reduction(name, function):
    def call(d):
        dim, keepdim = d.random.choice((0, 1, 2, 3)), d.yes()
        return name, {"input": d.normal(*d.map())}, {"dim": dim, "keepdim": str(keepdim).lower()}, lambda x: function(x, dim, keepdim)
    return call


def cat(d):
    shape = d.map()
    return "cat", {"input": d.normal(*shape), "other": d.normal(shape[0], d.size(9), *shape[2:])}, {}, lambda a, b: torch.cat((a, b), 1)


def logits(d):
    """Logits and labels on the same grid or on a larger one."""
    classes, batch, height, width = d.random.choice((2, 3, 11, 19)), d.size(3), d.size(9), d.size(9)
    factor = d.random.choice((1, 2, 4))
    return (batch, classes, height, width), (batch, factor * height, factor * width)


def cross_entropy(d):
    shape, grid = logits(d)
    smoothing = d.random.choice((0, 0.1))
    tensors = {"input": d.normal(*shape), "target": d.labels(shape[1], *grid)}
    if d.yes():
        tensors["weight"] = d.positive(shape[1])
    attributes = {"ignore_index": IGNORE, "label_smoothing": smoothing}
    return "cross_entropy", tensors, attributes, lambda z, y, w=None: F.cross_entropy(losses.enlarge(z, y), y, w, ignore_index=IGNORE, label_smoothing=smoothing)


def kd_loss(d):
    shape, _ = logits(d)
    tau = d.random.choice((1, 2, 4))

    def function(s, t):
        return tau * tau * losses.pixel_kl(s / tau, t / tau)

    return "kd_loss", {"input": d.normal(*shape), "teacher": d.normal(*shape)}, {"tau": tau}, function


def heteroakd_loss(d):
    """Any combination of the options. Softmax reliability gives a pixel one number, for which the class axis says nothing."""
    shape, grid = logits(d)
    pick = d.random.choice
    o = hakd.Options(
        axis=pick(("class", "spatial")), form=pick(("ce", "kl", "binary")), tau=pick((1, 1, 2, 4)), scale_tau2=d.yes(), reliability=pick(("bce", "bce", "softmax_ce")), detach=d.yes(),
        supervision=pick(("none", "bce", "ce")), lambda2=pick((0.5, 1, 5)), supervision_weight=pick((0.5, 1)), grid=pick(("student", "label")), ignore_index=IGNORE,
        reduction=pick(("pixel", "element")), mixing=pick((True, True, False)), weighting=pick((True, True, False)), weight_scale=pick(("one", "classes")))
    tensors = {"input": d.normal(*shape), "teacher": d.normal(*shape), "target": d.labels(shape[1], *grid)}
    tensors["target"].view(shape[0], -1)[:, 0] = 0
    if d.yes():
        tensors["weight"] = d.positive(shape[1])
    attributes = {n: str(v).lower() for n, v in dataclasses.asdict(o).items()}
    return "heteroakd_loss", tensors, attributes, lambda s, t, y, w=None: hakd.loss(s, t, y, o, w)[0]


CALLS = [
    *(elementwise(n, getattr(torch, n)) for n in ("sigmoid", "tanh", "exp", "abs", "relu", "square")),
    elementwise("relu6", F.relu6), elementwise("gelu", F.gelu), elementwise("silu", F.silu), elementwise("hardswish", F.hardswish),
    *(elementwise(n, getattr(torch, n), positive=True) for n in ("log", "sqrt", "reciprocal")),
    binary("add", torch.add), binary("sub", torch.sub), binary("mul", torch.mul), binary("div", torch.div),
    matmul, linear, conv2d, depthwise, conv_transpose2d, batch_norm, layer_norm, group_norm, softmax("softmax"), softmax("log_softmax"), interpolate, nearest, max_pool2d, avg_pool2d, adaptive, attention, cat,
    permute, piece, pad,
    reduction("sum", lambda x, d, k: x.sum(d, k)), reduction("mean", lambda x, d, k: x.mean(d, k)), reduction("max", lambda x, d, k: x.amax(d, k)),
    cross_entropy, kd_loss, heteroakd_loss,
]


# Inputs without a gradient, here or in PyTorch.
FIXED = {"batch_norm": ("running_mean", "running_var"), "cross_entropy": ("weight",), "kd_loss": ("teacher",), "heteroakd_loss": ("weight",)}


def results(op, function, tensors, upstream, dtype):
    inputs = {n: t.to(dtype).requires_grad_(n not in FIXED.get(op, ())) if t.is_floating_point() else t for n, t in tensors.items()}
    output = function(*inputs.values())
    wanted = [n for n, t in inputs.items() if t.requires_grad]
    gradients = torch.autograd.grad(output, [inputs[n] for n in wanted], upstream.to(dtype).reshape(output.shape), allow_unused=True)
    return {"output": output.detach(), **{f"grad.{n}": torch.zeros_like(inputs[n]) if g is None else g.detach() for n, g in zip(wanted, gradients)}}


def error_of(found, expected):
    """Largest difference over the largest element."""
    return (found.double() - expected).abs().max().item() / (expected.abs().max().item() or 1.0)


def main(count, seed, path):
    written = {}
    for number in range(count):
        d = Draw(1000003 * seed + number)
        op, tensors, attributes, function = CALLS[number % len(CALLS)](d)
        with torch.no_grad():
            upstream = d.normal(*function(*tensors.values()).shape)
        truth = results(op, function, tensors, upstream, torch.float64)
        errors = dict.fromkeys(truth, 0.0)
        for draw in range(DRAWS):
            inputs = {n: d.moved(t) if draw else t for n, t in tensors.items()}
            exact, single = (results(op, function, inputs, upstream, dtype) for dtype in (torch.float64, torch.float32))
            for name, expected in exact.items():
                errors[name] = max(errors[name], error_of(single[name], expected))
        key = f"{number}|{op}|{' '.join(f'{n}={v}' for n, v in attributes.items())}|"
        for name, value in tensors.items():
            written[key + name] = value if value.is_floating_point() else value.to(torch.int32)
        written[key + "upstream"] = upstream
        for name, expected in truth.items():
            written[key + name] = expected
            written[key + "allowed." + name] = torch.tensor([FACTOR * errors[name] + FLOOR])
    torch.save(written, path)


main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
