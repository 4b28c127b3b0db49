using HeteroAKD.Bench.Libtorch.Models;
using HeteroAKD.Kernels.Losses;
using HeteroAKD.Tensors.Ops;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace HeteroAKD.Bench.Libtorch;

/// <summary>The losses as one composes them from libtorch's operations: what the fused kernels are measured against.</summary>
internal static class DistillationLosses
{
    /// <summary>
    /// HeteroAKD (paper Eq. 5-10), preset "practical": what is not trained is computed without recording; both projectors are supervised.
    /// </summary>
    /// <param name="student">[N, C, H, W] projected logits.</param>
    /// <param name="teacher">[N, C, H, W] projected logits.</param>
    /// <param name="labels">[N, H, W] int64.</param>
    /// <param name="ignoreIndex">Label of pixels left out.</param>
    public static torch.Tensor HeteroAkd(torch.Tensor student, torch.Tensor teacher, torch.Tensor labels, long ignoreIndex)
    {
        long classes = student.shape[1];
        torch.Tensor valid = labels.ne(ignoreIndex); // [N, H, W]
        torch.Tensor truth = OneHot(labels.mul(valid), classes, student.dtype); // [N, C, H, W]
        torch.Tensor mask = valid.to(student.dtype);
        torch.Tensor count = mask.sum();

        torch.Tensor teacherBce = BceWithLogits(teacher, truth); // H_t, Eq. 5
        torch.Tensor studentBce = BceWithLogits(student, truth); // H_s
        torch.Tensor target; // [N, C, H, W] W · q
        using (torch.no_grad())
        {
            torch.Tensor share = studentBce / (teacherBce + studentBce); // S, Eq. 6
            torch.Tensor hybrid = torch.lerp(student, teacher, share); // Ẑ, Eq. 7
            torch.Tensor discrepancy = (studentBce - BceWithLogits(hybrid, truth)).relu_(); // ΔH, Eq. 8
            torch.Tensor weight = (studentBce + discrepancy).softmax(1); // W, Eq. 9
            target = weight.mul_(hybrid.softmax(1));
        }

        torch.Tensor distillation = (target * student.log_softmax(1)).sum(1).neg(); // [N, H, W], Eq. 10
        torch.Tensor supervision = (teacherBce + studentBce).sum(1) / classes; // [N, H, W]
        return ((distillation + supervision) * mask).sum() / count;
    }

    /// <summary>
    /// The loss taken apart: the target is z_t unless <paramref name="mixing"/>, classes weigh the same unless <paramref name="weighting"/>, and each class is
    /// held against the rest by itself if <paramref name="binary"/>.
    /// </summary>
    public static torch.Tensor HeteroAkdParts(
        torch.Tensor student, torch.Tensor teacher, torch.Tensor labels, long ignoreIndex, bool mixing, bool weighting, bool binary)
    {
        long classes = student.shape[1];
        torch.Tensor valid = labels.ne(ignoreIndex); // [N, H, W]
        torch.Tensor truth = OneHot(labels.mul(valid), classes, student.dtype); // [N, C, H, W]
        torch.Tensor mask = valid.to(student.dtype);
        torch.Tensor teacherBce = BceWithLogits(teacher, truth); // H_t
        torch.Tensor studentBce = BceWithLogits(student, truth); // H_s
        torch.Tensor hybrid; // [N, C, H, W]
        torch.Tensor weight; // [N, C, H, W]
        using (torch.no_grad())
        {
            hybrid = mixing ? torch.lerp(student, teacher, studentBce / (teacherBce + studentBce)) : teacher.detach();
            weight = weighting
                ? (studentBce + (studentBce - BceWithLogits(hybrid, truth)).relu_()).softmax(1)
                : torch.full_like(student, 1.0 / classes);
        }

        // KL of two Bernoullis by their logits: softplus(y) - softplus(x) + σ(x)·(x - y).
        torch.Tensor divergence = binary
            ? F.softplus(student) - F.softplus(hybrid) + (hybrid.sigmoid() * (hybrid - student))
            : -(hybrid.softmax(1) * student.log_softmax(1));
        torch.Tensor supervision = (teacherBce + studentBce).sum(1) / classes; // [N, H, W]
        return (((weight * divergence).sum(1) + supervision) * mask).sum() / mask.sum();
    }

    /// <summary>The published loss on the label grid: both maps of logits are enlarged to the labels' size first.</summary>
    public static torch.Tensor HeteroAkdOnLabelGrid(torch.Tensor student, torch.Tensor teacher, torch.Tensor labels, long ignoreIndex) =>
        HeteroAkd(Enlarge(student, labels), Enlarge(teacher, labels), labels, ignoreIndex);

    /// <summary>Mean over pixels of KL(softmax(teacher) ‖ softmax(student)), temperature 1. Logits [N, C, H, W].</summary>
    public static torch.Tensor PixelKl(torch.Tensor student, torch.Tensor teacher)
    {
        long pixels = student.numel() / student.shape[1];
        return F.kl_div(student.log_softmax(1), teacher.log_softmax(1), log_target: true, torch.nn.Reduction.Sum) / pixels;
    }

    /// <summary>
    /// The same with its options, every pixel labelled or left out: the mean of v · KL(softmax(target) ‖ softmax(student)), what is not trained computed
    /// without recording.
    /// </summary>
    /// <param name="student">[N, C, H, W] logits.</param>
    /// <param name="teacher">[N, C, H, W] logits.</param>
    /// <param name="labels">[N, H, W] int64.</param>
    /// <param name="options">Pixels (all, or those where the teacher is right), weights and target; temperature 1.</param>
    public static torch.Tensor TargetedKl(torch.Tensor student, torch.Tensor teacher, torch.Tensor labels, in KdAttributes options)
    {
        torch.Tensor logStudent = student.log_softmax(1);
        torch.Tensor logTarget; // [N, C, H, W]
        torch.Tensor weight; // [N, H, W]
        using (torch.no_grad())
        {
            torch.Tensor valid = labels.ne(options.IgnoreIndex);
            torch.Tensor index = labels.mul(valid).unsqueeze(1); // [N, 1, H, W]
            torch.Tensor target = options.TargetLogits switch
            {
                TargetLogits.Mixed => Mixed(student, logStudent, teacher, index),
                TargetLogits.Corrected => Corrected(teacher, index),
                _ => teacher,
            };
            logTarget = target.log_softmax(1);
            weight = (options.Where == DistilledPixels.TeacherRight ? valid.logical_and(teacher.argmax(1).eq(labels)) : valid).to(student.dtype);
            weight = options.PixelWeight == PixelWeighting.Confidence ? weight.mul_(teacher.softmax(1).amax([1])) : weight;
        }

        torch.Tensor divergence = F.kl_div(logStudent, logTarget, log_target: true, torch.nn.Reduction.None).sum(1); // [N, H, W]
        return (divergence * weight).sum() / weight.sum();
    }

    /// <summary>Cross-entropy of logits [N, C, h, w] enlarged to the labels [N, H, W].</summary>
    public static torch.Tensor CrossEntropy(torch.Tensor logits, torch.Tensor labels, long ignoreIndex) =>
        F.cross_entropy(Enlarge(logits, labels), labels, ignore_index: ignoreIndex);

    /// <summary>Labels [N, H, W] on the grid of a map, each the one nearest to the pixel's centre (PyTorch's <c>nearest-exact</c>).</summary>
    public static torch.Tensor NearestLabels(torch.Tensor labels, torch.Tensor map)
    {
        torch.Tensor Centres(int labelDimension, int mapDimension)
        {
            (long size, long grid) = (labels.shape[labelDimension], map.shape[mapDimension]);
            return torch.tensor(Enumerable.Range(0, (int)grid).Select(i => ((2 * i) + 1) * size / (2 * grid)).ToArray());
        }

        return labels.index_select(1, Centres(1, 2)).index_select(2, Centres(2, 3));
    }

    /// <summary>L_task: cross-entropy on the label grid, and the auxiliary head's where there is one.</summary>
    public static torch.Tensor Task(in TorchOutput output, torch.Tensor labels, long ignoreIndex, double auxWeight)
    {
        torch.Tensor loss = CrossEntropy(output.Logits, labels, ignoreIndex);
        return output.Auxiliary is { } auxiliary ? loss + (auxWeight * CrossEntropy(auxiliary, labels, ignoreIndex)) : loss;
    }

    // S·z_t + (1 - S)·z_s, S from the cross-entropies of both at the label.
    private static torch.Tensor Mixed(torch.Tensor student, torch.Tensor logStudent, torch.Tensor teacher, torch.Tensor index)
    {
        torch.Tensor studentEntropy = logStudent.gather(1, index);
        torch.Tensor teacherEntropy = teacher.log_softmax(1).gather(1, index);
        return torch.lerp(student, teacher, studentEntropy / (studentEntropy + teacherEntropy));
    }

    // The logits of the prediction and of the label exchanged.
    private static torch.Tensor Corrected(torch.Tensor teacher, torch.Tensor index)
    {
        torch.Tensor predicted = teacher.argmax(1, keepdim: true);
        return teacher.scatter(1, predicted, teacher.gather(1, index)).scatter_(1, index, teacher.gather(1, predicted));
    }

    private static torch.Tensor Enlarge(torch.Tensor map, torch.Tensor labels) =>
        F.interpolate(map, size: [labels.shape[1], labels.shape[2]], mode: torch.InterpolationMode.Bilinear, align_corners: false);

    // softplus(z) - z·y: three operations where binary_cross_entropy_with_logits composes six.
    private static torch.Tensor BceWithLogits(torch.Tensor logits, torch.Tensor truth) => F.softplus(logits) - (logits * truth);

    private static torch.Tensor OneHot(torch.Tensor labels, long classes, torch.ScalarType type)
    {
        torch.Tensor index = labels.unsqueeze(1); // [N, 1, H, W]
        long[] sizes = [index.shape[0], classes, index.shape[2], index.shape[3]];
        return torch.zeros(sizes, type).scatter_(1, index, torch.ones_like(index).to(type));
    }
}
