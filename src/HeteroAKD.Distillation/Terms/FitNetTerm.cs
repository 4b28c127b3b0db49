using HeteroAKD.Nn;
using HeteroAKD.Nn.Layers;
using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation.Terms;

/// <summary>FitNet has no options of its own.</summary>
public sealed record FitNetTermOptions : TermOptions;

/// <summary>
/// FitNet (Romero et al., ICLR 2015; CIRKD's <c>CriterionFitNet</c>): mean squared difference of the classifiers' inputs. A 1x1 convolution without bias takes
/// the student's map to the teacher's width, also where both are equally wide, as published. The teacher's map is resized to the student's grid.
/// </summary>
public sealed class FitNetTerm : DistillationTerm
{
    private readonly Conv2d _regressor;

    /// <summary>Builds the convolution.</summary>
    public FitNetTerm(TermSetup setup)
        : base(setup) =>
        _regressor = new Conv2d(setup.Site.At("conv"), setup.Student.HeadChannels, setup.Teacher.HeadChannels, 1, bias: false);

    /// <inheritdoc/>
    public override TermReads Reads => TermReads.ClassifierInput;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ValueNames { get; } = ["fitnet"];

    /// <inheritdoc/>
    public override Module? Auxiliary => _regressor;

    /// <inheritdoc/>
    public override Tensor Loss(in TermInputs inputs, List<LossTerm> values)
    {
        (Tensor student, Tensor teacher) = inputs.HeadFeatures();
        Tensor loss = Functional.MseLoss(_regressor.Forward(student, inputs.Pass), teacher);
        values.Add(new LossTerm("fitnet", loss, 0));
        return loss;
    }
}
