"""What the scripts share: rows, PyTorch where it is installed, JSON files."""

import json
import os
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
NO_TORCH = "PyTorch is not installed for this python3"
EXIT_NO_TORCH = 4


def load_rows():
    """The rows of the benchmark, in the order of the report."""
    with open(os.path.join(FOLDER, "rows.json"), encoding="utf-8") as file:
        return json.load(file)


def sizes_of(row, small):
    """Sizes that a row has on a GPU, or the small ones."""
    return row["small" if small else "full"]


def import_torch():
    """(torch, None), or (None, why not)."""
    try:
        import torch
    except ImportError as error:
        return None, f"{NO_TORCH} ({error})"
    return torch, None


def torch_or_end(what):
    """torch; ends the process with a sentence where it is missing."""
    torch, reason = import_torch()
    if torch is None:
        print(f"{what}: {reason}", file=sys.stderr)
        sys.exit(EXIT_NO_TORCH)
    return torch


def set_tf32(torch, on):
    """Products and convolutions of float32 tensors in TF32, or not, by the newer of the interfaces that this PyTorch has: it refuses to see both used."""
    matmul, conv = torch.backends.cuda.matmul, getattr(torch.backends.cudnn, "conv", None)
    if hasattr(matmul, "fp32_precision") and hasattr(conv, "fp32_precision"):
        matmul.fp32_precision = conv.fp32_precision = "tf32" if on else "ieee"
    else:
        matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = on


def write_json(path, value):
    """Writes a file whole or not at all: a script may be ended by its time limit."""
    partial = path + ".partial"
    with open(partial, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
        file.write("\n")
    os.replace(partial, path)


def read_json(path):
    """A file's content, or None where it is missing or broken."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None
