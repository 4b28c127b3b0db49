"""Holds operations of heteroakd-device against PyTorch: outputs and gradients of `op NAME --grad` on tensors from a file.

The truth is PyTorch in float64 on the host. Ours may be off by FACTOR times what PyTorch's own float32 is, plus FLOOR, both relative to the largest element.
`--self-test` needs no PyTorch: it checks file format and program on results that are known in closed form.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import common
import safetensors_file

FACTOR = 3.0
FLOOR = 1e-5
AT_ONCE = 4
LONGEST_OP = 60
IGNORE_INDEX = 255


class Case:
    """An operation with its attributes, its inputs (name to tensor, float64 or int64) and the same function in PyTorch."""

    def __init__(self, op, function, inputs, attributes=(), gradients=None):
        self.op = op
        self.function = function
        self.inputs = inputs
        self.attributes = attributes
        self.gradients = gradients if gradients is not None else [name for name, value in inputs.items() if value.is_floating_point()]

    @property
    def name(self):
        shapes = " ".join("x".join(map(str, value.shape)) for value in self.inputs.values())
        return " ".join([self.op, shapes, *self.attributes])


def cases(torch):
    """A sample of operations; sizes are no multiples of anything."""
    import torch.nn.functional as F

    import losses
    import models

    generator = torch.Generator().manual_seed(1)

    def normal(*sizes):
        # Float32 numbers, so that every precision starts from the same.
        return torch.randn(*sizes, generator=generator, dtype=torch.float32).double()

    def positive(*sizes):
        return (torch.rand(*sizes, generator=generator, dtype=torch.float32) * 1.5 + 0.5).double()

    def target(classes, *sizes):
        drawn = torch.randint(classes, sizes, generator=generator)
        return drawn.masked_fill(torch.randint(12, sizes, generator=generator) == 0, IGNORE_INDEX)

    x4, other4 = normal(3, 5, 7, 9), normal(3, 5, 7, 9)
    result = [Case(op, getattr(torch, op, None) or getattr(F, op), {"input": x4}) for op in ("sigmoid", "tanh", "exp", "relu", "gelu", "silu")]
    result += [
        Case("log", torch.log, {"input": positive(4, 33)}),
        Case("add", torch.add, {"input": x4, "other": other4}),
        Case("mul", torch.mul, {"input": x4, "other": other4}),
        Case("div", torch.div, {"input": x4, "other": positive(3, 5, 7, 9)}),
        Case("matmul", torch.matmul, {"input": normal(129, 67), "other": normal(67, 93)}),
        Case("matmul", torch.matmul, {"input": normal(3, 33, 17), "other": normal(3, 17, 29)}),
        Case("linear", F.linear, {"input": normal(5, 37, 24), "weight": normal(48, 24), "bias": normal(48)}),
        Case("layer_norm", lambda x, w, b: F.layer_norm(x, w.shape, w, b, 1e-5), {"input": normal(5, 37, 33), "weight": normal(33), "bias": normal(33)}),
        Case("softmax", lambda x: x.softmax(1), {"input": normal(2, 19, 11, 13)}, ("dim=1",)),
        Case("softmax", lambda x: x.softmax(-1), {"input": normal(3, 7, 65)}),
        Case("log_softmax", lambda x: x.log_softmax(1), {"input": normal(2, 150, 5, 7)}, ("dim=1",)),
        Case("interpolate", lambda x: F.interpolate(x, size=(13, 17), mode="bilinear", align_corners=False), {"input": normal(2, 3, 5, 7)}, ("height=13", "width=17")),
        Case("max_pool2d", lambda x: F.max_pool2d(x, 3, 2, 1), {"input": x4}, ("kernel_size=3", "stride=2", "padding=1")),
        Case("adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, (3, 4)), {"input": x4}, ("height=3", "width=4")),
        Case("attention", lambda q, kv: models.attention(q, kv, 2), {"query": normal(2, 37, 64), "key_value": normal(2, 21, 128)}, ("heads=2",)),
    ]
    for channels, outputs, kernel, stride, dilation, groups in ((16, 24, 3, 1, 1, 1), (16, 24, 3, 1, 2, 1), (16, 24, 3, 2, 1, 1), (16, 16, 3, 1, 1, 16), (16, 24, 1, 1, 1, 1)):
        padding = dilation * (kernel // 2)
        result.append(
            Case(
                "conv2d",
                lambda x, w, b, s=stride, p=padding, d=dilation, g=groups: F.conv2d(x, w, b, s, p, d, g),
                {"input": normal(2, channels, 17, 19), "weight": normal(outputs, channels // groups, kernel, kernel), "bias": normal(outputs)},
                (f"stride={stride}", f"padding={padding}", f"dilation={dilation}", f"groups={groups}"),
            )
        )
    norm = {"input": normal(4, 6, 7, 9), "weight": normal(6), "bias": normal(6), "running_mean": torch.zeros(6).double(), "running_var": torch.ones(6).double()}
    result += [
        Case("batch_norm", lambda x, w, b, m, v: F.batch_norm(x, m.clone(), v.clone(), w, b, True), norm, ("training=true",), ["input", "weight", "bias"]),
        Case(
            "cross_entropy",
            lambda z, y: F.cross_entropy(losses.enlarge(z, y), y, ignore_index=IGNORE_INDEX),
            {"input": normal(2, 7, 4, 5), "target": target(7, 2, 16, 20)},
            (f"ignore_index={IGNORE_INDEX}",),
        ),
        Case("kd_loss", losses.pixel_kl, {"input": normal(2, 7, 9, 11), "teacher": normal(2, 7, 9, 11)}, (), ["input"]),
    ]
    for attributes, sizes in (((), (9, 11)), (("grid=label",), (36, 44))):
        result.append(
            Case(
                "heteroakd_loss",
                lambda s, t, y: losses.heteroakd(s, t, y, IGNORE_INDEX),
                {"input": normal(2, 7, 9, 11), "teacher": normal(2, 7, 9, 11), "target": target(7, 2, *sizes)},
                (f"ignore_index={IGNORE_INDEX}", *attributes),
            )
        )
    return result


def raw(torch, name, value):
    """A tensor as the file holds it: floats as float32, integers as int32."""
    dtype, code, pack = ("F32", torch.float32, safetensors_file.floats) if value.is_floating_point() else ("I32", torch.int32, safetensors_file.integers)
    return name, dtype, list(value.shape), pack(value.to(code).flatten().tolist())


def run_program(program, device, op, tensors, attributes, folder, gradients=True):
    """The results of `heteroakd-device op`; raises RuntimeError with what the program said."""
    source, target = os.path.join(folder, "in.safetensors"), os.path.join(folder, "out.safetensors")
    safetensors_file.write(source, tensors)
    command = [*program, "op", op, "--in", source, "--out", target, "--device", device]
    for attribute in attributes:
        command += ["--set", attribute]
    finished = subprocess.run(command + (["--grad"] if gradients else []), capture_output=True, text=True, timeout=LONGEST_OP, check=False)
    if finished.returncode != 0:
        raise RuntimeError((finished.stderr or finished.stdout).strip().splitlines()[-1] if (finished.stderr or finished.stdout).strip() else f"exit code {finished.returncode}")
    return safetensors_file.read(target)


def results_of(torch, case, upstream, dtype, device):
    """Output and gradients in PyTorch, as float64 on the host, and by name."""
    inputs = {}
    for name, value in case.inputs.items():
        moved = value.detach().to(device=device, dtype=dtype if value.is_floating_point() else value.dtype)
        inputs[name] = moved.requires_grad_() if name in case.gradients else moved
    output = case.function(*inputs.values())
    gradients = torch.autograd.grad(output, [inputs[name] for name in case.gradients], upstream.to(device=device, dtype=dtype).reshape(output.shape))
    found = {"output": output, **{f"grad.{name}": gradient for name, gradient in zip(case.gradients, gradients)}}
    return {name: value.detach().cpu().double() for name, value in found.items()}


def error(actual, expected):
    """Largest difference over the largest element."""
    scale = expected.abs().max().item()
    return ((actual - expected).abs().max() / (scale if scale > 0 else 1.0)).item()


def check(torch, case, program, device):
    """(name of the worst result, our error, PyTorch's float32 error, allowed), or a message."""
    with torch.no_grad():
        shape = case.function(*case.inputs.values()).shape
    upstream = torch.randn(shape, generator=torch.Generator().manual_seed(2), dtype=torch.float32).double()
    truth = results_of(torch, case, upstream, torch.float64, "cpu")
    single = results_of(torch, case, upstream, torch.float32, "cuda" if device == "cuda" and torch.cuda.is_available() else "cpu")
    tensors = [raw(torch, name, value) for name, value in case.inputs.items()] + [raw(torch, "grad.output", upstream.reshape(shape if len(shape) else (1,)))]
    try:
        with tempfile.TemporaryDirectory() as folder:
            ours = run_program(program, device, case.op, tensors, case.attributes, folder)
    except (RuntimeError, subprocess.TimeoutExpired) as problem:
        return str(problem)
    worst = None
    for name, expected in truth.items():
        if name not in ours:
            return f"the program wrote no {name}"
        dtype, _, data = ours[name]
        actual = torch.tensor(safetensors_file.numbers(dtype, data), dtype=torch.float64).reshape(expected.shape)
        figures = (name, error(actual, expected), error(single[name], expected))
        figures += (FACTOR * figures[2] + FLOOR,)
        if worst is None or not figures[1] / figures[3] <= worst[1] / worst[3]:
            worst = figures
    return worst


def compare(torch, program, device):
    """Rows for the report."""
    common.set_tf32(torch, False)
    listed = cases(torch)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(lambda case: check(torch, case, program, device), listed))
    rows = []
    for case, outcome in zip(listed, outcomes):
        if isinstance(outcome, str):
            rows.append({"case": case.name, "passed": False, "message": outcome})
        else:
            name, ours, theirs, allowed = outcome
            rows.append({"case": case.name, "passed": ours <= allowed, "worst": name, "ours": ours, "pytorch": theirs, "allowed": allowed})
    return rows


def table(rows):
    """The rows as aligned text."""
    width = max(len(row["case"]) for row in rows)
    lines = [f"{'operation'.ljust(width)}  {'worst result':<22}  {'ours':>8}  {'PyTorch':>8}  {'allowed':>8}"]
    for row in rows:
        if "message" in row:
            lines.append(f"{row['case'].ljust(width)}  FAILED: {row['message']}")
        else:
            lines.append(f"{row['case'].ljust(width)}  {row['worst']:<22}  {row['ours']:8.1e}  {row['pytorch']:8.1e}  {row['allowed']:8.1e}  {'ok' if row['passed'] else 'WRONG'}")
    return "\n".join(lines)


def self_test(program, device):
    """What is known without PyTorch; returns the failures."""
    failures = []

    def expect(what, actual, expected, tolerance):
        if len(actual) != len(expected) or not all(abs(a - e) <= tolerance for a, e in zip(actual, expected)):
            failures.append(f"{what}: {actual}, expected {expected}")

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.safetensors")
        safetensors_file.write(path, [("a", "F32", [2, 2], safetensors_file.floats([1, 2, 3, 4])), ("b", "I32", [3], safetensors_file.integers([5, -6, 7]))])
        back = safetensors_file.read(path)
        expect("file, floats", safetensors_file.numbers(back["a"][0], back["a"][2]), [1, 2, 3, 4], 0)
        expect("file, integers", safetensors_file.numbers(back["b"][0], back["b"][2]), [5, -6, 7], 0)
        if program:
            product = [("input", "F32", [2, 2], safetensors_file.floats([1, 2, 3, 4])), ("other", "F32", [2, 2], safetensors_file.floats([5, 6, 7, 8]))]
            product.append(("grad.output", "F32", [2, 2], safetensors_file.floats([1, 1, 1, 1])))
            found = run_program(program, device, "matmul", product, (), folder)
            expect("matmul", safetensors_file.numbers(*found["output"][::2]), [19, 22, 43, 50], 1e-5)
            expect("matmul, gradient", safetensors_file.numbers(*found["grad.input"][::2]), [11, 15, 11, 15], 1e-5)
            # The two pixels of docs/method.md, section 6.
            golden = [
                ("input", "F32", [1, 3, 1, 2], safetensors_file.floats([0.5, 0.2, 1.0, 2.5, -0.5, 0.1])),
                ("teacher", "F32", [1, 3, 1, 2], safetensors_file.floats([2.0, -0.3, -1.0, 0.8, 0.5, 1.7])),
                ("target", "I32", [1, 1, 2], safetensors_file.integers([0, 1])),
            ]
            found = run_program(program, device, "heteroakd_loss", golden, ("supervision=none",), folder)
            expect("heteroakd_loss", safetensors_file.numbers(*found["output"][::2]), [0.234163], 2e-6)
            halves = [-0.066927 / 2, -0.015104 / 2, 0.057267 / 2, 0.051644 / 2, 0.009660 / 2, -0.036540 / 2]
            expect("heteroakd_loss, gradient", safetensors_file.numbers(*found["grad.input"][::2]), halves, 2e-6)
    return failures


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default="", help="command that starts heteroakd-device")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--json", default=None, help="write the rows to this file")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args(arguments)
    program = shlex.split(options.program)
    if options.self_test:
        failures = self_test(program, options.device)
        print("\n".join(failures) if failures else "self-test passed")
        return 1 if failures else 0
    torch = common.torch_or_end("check_ops")
    rows = compare(torch, program, options.device)
    print(table(rows))
    bad = sum(not row["passed"] for row in rows)
    print(f"{len(rows) - bad} operations agree with PyTorch, {bad} do not")
    if options.json:
        common.write_json(options.json, {"factor": FACTOR, "floor": FLOOR, "rows": rows})
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
