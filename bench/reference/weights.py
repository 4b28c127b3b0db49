"""Holds imported weights against the program they are from: a network of random weights is saved, imported by `heteroakd import`, and both see one image.

Prints the largest absolute difference of every stage's feature map and of the logits. Needs PyTorch, and for its networks transformers or torchvision; what
is not installed is left out with a sentence. MobileNetV2 is compared to the second stage: behind it the network here is dilated instead of strided.
"""

import argparse
import os
import shlex
import struct
import subprocess
import tempfile
import zlib

import torch

import safetensors_file

CLASSES = 11  # of the procedural scenes, which the default configuration is about
SIDE = 128
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
TOLERANCE = 1e-4  # of the largest element


def write_png(path, pixels):
    """Writes [H, W, 3] bytes as an RGB PNG."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + bytes(pixels[y].flatten().tolist()) for y in range(height))
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)))
        file.write(chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def shake(model):
    """Gives norms and their statistics values that a wrong assignment would show."""
    for name, value in model.state_dict().items():
        if name.endswith("running_var"):
            value.uniform_(0.5, 2)
        elif value.dim() == 1 and value.is_floating_point():
            value.add_(torch.randn_like(value) * 0.1)
    return model.eval()


def segformer():
    """SegFormer-B0 of transformers: four stages and logits."""
    from transformers import SegformerConfig, SegformerForSemanticSegmentation

    model = shake(SegformerForSemanticSegmentation(SegformerConfig(num_labels=CLASSES)))

    def run(image):
        output = model(image, output_hidden_states=True)
        return {**{f"stages.{i}": x for i, x in enumerate(output.hidden_states)}, "logits": output.logits}

    return "segformer-b0", model, [], run


def mobilenet():
    """MobileNetV2 of torchvision: the two stages before the first dilation."""
    from torchvision.models import mobilenet_v2

    model = shake(mobilenet_v2())

    def run(image):
        return {"stages.0": model.features[:4](image), "stages.1": model.features[:7](image)}

    return "deeplabv3-mobilenetv2", model, ["--backbone-only", "--classes", str(CLASSES)], run


def compare(heteroakd, folder, make):
    """Prints a row for every map of one network; returns whether all are within the tolerance."""
    name, model, options, run = make()
    weights, checkpoint = os.path.join(folder, "weights.pth"), os.path.join(folder, "imported.safetensors")
    image, dump = os.path.join(folder, "image.png"), os.path.join(folder, "features.safetensors")
    torch.save(model.state_dict(), weights)
    pixels = torch.randint(0, 256, (SIDE, SIDE, 3), dtype=torch.uint8)
    write_png(image, pixels)
    subprocess.run([*heteroakd, "import", weights, "--model", name, "--out", checkpoint, *options], check=True)
    subprocess.run([*heteroakd, "predict", checkpoint, image, "--device", "cpu", "--out", folder, "--dump", dump], check=True)
    ours = safetensors_file.read(dump)
    with torch.no_grad():
        theirs = run((pixels.permute(2, 0, 1).unsqueeze(0).float() / 255 - MEAN) / STD)
    good = True
    for key, expected in theirs.items():
        dtype, sizes, data = ours[key]
        found = torch.tensor(safetensors_file.numbers(dtype, data)).view(sizes)
        difference, largest = (found - expected).abs().max().item(), expected.abs().max().item()
        good &= difference <= TOLERANCE * largest
        print(f"{name:<16}{key:<10}{str(list(sizes)):<20}{difference:12.3e}{largest:12.3e}")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--heteroakd", default="dotnet run -c Release --project src/HeteroAKD.Cli --", help="the program, as a command line")
    heteroakd = shlex.split(parser.parse_args().heteroakd)
    torch.manual_seed(1)
    print(f"{'network':<16}{'map':<10}{'shape':<20}{'max |diff|':>12}{'max |value|':>12}")
    good = True
    for make in (segformer, mobilenet):
        try:
            with tempfile.TemporaryDirectory() as folder:
                good &= compare(heteroakd, folder, make)
        except ImportError as error:
            print(f"{make.__name__} is left out: {error}")
    raise SystemExit(0 if good else f"a difference is above {TOLERANCE} of the largest value")


if __name__ == "__main__":
    main()
