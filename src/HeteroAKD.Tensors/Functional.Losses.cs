using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors;

/// <content>Losses, and what their terms are made of.</content>
public static partial class Functional
{
    /// <summary>
    /// Cross-entropy of logits [N, C, h, w] and labels [N, H, W] int32, weighted by class, a mean over labelled pixels → [1]. Logits of another size than the
    /// labels are sampled bilinearly.
    /// </summary>
    /// <param name="input">[N, C, h, w] logits.</param>
    /// <param name="target">[N, H, W] int32 labels.</param>
    /// <param name="weight">[C], or null for equal weights.</param>
    /// <param name="ignoreIndex">Label without a loss.</param>
    /// <param name="labelSmoothing">Share of the target that is spread over all classes.</param>
    /// <param name="alignCorners">How logits of another size are sampled.</param>
    public static Tensor CrossEntropy(
        Tensor input, Tensor target, Tensor? weight = null, int ignoreIndex = -100, float labelSmoothing = 0, bool alignCorners = false) =>
        Losses.CrossEntropy.Apply(
            new CrossEntropyAttributes { IgnoreIndex = ignoreIndex, LabelSmoothing = labelSmoothing, AlignCorners = alignCorners }, input, target, weight);

    /// <summary>KL(softmax(target/tau) ‖ softmax(input/tau)) over the last dimension. input, target [..., C] → [...]; no gradient flows into target.</summary>
    public static Tensor SoftmaxKl(Tensor input, Tensor target, float tau = 1) => Ops.SoftmaxKl.Row.Apply(new SoftmaxKlAttributes(tau), input, target);

    /// <summary>Sums of absolute differences between all pairs of vectors (<c>torch.cdist</c> with p = 1). x1 [B, P, d], x2 [B, R, d] → [B, P, R].</summary>
    public static Tensor Cdist(Tensor x1, Tensor x2) => CityBlock.Row.Apply(default, x1, x2);

    /// <summary>
    /// Pearson's correlation over the channels of each pixel, or <paramref name="perChannel"/> over all pixels of the batch. input, target [N, C, ...] → [N,
    /// ...] or [C]; no gradient flows into target.
    /// </summary>
    public static Tensor PearsonCorrcoef(Tensor input, Tensor target, bool perChannel = false, float eps = 1e-8f) =>
        Pearson.Row.Apply(new PearsonAttributes(perChannel, eps), input, target);

    /// <summary>Plain distillation, τ² · mean KL(softmax(teacher/τ) ‖ softmax(input/τ)) → [1]; paper Eq. 1.</summary>
    /// <param name="input">[N, C, h, w] logits of the student.</param>
    /// <param name="teacher">[N, C, h', w'] logits; constant in the gradient.</param>
    /// <param name="target">[N, H, W] int32: pixels that it ignores are left out; or null.</param>
    /// <param name="weight">[C], or null for equal weights.</param>
    /// <param name="attributes">Temperature and ignored label; null for the defaults.</param>
    public static Tensor KdLoss(Tensor input, Tensor teacher, Tensor? target = null, Tensor? weight = null, KdAttributes? attributes = null) =>
        Losses.Kd.Apply(attributes ?? new KdAttributes(), input, teacher, target, weight);

    /// <summary>λ2 · L_hakd and the supervision of both projectors → [1]; paper Eq. 5-10.</summary>
    /// <param name="input">[N, C, h, w] projected logits of the student.</param>
    /// <param name="teacher">[N, C, h', w'] projected logits of the teacher.</param>
    /// <param name="target">[N, H, W] int32 labels.</param>
    /// <param name="weight">[C] class weights of L_hakd, or null for equal weights.</param>
    /// <param name="attributes">Readings of the equations and weights; null for the defaults.</param>
    public static Tensor HeteroAkdLoss(Tensor input, Tensor teacher, Tensor target, Tensor? weight = null, HeteroAkdAttributes? attributes = null) =>
        HeteroAkd.Row.Apply(attributes ?? new HeteroAkdAttributes(), input, teacher, target, weight);

    /// <summary>
    /// target [N, H, W] int32 with the class of the largest softmax(input) at each unlabelled pixel where that probability is at least the threshold. Logits of
    /// another size than the labels are sampled bilinearly. Not differentiable.
    /// </summary>
    /// <param name="input">[N, C, h, w] logits.</param>
    /// <param name="target">[N, H, W] int32 labels.</param>
    /// <param name="threshold">In (0, 1].</param>
    /// <param name="unlabelled">Label of the pixels that may get a class.</param>
    /// <param name="alignCorners">How logits of another size are sampled.</param>
    public static Tensor PseudoLabels(Tensor input, Tensor target, float threshold = 0.9f, int unlabelled = -2, bool alignCorners = false) =>
        Ops.PseudoLabels.Row.Apply(new PseudoLabelsAttributes(threshold, unlabelled, alignCorners), input, target);

    /// <summary>
    /// Labels as planes of zeros and ones on the grid of a map (<c>torch.nn.functional.one_hot</c> of the nearest label, classes first); no gradient flows.
    /// </summary>
    /// <param name="input">[N, d, h, w], of which grid and float type count.</param>
    /// <param name="target">[N, H, W] int32.</param>
    /// <param name="numClasses">C.</param>
    /// <param name="ignoreIndex">Label that is none; so is an id outside the classes.</param>
    /// <returns>[N, C, h, w].</returns>
    public static Tensor OneHot(Tensor input, Tensor target, int numClasses, int ignoreIndex = -100) =>
        Ops.OneHot.Row.Apply(new OneHotAttributes(numClasses, ignoreIndex), input, target);

    /// <summary>
    /// Features of random pixels of each class, at most one from each of <paramref name="count"/> stretches of an image; zeros where a stretch has none. No
    /// gradient flows.
    /// </summary>
    /// <param name="input">[N, P, d].</param>
    /// <param name="mask">[N, C, P], above ½ where a pixel belongs to the class.</param>
    /// <param name="count">K.</param>
    /// <param name="key">Names the random stream.</param>
    /// <param name="counter">[1] int32 that names it too, or null.</param>
    /// <returns>[N, C, K, d].</returns>
    public static Tensor SamplePixels(Tensor input, Tensor mask, int count = 16, int key = 0, Tensor? counter = null) =>
        Sampling.Pixels.Apply(new SamplePixelsAttributes(count, key), input, mask, counter);

    /// <summary>Writes entries into random slots of a bank, in place, then reads random slots of it. No gradient flows.</summary>
    /// <param name="bank">[C, slots, d], changed.</param>
    /// <param name="input">[N, C, K, d].</param>
    /// <param name="valid">[N, C, K], above ½ where an entry is written.</param>
    /// <param name="samples">Slots of each class that are read.</param>
    /// <param name="key">Names the random stream.</param>
    /// <param name="counter">[1] int32 that names it too, or null.</param>
    /// <returns>[C, samples, d].</returns>
    public static Tensor MemoryBank(Tensor bank, Tensor input, Tensor valid, int samples, int key = 0, Tensor? counter = null) =>
        Sampling.MemoryBank.Apply(new MemoryBankAttributes(samples, key), bank, input, valid, counter);

    /// <summary>
    /// input / ‖input‖₂ along a dimension (<c>torch.nn.functional.normalize</c>). Where PyTorch divides by at least eps, ε² is added under the root: the same
    /// but near zero, and smooth there.
    /// </summary>
    public static Tensor Normalize(Tensor input, int dim, float eps = 1e-12f) => Div(input, Sqrt(Add(Sum(Square(input), dim, keepdim: true), eps * eps)));

    /// <summary>Mean of squared differences (<c>torch.nn.functional.mse_loss</c>), [1].</summary>
    public static Tensor MseLoss(Tensor input, Tensor target) => Mean(Square(Sub(input, target)));

    /// <summary>Cosine of the angle between two tensors along a dimension, which goes (<c>torch.nn.functional.cosine_similarity</c>).</summary>
    public static Tensor CosineSimilarity(Tensor x1, Tensor x2, int dim, float eps = 1e-8f) => Sum(Mul(Normalize(x1, dim, eps), Normalize(x2, dim, eps)), dim);
}
