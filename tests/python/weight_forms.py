"""Writes one network in the forms that people save weights in, and what is to become of each.

usage: weight_forms.py FOLDER

FOLDER/forms.tsv has a line for each file: its name, the file that holds the same weights plainly (empty: it is to be refused), the key to give, and a part of the message of a refusal.
Run by PublishedFormTests; needs PyTorch and torchvision.
"""

import argparse
import collections
import datetime
import gzip
import io
import pathlib
import sys

import numpy
import torch
import torchvision

FOLDER = pathlib.Path(sys.argv[1])
LINES = []


class Node:
    """A configuration whose parts know what they are part of."""

    class Value:
        pass

    def __init__(self, parent):
        self.parent = parent
        self.value = Node.Value()
        self.content = {}


def note(name, reference="", key="", message=""):
    LINES.append("\t".join([name, reference, key, message]))


def save(name, value, reference="plain.pth", key="", message="", **options):
    torch.save(value, FOLDER / name, **options)
    note(name, reference, key, message)


def refuse(name, value, message, **options):
    save(name, value, reference="", message=message, **options)


def prefixed(prefix, state):
    return collections.OrderedDict((prefix + name, tensor) for name, tensor in state.items())


def network():
    torch.manual_seed(1)
    model = torchvision.models.mobilenet_v2(weights=None)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 2)
            elif tensor.is_floating_point():
                tensor.normal_()
    return model.eval()


def trained(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.zeros(1, 3, 32, 32)).sum().backward()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    optimizer.step()
    model.load_state_dict(before)
    return optimizer


def wrapped(model, state, optimizer):
    arguments = argparse.Namespace(lr=0.1, data=pathlib.PurePosixPath("/data"), device=torch.device("cpu"))
    save("state_dict.pth", {"state_dict": state, "epoch": 7})
    save("torchvision.pth", {"model": state, "optimizer": optimizer.state_dict(), "epoch": 3, "args": arguments})
    save("legacy-torchvision.pth", {"optimizer": optimizer.state_dict(), "model": state, "args": arguments}, _use_new_zipfile_serialization=False)
    for nest in ["net", "weights", "model_state_dict", "network"]:
        save(f"{nest}.pth", {nest: state, "best": numpy.float64(71.5), "rng": numpy.random.RandomState(1).get_state()})
    save("deep.pth", {"checkpoint": {"model": {"state_dict": state}}, "epoch": 1})
    save("ema-beside.pth", {"state_dict": state, "state_dict_ema": {name: tensor + 1 if tensor.is_floating_point() else tensor for name, tensor in state.items()}})
    save("ema.pth", {"model": {name: tensor * 2 for name, tensor in state.items()}, "ema": {"module": state}}, key="ema.module")
    save("lightning.ckpt", {
        "state_dict": prefixed("model.", state), "epoch": 2, "global_step": 10, "pytorch-lightning_version": "1.9", "hyper_parameters": arguments,
        "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_path": "", "dirpath": pathlib.PurePosixPath("x")}}, "optimizer_states": [optimizer.state_dict()], "lr_schedulers": [],
    })
    for prefix in ["module.", "module.module.", "_orig_mod.", "net.", "student.", "ema.", "model.", "backbone.", "encoder.", "model.backbone.", "_orig_mod.module."]:
        save(f"prefix-{prefix}pth", prefixed(prefix, state))
    save("data-parallel.pth", torch.nn.DataParallel(model).state_dict())


def beside(model, state, optimizer):
    extras = {
        "counter": collections.Counter("abca"), "set": {1, 2}, "frozen": frozenset([3]), "bytes": b"abc", "array": bytearray(b"abc"), "complex": 1 + 2j,
        "default": collections.defaultdict(list, a=[1]), "path": pathlib.PurePosixPath("/x"), "date": datetime.datetime(2026, 1, 2), "delta": datetime.timedelta(1),
        "numpy": numpy.arange(5), "scalar": numpy.float32(1), "dtype": torch.float16, "size": torch.Size([1, 2]), "range": range(3), "slice": slice(1, 2), "big": 1 << 80,
        "type": collections.OrderedDict, "function": torch.nn.functional.relu, (1, 2): "a pair as a key",
    }
    save("extras.pth", {"state_dict": state, **extras})
    save("extras-legacy.pth", {"state_dict": state, **extras}, _use_new_zipfile_serialization=False)
    save("extras-4.pth", {"state_dict": state, **extras}, pickle_protocol=4)
    tree = Node(None)
    for name in "abcdefghij":
        tree.content[name] = Node(tree)
        for inner in "abc":
            tree.content[name].content[inner] = Node(tree.content[name])
    save("tree.pth", {"state_dict": state, "hyper_parameters": tree})
    save("namespace-of-weights.pth", argparse.Namespace(state_dict=state, best=torch.tensor(0.7)))
    multi = torch.optim.lr_scheduler.MultiStepLR(optimizer, [3, 5])
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=10)
    save("schedulers.pth", {"model": state, "multi": multi.state_dict(), "cycle": cycle.state_dict(), "scaler": torch.cuda.amp.GradScaler(enabled=False).state_dict()})
    default = collections.defaultdict(int)
    default.update(state)
    save("defaultdict.pth", default)


def stored(model, state):
    save("protocol-4.pth", state, pickle_protocol=4)
    save("protocol-5.pth", state, pickle_protocol=5)
    save("legacy.pth", state, _use_new_zipfile_serialization=False)
    save("legacy-4.pth", state, pickle_protocol=4, _use_new_zipfile_serialization=False)
    save("dict.pth", dict(state))
    save("parameters.pth", {**dict(model.named_parameters()), **dict(model.named_buffers())})
    save("channels-last.pth", {name: tensor.contiguous(memory_format=torch.channels_last) if tensor.dim() == 4 else tensor for name, tensor in state.items()})
    floats = {name: tensor for name, tensor in state.items() if tensor.is_floating_point()}
    flat = torch.cat([tensor.reshape(-1) for tensor in floats.values()])
    views = [part.view_as(tensor) for part, tensor in zip(flat.split([t.numel() for t in floats.values()]), floats.values())]
    save("one-storage.pth", dict(zip(floats, views)))
    save("one-storage-legacy.pth", dict(zip(floats, views)), _use_new_zipfile_serialization=False)
    save("double.pth", {name: tensor.double() if tensor.is_floating_point() else tensor for name, tensor in state.items()})
    for kind, dtype in [("half", torch.float16), ("bfloat16", torch.bfloat16)]:
        narrow = {name: tensor.to(dtype) if tensor.is_floating_point() else tensor for name, tensor in state.items()}
        torch.save({name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in narrow.items()}, FOLDER / f"{kind}-widened.pth")
        save(f"{kind}.pth", narrow, reference=f"{kind}-widened.pth")


def modules(model):
    save("module.pth", model)
    save("module-legacy.pth", model, _use_new_zipfile_serialization=False)
    save("module-nested.pth", {"model": model, "epoch": 1})
    save("module-parallel.pth", torch.nn.DataParallel(model))
    torch.jit.script(model).save(FOLDER / "script.pt")
    note("script.pt", "plain.pth")
    torch.jit.trace(model, torch.zeros(1, 3, 64, 64)).save(FOLDER / "trace.pt")
    note("trace.pt", "plain.pth")


def refused(model, state, optimizer):
    def changed(name, index, value):
        return {key: with_value(tensor, index, value) if key == name else tensor for key, tensor in state.items()}

    def with_value(tensor, index, value):
        result = tensor.clone()
        result.view(-1)[index] = value
        return result

    refuse("nan.pth", changed("features.3.conv.0.0.weight", 5, float("nan")), "'features.3.conv.0.0.weight' has 1 NaN among")
    refuse("overflow.pth", {name: (tensor * 1e5).half() if name == "features.0.0.weight" else tensor for name, tensor in state.items()}, "'features.0.0.weight' has")
    refuse("variance.pth", changed("features.0.1.running_var", 2, -0.5), "'features.0.1.running_var' has 1 negative among 32 values")
    refuse("two.pth", {"a": state, "b": dict(state)}, "several tables of tensors, 'a' (314 tensors), 'b' (314 tensors); 'heteroakd import --key NAME' chooses one")
    save("same-twice.pth", {"a": state, "b": state})
    refuse("list.pth", list(state.values()), "holds no tensor by name: it is a list")
    refuse("tensor.pth", state["features.0.0.weight"], "one tensor without a name")
    refuse("optimizer.pth", optimizer.state_dict(), "holds no tensor by name: it is a dictionary of 'state', 'param_groups'")
    refuse("arrays.pth", {name: tensor.numpy() for name, tensor in list(state.items())[:3]}, "holds no tensor by name")
    refuse("namespace.pth", argparse.Namespace(lr=1), "an object of 'argparse.Namespace'")
    mobile3 = torchvision.models.mobilenet_v3_small(weights=None).state_dict()
    refuse("mobilenet3.pth", mobile3, "names of MobileNetV3 or EfficientNet, an encoder that this program does not have")

    plain = (FOLDER / "plain.pth").read_bytes()
    write("cut.pth", plain[: len(plain) // 2], "cut short or damaged")
    legacy = (FOLDER / "legacy.pth").read_bytes()
    write("cut-legacy.pth", legacy[: len(legacy) // 2], "cut short or broken: storage")
    write("packed.pth.gz", gzip.compress(plain[:1000]), "is a gzip archive. Unpack it first")
    write("pointer.pth", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 14000000\n", "a pointer of Git LFS, not the weights themselves")
    write("page.pth", b"\n<!DOCTYPE html><html><head><title>Sign in</title>", "an HTML page, not the weights themselves")
    write("model.safetensors.index.json", b'{"metadata": {"total_size": 3}, "weight_map": {"a": "model-00001-of-00002.safetensors"}}', "spread over several files")
    write("model.h5", b"\x89HDF\r\n\x1a\n" + bytes(100), "an HDF5 file, as Keras writes them")


def write(name, content, message):
    (FOLDER / name).write_bytes(content)
    note(name, message=message)


def main():
    model = network()
    optimizer = trained(model)
    state = model.state_dict()
    save("plain.pth", state)
    wrapped(model, state, optimizer)
    beside(model, state, optimizer)
    stored(model, state)
    for parameter in model.parameters():
        parameter.grad = None
    modules(model)
    refused(model, state, optimizer)
    (FOLDER / "forms.tsv").write_text("\n".join(LINES) + "\n")


main()
