"""The distillation losses in PyTorch: the formulas of docs/method.md, preset "practical", as one composes them and in forms that hold less memory.

input: projected logits of the student, teacher: those of the teacher, both [N, C, h, w]; target: labels [N, H, W], int64.
"""

import torch
import torch.nn.functional as F


def enlarge(logits, target):
    """Logits at the labels' size; the logits themselves where they have it."""
    size = target.shape[-2:]
    return logits if logits.shape[-2:] == size else F.interpolate(logits, size=size, mode="bilinear", align_corners=False)


def one_hot(target, classes, ignore_index, dtype):
    """(labels as zeros and ones [N, C, H, W], which pixels count [N, H, W])."""
    valid = target != ignore_index
    index = (target * valid).unsqueeze(1)
    sizes = (index.shape[0], classes, index.shape[2], index.shape[3])
    return torch.zeros(sizes, dtype=dtype, device=target.device).scatter_(1, index, 1.0), valid


def unreliability(logits, truth):
    """H, Eq. 5: binary cross-entropy of each class against the rest."""
    return F.softplus(logits) - logits * truth


def importance(student, teacher, student_h, teacher_h, truth):
    """W · q of Eq. 6 to 9, which count as constants."""
    share = student_h / (teacher_h + student_h)
    hybrid = torch.lerp(student, teacher, share)
    discrepancy = (student_h - unreliability(hybrid, truth)).clamp_min(0)
    return (student_h + discrepancy).softmax(1) * hybrid.softmax(1)


def heteroakd(student, teacher, target, ignore_index=255):
    """L_hakd and the supervision of both projectors; both maps of logits are enlarged to the labels first, where those are larger."""
    student, teacher = enlarge(student, target), enlarge(teacher, target)
    classes = student.shape[1]
    truth, valid = one_hot(target, classes, ignore_index, student.dtype)
    teacher_h, student_h = unreliability(teacher, truth), unreliability(student, truth)
    with torch.no_grad():
        weighted = importance(student, teacher, student_h, teacher_h, truth)
    distillation = -(weighted * student.log_softmax(1)).sum(1)
    supervision = (teacher_h + student_h).sum(1) / classes
    mask = valid.to(student.dtype)
    return ((distillation + supervision) * mask).sum() / mask.sum()


def pixel_kl(student, teacher):
    """Mean over pixels of KL(softmax(teacher) ‖ softmax(student))."""
    pixels = student.numel() // student.shape[1]
    return F.kl_div(student.log_softmax(1), teacher.log_softmax(1), log_target=True, reduction="sum") / pixels


class ChunkedHeteroAkd(torch.autograd.Function):
    """The same loss image by image, its gradients written down instead of recorded: the memory of one image's maps, not of all."""

    @staticmethod
    def forward(ctx, student, teacher, target, ignore_index):
        classes = student.shape[1]
        count = (target != ignore_index).sum().to(student.dtype)
        gradients = torch.empty_like(student), torch.empty_like(teacher)
        total = torch.zeros((), dtype=student.dtype, device=student.device)
        for n in range(student.shape[0]):
            label = target[n : n + 1]
            small = student[n : n + 1].detach(), teacher[n : n + 1].detach()
            s, t = enlarge(small[0], label), enlarge(small[1], label)
            truth, valid = one_hot(label, classes, ignore_index, s.dtype)
            mask = valid.unsqueeze(1).to(s.dtype)
            teacher_h, student_h = unreliability(t, truth), unreliability(s, truth)
            weighted = importance(s, t, student_h, teacher_h, truth)
            log_p = s.log_softmax(1)
            total += ((student_h.add_(teacher_h).div_(classes) - weighted * log_p) * mask).sum()
            d_s = log_p.exp_().mul_(weighted.sum(1, keepdim=True)).sub_(weighted)
            d_s.add_(torch.sigmoid(s).sub_(truth).div_(classes)).mul_(mask).div_(count)
            d_t = torch.sigmoid(t).sub_(truth).mul_(mask).div_(classes * count)
            gradients[0][n : n + 1] = reduced(d_s, small[0])
            gradients[1][n : n + 1] = reduced(d_t, small[1])
        ctx.save_for_backward(*gradients)
        return total / count

    @staticmethod
    def backward(ctx, upstream):
        student, teacher = ctx.saved_tensors
        return student * upstream, teacher * upstream, None, None


class ChunkedPixelKl(torch.autograd.Function):
    """The same loss image by image, its gradient written down."""

    @staticmethod
    def forward(ctx, student, teacher):
        pixels = student.numel() // student.shape[1]
        gradient = torch.empty_like(student)
        total = torch.zeros((), dtype=student.dtype, device=student.device)
        for n in range(student.shape[0]):
            log_p, log_q = student[n : n + 1].log_softmax(1), teacher[n : n + 1].log_softmax(1)
            q = log_q.exp()
            total += (q * (log_q - log_p)).sum()
            gradient[n : n + 1] = log_p.exp_().sub_(q).div_(pixels)
        ctx.save_for_backward(gradient)
        return total / pixels

    @staticmethod
    def backward(ctx, upstream):
        (gradient,) = ctx.saved_tensors
        return gradient * upstream, None


def reduced(gradient, small):
    """The gradient of an enlarged map as that of the map."""
    if gradient.shape == small.shape:
        return gradient
    with torch.enable_grad():
        leaf = small.clone().requires_grad_()
        large = F.interpolate(leaf, size=gradient.shape[-2:], mode="bilinear", align_corners=False)
        return torch.autograd.grad(large, leaf, gradient)[0]


def heteroakd_chunked(student, teacher, target, ignore_index=255):
    """See ChunkedHeteroAkd."""
    return ChunkedHeteroAkd.apply(student, teacher, target, ignore_index)


def pixel_kl_chunked(student, teacher):
    """See ChunkedPixelKl."""
    return ChunkedPixelKl.apply(student, teacher)
