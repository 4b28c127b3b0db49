"""The rows in PyTorch. A form of a row is a Work: eager, compiled by torch.compile, or the loss by chunks."""

import torch
import torch.nn.functional as F

import common
import losses
import models

IGNORE_INDEX = 255
IGNORED_ONE_IN = 20
LEARNING_RATE = 1e-4
WEIGHT_DECAY = 0.01
CHUNKED = {"heteroakd": losses.heteroakd_chunked, "kl": losses.pixel_kl_chunked}


class Work:
    """Closures of a row: all of an iteration and, where it is divided, the forward pass alone."""

    def __init__(self, full, forward=None):
        self.full = full
        self.forward = forward


def set_precision(precision):
    """Products and convolutions of float32 tensors in TF32, or not."""
    common.set_tf32(torch, precision == "tf32")
    torch.backends.cudnn.benchmark = True


def compiled(function):
    """The function under torch.compile. Dynamo counts recompilations per code object and goes eager in silence at its limit: rows share code, so it begins anew."""
    torch._dynamo.reset()
    if hasattr(torch._dynamo.config, "fail_on_recompile_limit_hit"):
        torch._dynamo.config.fail_on_recompile_limit_hit = True
    return torch.compile(function, dynamic=False)


def forms_of(row):
    """Names of the forms of a row, in the order in which they are measured."""
    kind = row["kind"]
    layouts = ["eager", "eager channels-last"] if kind in ("conv", "step") else ["eager"]
    return layouts + (["chunked"] if kind in CHUNKED else []) + ([] if kind == "adamw" else ["compile"])


def build(row, sizes, device, form, channels_last=False):
    """The work of a form. channels_last: the layout that a compiled form takes over from the quicker eager one."""
    set_precision(row["precision"])
    channels_last = channels_last or form == "eager channels-last"
    if row["kind"] == "step":
        return step(sizes, device, row["precision"], form == "compile", channels_last)
    if row["kind"] == "adamw":
        return adamw(sizes, device)
    function, inputs = operation(row["kind"], sizes, device)
    if form == "chunked":
        function = CHUNKED[row["kind"]]
    elif form == "compile":
        function = compiled(function)
    return operation_work(function, inputs, row["precision"], channels_last)


def operation_work(function, inputs, precision, channels_last):
    """Forward and backward of a function; inputs are (tensor, whether its gradient is computed)."""
    tensors = []
    for tensor, wanted in inputs:
        if precision == "bf16" and tensor.is_floating_point():
            tensor = tensor.to(torch.bfloat16)
        if channels_last and tensor.dim() == 4:
            tensor = tensor.contiguous(memory_format=torch.channels_last)
        tensors.append(tensor.requires_grad_() if wanted else tensor)
    leaves = [tensor for tensor in tensors if tensor.requires_grad]
    with torch.no_grad():
        output = function(*tensors)
    upstream = None if output.dim() == 0 else torch.randn_like(output)

    def forward():
        return function(*tensors)

    def full():
        return torch.autograd.grad(function(*tensors), leaves, upstream)

    return Work(full, forward)


def operation(kind, s, device):
    """(function, inputs) of a row that is one operation. Functions are Python's, since torch.compile takes no built-in ones."""

    def normal(*sizes, scale=1.0, mean=0.0):
        return torch.randn(*sizes, device=device) * scale + mean

    def weight(*sizes):
        fan = 1
        for size in sizes[1:]:
            fan *= size
        return normal(*sizes, scale=fan**-0.5)

    def affine(channels):
        return [(normal(channels, scale=0.1, mean=1.0), True), (normal(channels, scale=0.1), True)]

    shape = s.get("shape", [])
    if kind == "heteroakd":
        return losses.heteroakd, [(normal(*shape, scale=2.0), True), (normal(*shape, scale=2.0), True), (labels(shape[0], *s["labels"], shape[1], device), False)]
    if kind == "kl":
        return losses.pixel_kl, [(normal(*shape, scale=2.0), True), (normal(*shape, scale=2.0), False)]
    if kind == "gemm":
        return (lambda a, b: torch.matmul(a, b)), [(normal(s["m"], s["k"]), True), (normal(s["k"], s["n"]), True)]
    if kind == "conv":
        padding, dilation, groups = s["dilation"] * (s["kernel"] // 2), s["dilation"], s["groups"]
        kernel = weight(s["out"], shape[1] // groups, s["kernel"], s["kernel"])
        return (lambda x, w: F.conv2d(x, w, None, 1, padding, dilation, groups)), [(normal(*shape), True), (kernel, True)]
    if kind == "attention":
        heads, channels = s["heads"], s["heads"] * s["channels"]
        inputs = [(normal(s["batch"], s["queries"], channels), True), (normal(s["batch"], s["keys"], 2 * channels), True)]
        return (lambda q, kv: models.attention(q, kv, heads)), inputs
    if kind == "layer_norm":
        return (lambda x, w, b: F.layer_norm(x, w.shape, w, b, 1e-5)), [(normal(*shape), True), *affine(shape[-1])]
    if kind == "batch_norm":
        running = torch.zeros(shape[1], device=device), torch.ones(shape[1], device=device)
        return (lambda x, w, b: F.batch_norm(x, running[0], running[1], w, b, True)), [(normal(*shape), True), *affine(shape[1])]
    if kind == "softmax":
        return (lambda x: x.softmax(1)), [(normal(*shape, scale=2.0), True)]
    if kind == "gelu":
        return (lambda x: F.gelu(x)), [(normal(*shape), True)]
    raise ValueError(f"rows.json: there is no kind of row '{kind}'")


def labels(images, height, width, classes, device):
    """Random labels with some ignored ones."""
    target = torch.randint(classes, (images, height, width), device=device)
    return target.masked_fill_(torch.randint(IGNORED_ONE_IN, target.shape, device=device) == 0, IGNORE_INDEX)


def optimizer_of(parameters, device):
    """PyTorch's quickest AdamW."""
    options = {"fused": True} if device == "cuda" else {"foreach": True}
    return torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, **options)


def adamw(s, device):
    """An update for gradients that are there."""
    parameters = list(models.create(s["model"], s["classes"]).to(device).parameters())
    for parameter in parameters:
        parameter.grad = torch.randn_like(parameter) * 1e-2
    return Work(optimizer_of(parameters, device).step)


def step(s, device, precision, is_compiled, channels_last):
    """A training step: forward, cross-entropy at label resolution, backward, AdamW. bf16 is without autocast: parameters and activations are bf16."""
    model = models.create(s["model"], s["classes"]).to(device)
    images = torch.randn(s["batch"], 3, s["height"], s["width"], device=device)
    if precision == "bf16":
        model, images = model.to(torch.bfloat16), images.to(torch.bfloat16)
    if channels_last:
        model, images = model.to(memory_format=torch.channels_last), images.contiguous(memory_format=torch.channels_last)
    target = labels(s["batch"], s["height"], s["width"], s["classes"], device)
    optimizer = optimizer_of(model.parameters(), device)

    def loss(batch, truth):
        return models.task_loss(model, batch, truth)

    loss = compiled(loss) if is_compiled else loss

    def full():
        optimizer.zero_grad(set_to_none=True)
        loss(images, target).backward()
        optimizer.step()

    return Work(full)
