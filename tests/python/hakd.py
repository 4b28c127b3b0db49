"""The loss of HeteroAKD with all its options, composed of PyTorch's operations and differentiated by it: the equations of docs/method.md 2 and 3 as they stand there."""

import dataclasses

import torch
import torch.nn.functional as F


@dataclasses.dataclass
class Options:
    """Names and values are those of `heteroakd op heteroakd_loss`."""

    axis: str = "class"
    form: str = "ce"
    tau: float = 1.0
    scale_tau2: bool = False
    reliability: str = "bce"
    detach: bool = True
    supervision: str = "bce"
    lambda2: float = 1.0
    supervision_weight: float = 1.0
    grid: str = "student"
    ignore_index: int = -100
    reduction: str = "pixel"
    mixing: bool = True
    weighting: bool = True
    weight_scale: str = "one"


def resized(logits, size):
    """Bilinear, corner pixels apart; the logits themselves where they have the size."""
    return logits if logits.shape[-2:] == size else F.interpolate(logits, size=size, mode="bilinear", align_corners=False)


def on_grid(student, teacher, target, grid):
    """Both maps of logits and the labels on the working grid; labels nearest to a pixel's centre."""
    if grid == "label":
        return resized(student, target.shape[-2:]), resized(teacher, target.shape[-2:]), target
    size = student.shape[-2:]
    labels = F.interpolate(target[:, None].double(), size=size, mode="nearest-exact")[:, 0].long() if target.shape[-2:] != size else target
    return student, resized(teacher, size), labels


def unreliability(logits, truth, kind):
    """H of Eq. 5, [N, C, H, W]."""
    if kind == "bce":
        return F.softplus(logits) - logits * truth
    return -(logits.log_softmax(1) * truth).sum(1, keepdim=True).expand_as(logits)


def importance(excess, mask, o):
    """W of Eq. 9 over the classes of a pixel, or over the valid pixels of an image."""
    pixels = mask.sum((2, 3), keepdim=True)
    if o.axis == "class":
        weights = excess.softmax(1) if o.weighting else torch.full_like(excess, 1 / excess.shape[1])
        return weights * (excess.shape[1] if o.weight_scale == "classes" else 1)
    masked = excess.masked_fill(mask == 0, -torch.inf).flatten(2)
    weights = masked.softmax(2).view_as(excess) if o.weighting else mask / pixels.clamp_min(1)
    weights = torch.where(mask > 0, weights, torch.zeros_like(weights)).expand_as(excess)
    return weights * (pixels if o.weight_scale == "classes" else 1)


def divergence(weights, hybrid, student, o):
    """Sum over the classes of Eq. 10, [N, H, W], and KL(q ‖ p)."""
    x, y = hybrid / o.tau, student / o.tau
    if o.form == "binary":
        each = x.sigmoid() * (F.logsigmoid(x) - F.logsigmoid(y)) + (-x).sigmoid() * (F.logsigmoid(-x) - F.logsigmoid(-y))
        return (weights * each).sum(1), each.sum(1)
    q, log_q, log_p = x.softmax(1), x.log_softmax(1), y.log_softmax(1)
    kl = (q * (log_q - log_p)).sum(1)
    return ((-weights * q * log_p).sum(1) if o.form == "ce" else (weights * q * (log_q - log_p)).sum(1)), kl


def loss(student, teacher, target, o, weight=None):
    """The loss, and what a run logs beside it. student, teacher: [N, C, h, w]; target: [N, H, W], int64; weight: [C] or None."""
    student, teacher, target = on_grid(student, teacher, target, o.grid)
    classes = student.shape[1]
    valid = (target >= 0) & (target < classes) & (target != o.ignore_index)
    mask = valid[:, None].to(student.dtype)
    count = mask.sum()
    labels = target.masked_fill(~valid, 0)
    truth = F.one_hot(labels, classes).permute(0, 3, 1, 2).to(student.dtype)
    teacher_h, student_h = unreliability(teacher, truth, o.reliability), unreliability(student, truth, o.reliability)
    share = student_h / (teacher_h + student_h)
    hybrid = share * teacher + (1 - share) * student if o.mixing else teacher
    excess = student_h + (student_h - unreliability(hybrid, truth, o.reliability)).clamp_min(0)
    weights = importance(excess, mask, o)
    if o.detach:
        weights, hybrid = weights.detach(), hybrid.detach()
    pixels, kl = divergence(weights, hybrid, student, o)
    own = torch.ones_like(labels, dtype=student.dtype) if weight is None else weight[labels]
    units = (own * mask[:, 0]).sum() * (classes if o.reduction == "element" else 1)
    hakd = (pixels * own * mask[:, 0]).sum() / units * (o.tau**2 if o.scale_tau2 else 1)
    taught = [supervision(z, truth, mask, count, o) for z in (teacher, student)]
    total = o.lambda2 * hakd + o.supervision_weight * sum(taught)

    def mean(values):
        return (values * mask).sum() / count / values.shape[1]

    return total, {
        "hakd": hakd, "projector_teacher": taught[0], "projector_student": taught[1], "kl_hybrid": mean(kl[:, None]), "share": mean(share),
        "unreliability_teacher": mean(teacher_h), "unreliability_student": mean(student_h),
    }


def supervision(logits, truth, mask, count, o):
    """P of Eq. 11 for one of the projectors."""
    if o.supervision == "none":
        return torch.zeros((), dtype=logits.dtype)
    if o.supervision == "bce":
        return (unreliability(logits, truth, "bce") * mask).sum() / count / logits.shape[1]
    return (-(logits.log_softmax(1) * truth).sum(1, keepdim=True) * mask).sum() / count
