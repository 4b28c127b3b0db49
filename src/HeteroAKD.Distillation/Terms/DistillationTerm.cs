using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation.Terms;

/// <summary>What a term reads of both networks and of the batch.</summary>
[Flags]
public enum TermReads
{
    /// <summary>The networks' own logits.</summary>
    Logits = 1,

    /// <summary>The classifier's input, <see cref="SegmentationOutput.HeadFeature"/>.</summary>
    ClassifierInput = 2,

    /// <summary>Maps of the encoder's stages, <see cref="SegmentationOutput.Features"/>.</summary>
    EncoderStages = 4,

    /// <summary>The labels.</summary>
    Labels = 8,
}

/// <summary>What a term gets in every step.</summary>
/// <param name="Teacher">The frozen teacher's output; no gradient flows into it.</param>
/// <param name="Student">The student's output.</param>
/// <param name="Labels">[N, H, W] int32; an id outside the classes is no label.</param>
/// <param name="Pass">The training pass.</param>
public readonly record struct TermInputs(SegmentationOutput Teacher, SegmentationOutput Student, Tensor Labels, Pass Pass)
{
    /// <summary>Both classifiers' inputs in float32 on the student's grid, [N, d, h, w] with each network's own d.</summary>
    public (Tensor Student, Tensor Teacher) HeadFeatures() => OnStudentsGrid(Student.HeadFeature, Teacher.HeadFeature);

    /// <summary>Both networks' logits in float32 on the student's grid, [N, C, h, w].</summary>
    public (Tensor Student, Tensor Teacher) Logits() => OnStudentsGrid(Student.Logits, Teacher.Logits);

    private static (Tensor Student, Tensor Teacher) OnStudentsGrid(Tensor student, Tensor teacher) =>
        (Functional.To(student, DType.Float32), Functional.ResizeTo(Functional.To(teacher, DType.Float32), student));
}

/// <summary>What a term is built from.</summary>
/// <param name="Teacher">The network distilled from, for its channels.</param>
/// <param name="Student">The network distilled into, for its channels.</param>
/// <param name="Weight">The term's weight in the sum.</param>
/// <param name="Site">Where the term builds modules of its own; named after the term.</param>
/// <param name="IgnoreIndex">Label that counts nowhere.</param>
/// <param name="ClassWeights">[C] class weights of the task loss, or null for ones.</param>
public sealed record TermSetup(SegmentationModel Teacher, SegmentationModel Student, float Weight, Site Site, int IgnoreIndex, Tensor? ClassWeights);

/// <summary>
/// One loss between a teacher and a student: a class with a record of options (<see cref="TermOptions"/>) and a row in <see cref="TermTable"/>.
/// A distillation is the task loss plus a weighted sum of terms.
/// </summary>
public abstract class DistillationTerm(TermSetup setup) : IDisposable
{
    /// <summary>What it reads.</summary>
    public abstract TermReads Reads { get; }

    /// <summary>Whether it learns nothing from an image without labels, which carries <see cref="Batch.Unlabelled"/>.</summary>
    public virtual bool NeedsLabels => Reads.HasFlag(TermReads.Labels);

    /// <summary>
    /// Names of the values that <see cref="Loss"/> reports, in order: the unweighted loss first, then diagnostics. They are columns of <c>metrics.csv</c>.
    /// </summary>
    public abstract IReadOnlyList<string> ValueNames { get; }

    /// <summary>Those of <see cref="ValueNames"/> that a chart of losses shows.</summary>
    public virtual IReadOnlyList<string> CurveNames => [ValueNames[0]];

    /// <summary>Modules that are trained beside the student and dropped afterwards, or null.</summary>
    public virtual Module? Auxiliary => null;

    /// <summary>A part of <see cref="Auxiliary"/> that is trained against the student, or null.</summary>
    public virtual Opponent? Opponent => null;

    /// <summary>What the result of <see cref="Loss"/> is multiplied by in the sum; 0 leaves the term out of it, and its values are still reported.</summary>
    public virtual float Factor => setup.Weight;

    /// <summary>
    /// The loss of a batch, [1], before <see cref="Factor"/>. It may depend on its arguments only: a step is recorded and replayed.
    /// </summary>
    /// <param name="inputs">Outputs and labels.</param>
    /// <param name="values">Receives one value for each of <see cref="ValueNames"/>.</param>
    public abstract Tensor Loss(in TermInputs inputs, List<LossTerm> values);

    /// <summary>Frees the term's own modules.</summary>
    public virtual void Dispose()
    {
        Auxiliary?.Dispose();
        GC.SuppressFinalize(this);
    }
}
