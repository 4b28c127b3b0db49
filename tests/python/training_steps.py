"""Trains a student of this project in PyTorch, alone or with a teacher, from given weights on given batches, and writes what it logs and where it ends.

usage: training_steps.py FOLDER

reads   FOLDER/case.json     {"student", "teacher", "classes", "ignore_index", "terms": {NAME: {"weight", option...}}, "optimizer": {...}, "rates": [a rate a step]}
        FOLDER/start.pth     weights by the names that checkpoints have: student.*, teacher.*, and the projectors' auxiliary.*
        FOLDER/batches.pth   images.N [B, 3, H, W] and labels.N [B, H, W] for step N, which the last batch also serves
writes  FOLDER/result.pth    for float64: "STEP|NAME" of every logged value, "end|NAME" of the student's and the projectors' last weights; for each "allowed|...": what PyTorch's own
                             float32 is off by, relative to the largest element

A rounding that flips the sign in front of a ReLU changes gradients by more than roundings do, and when that happens is chance. Over several steps "allowed" is therefore the worst of
four trainings whose first weights differ in their last digits, of a logged value up to that step, and of the last weights together.
"""

import json
import pathlib
import re
import sys

import torch
import torch.nn.functional as F

import hakd

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench" / "reference"))
import models  # noqa: E402

FOLDER = pathlib.Path(sys.argv[1])
CASE = json.loads((FOLDER / "case.json").read_text())
START = torch.load(FOLDER / "start.pth")
DRAWS = 4
BATCHES = torch.load(FOLDER / "batches.pth")

# Our names of the tiny networks' layers in those of bench/reference/models.py.
RENAMES = [
    (r"^encoder\.stages\.(\d)\.patch_embed\.proj\.", r"encoder.embeddings.\1."), (r"^encoder\.stages\.(\d)\.patch_embed\.norm\.", r"encoder.first_norms.\1."),
    (r"^encoder\.stages\.(\d)\.norm\.", r"encoder.norms.\1."), (r"^encoder\.stages\.(\d)\.blocks\.(\d)\.(norm\d|attn|mlp)\.", r"encoder.blocks.\1.\2.\3."), (r"\.mlp\.", "."),
    (r"^encoder\.stem\.", "stem."), (r"^encoder\.stages\.(\d)\.blocks\.0\.", r"stages.\1."), (r"^head\.", ""),
]


def renamed(name):
    for pattern, replacement in RENAMES:
        name = re.sub(pattern, replacement, name)
    return name


class Network:
    """A network that shows its stages and the classifier's input."""

    def __init__(self, name, prefix, dtype):
        self.model = models.create(name, CASE["classes"])
        state = {renamed(n[len(prefix):]): t for n, t in START.items() if n.startswith(prefix)}
        missing = self.model.load_state_dict(state, strict=False).missing_keys
        if [n for n in missing if not n.endswith("num_batches_tracked")]:
            raise SystemExit(f"missing: {missing}")
        self.model.to(dtype)
        self.stages, self.head = [], None
        self.model.classifier.register_forward_pre_hook(lambda _, inputs: setattr(self, "head", inputs[0]))
        if hasattr(self.model, "stages"):
            for stage in self.model.stages:
                stage.register_forward_hook(lambda _, __, output: self.stages.append(output))
        else:
            self.model.encoder.register_forward_hook(lambda _, __, output: self.stages.extend(output))

    def __call__(self, images):
        self.stages.clear()
        return self.model(images)[0]


class Projectors(torch.nn.Module):
    """1x1 convolution and batch norm for each side of each pair, by the names of a checkpoint."""

    def __init__(self, dtype):
        super().__init__()
        self.pairs = {}
        for name in [n for n in START if n.startswith("auxiliary.") and n.endswith("conv.weight")]:
            place = name[: -len(".conv.weight")]
            weight = START[name]
            conv, norm = torch.nn.Conv2d(weight.shape[1], weight.shape[0], 1, bias=False), torch.nn.BatchNorm2d(weight.shape[0])
            conv.load_state_dict({"weight": weight})
            norm.load_state_dict({n: START[f"{place}.bn.{n}"] for n in ("weight", "bias", "running_mean", "running_var")}, strict=False)
            self.pairs[place] = torch.nn.Sequential(conv, norm)
            self.add_module(str(len(self.pairs)), self.pairs[place])
        self.to(dtype)

    def sides(self):
        """(teacher's, student's) pairs of modules, coarse maps last."""
        places = [p for p in self.pairs if p.endswith("teacher")]
        return [(self.pairs[p], self.pairs[p[: -len("teacher")] + "student"]) for p in places]


def terms(student, logits, teacher, target, projectors):
    """[(weight, loss)] of all terms, and what is logged."""
    found, values = [], {}
    theirs = None
    if teacher is not None:
        with torch.no_grad():
            theirs = teacher.logits
    for name, options in CASE["terms"].items():
        options = dict(options)
        weight = options.pop("weight")
        if name == "kd":
            tau = options.get("tau", 1.0)
            s, t = logits / tau, hakd.resized(theirs, logits.shape[-2:]) / tau
            pixels = s.numel() // s.shape[1]
            values["kd"] = tau**2 * F.kl_div(s.log_softmax(1), t.log_softmax(1), log_target=True, reduction="sum") / pixels
            found.append((weight, values["kd"]))
        elif name == "heteroakd":
            relu, features = options.pop("projector_relu", False), options.pop("features", "encoder")
            o = hakd.Options(lambda2=weight, ignore_index=CASE["ignore_index"], **options)
            sides = projectors.sides()
            losses = []
            for k, (for_teacher, for_student) in enumerate(sides):
                ours, other = (student.head, teacher.head) if features == "classifier" else (student.stages[k - len(sides)], teacher.stages[k - len(sides)])
                z_t, z_s = for_teacher(other), for_student(ours)
                loss, logged = hakd.loss(z_s.relu() if relu else z_s, z_t.relu() if relu else z_t, target, o)
                losses.append(loss)
            values.update(logged)
            found.append((1.0, sum(losses) / len(losses)))
        elif name == "at":
            ours, other = (m.pow(2).mean(1).flatten(1) for m in (student.head, hakd.resized(teacher.head, student.head.shape[-2:])))
            values["at"] = F.mse_loss(F.normalize(ours, dim=1), F.normalize(other, dim=1))
            found.append((weight, values["at"]))
        elif name == "cwdLogits":
            tau = options.get("tau", 4.0)
            s, t = (m.flatten(2) / tau for m in (logits, hakd.resized(theirs, logits.shape[-2:])))
            values["cwd_logits"] = tau**2 / (s.shape[0] * s.shape[1]) * F.kl_div(s.log_softmax(2), t.log_softmax(2), log_target=True, reduction="sum")
            found.append((weight, values["cwd_logits"]))
        else:
            raise SystemExit(f"no term {name}")
    return found, values


def groups(student, projectors, o):
    """Parameter groups: no decay on norms and biases where asked for; projectors at their multiple of the rate."""
    made = []
    for module, factor in ((student.model, 1.0), (projectors, o["projectorLrMultiplier"])):
        parameters = list(module.parameters())
        for plain in (True, False):
            chosen = [p for p in parameters if (p.dim() > 1) == plain]
            decay = o["weightDecay"] if plain or not o["noDecayOnNormsAndBiases"] else 0.0
            if chosen:
                made.append({"params": chosen, "weight_decay": decay, "factor": factor})
    return made


def optimizer(parameters, o):
    if o["kind"] == "adamW":
        return torch.optim.AdamW(parameters, lr=o["lr"], betas=tuple(o["betas"]), eps=o["eps"])
    return torch.optim.SGD(parameters, lr=o["lr"], momentum=o["momentum"], nesterov=o["nesterov"])


def train(dtype):
    o = CASE["optimizer"]
    student = Network(CASE["student"], "student.", dtype)
    teacher = Network(CASE["teacher"], "teacher.", dtype) if CASE["teacher"] else None
    projectors = Projectors(dtype)
    update = optimizer(groups(student, projectors, o), o)
    written = {}
    last = max(int(n.split(".")[1]) for n in BATCHES)
    for step, rate in enumerate(CASE["rates"]):
        images, target = (BATCHES[f"{kind}.{min(step, last)}"] for kind in ("images", "labels"))
        images, target = images.to(dtype), target.long()
        if teacher is not None:
            teacher.model.eval()
            with torch.no_grad():
                teacher.logits = teacher(images)
        logits = student(images)
        task = F.cross_entropy(hakd.resized(logits, target.shape[-2:]), target, ignore_index=CASE["ignore_index"])
        found, values = terms(student, logits, teacher, target, projectors)
        total = task + sum(w * v for w, v in found)
        update.zero_grad()
        total.backward()
        parameters = [p for g in update.param_groups for p in g["params"]]
        norm = torch.nn.utils.clip_grad_norm_(parameters, o["gradientClip"] or torch.inf)
        for group in update.param_groups:
            group["lr"] = rate * group["factor"]
        update.step()
        for name, value in {"loss": total, "ce": task, "grad_norm": norm, **values}.items():
            written[f"{step}|{name}"] = value.detach().double().reshape(1)
    state = student.model.state_dict()
    for name in [n for n in START if n.startswith("student.")]:
        written[f"end|{name}"] = state[renamed(name[len("student."):])].detach().double().clone()
    for place, pair in projectors.pairs.items():
        written[f"end|{place}.conv.weight"] = pair[0].weight.detach().double().clone()
        for name in ("weight", "bias", "running_mean", "running_var"):
            written[f"end|{place}.bn.{name}"] = getattr(pair[1], name).detach().double().clone()
    return written


def moved(tensor, generator):
    """The tensor with a random last digit."""
    signs = torch.randint(2, tensor.shape, generator=generator) * 2 - 1
    return tensor * (1 + signs * torch.finfo(torch.float32).eps) if tensor.is_floating_point() else tensor


def relative_errors(single, exact):
    return {name: ((single[name] - value).abs().max() / max(1e-3, value.abs().max().item())).item() for name, value in exact.items()}


def main():
    exact = train(torch.float64)
    errors = relative_errors(train(torch.float32), exact)
    if len(CASE["rates"]) > 1:
        given = dict(START)
        for draw in range(1, DRAWS):
            generator = torch.Generator().manual_seed(draw)
            START.update({name: moved(value, generator) for name, value in given.items()})
            moved_errors = relative_errors(train(torch.float32), train(torch.float64))
            errors = {name: max(error, moved_errors[name]) for name, error in errors.items()}
        worst = {}
        for name in errors:  # in the order of the steps
            kind = "end" if name.startswith("end|") else name.split("|")[1]
            worst[kind] = errors[name] = max(errors[name], worst.get(kind, 0.0))
        errors = {name: worst["end"] if name.startswith("end|") else error for name, error in errors.items()}
    result = {**exact, **{f"allowed|{name}": torch.tensor([error], dtype=torch.float64) for name, error in errors.items()}}
    torch.save(result, FOLDER / "result.pth")


main()
