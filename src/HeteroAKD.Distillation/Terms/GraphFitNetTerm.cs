using HeteroAKD.Nn;
using HeteroAKD.Nn.Layers;
using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation.Terms;

/// <summary>FitNet through a graph convolution has no options of its own.</summary>
public sealed record GraphFitNetTermOptions : TermOptions;

/// <summary>
/// <see cref="FitNetTerm"/> of CIRKDv2 (Yang et al., 2023; <c>GCN</c> and <c>CriterionFitNet</c>): the student's map first gathers, at each pixel, what its
/// other pixels hold, by attention of half its width. The published code gives the gathered map to the other terms as well; here each of them reads the
/// student's own.
/// </summary>
public sealed class GraphFitNetTerm : DistillationTerm
{
    private readonly Gathering _gathering;

    /// <summary>Builds the graph convolution and the regressor.</summary>
    public GraphFitNetTerm(TermSetup setup)
        : base(setup) => _gathering = new Gathering(setup.Site, setup.Student.HeadChannels, setup.Teacher.HeadChannels);

    /// <inheritdoc/>
    public override TermReads Reads => TermReads.ClassifierInput;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ValueNames { get; } = ["graph_fitnet"];

    /// <inheritdoc/>
    public override Module? Auxiliary => _gathering;

    /// <inheritdoc/>
    public override Tensor Loss(in TermInputs inputs, List<LossTerm> values)
    {
        (Tensor student, Tensor teacher) = inputs.HeadFeatures();
        Tensor loss = Functional.MseLoss(_gathering.Forward(student, inputs.Pass), teacher);
        values.Add(new LossTerm("graph_fitnet", loss, 0));
        return loss;
    }

    /// <summary>[N, student's channels, h, w] → [N, teacher's channels, h, w].</summary>
    private sealed class Gathering : Layer
    {
        private readonly Conv2d _key;
        private readonly Conv2d _value;
        private readonly Conv2d _query;
        private readonly Conv2d _gathered;
        private readonly BatchNorm2d _gatheredBn;
        private readonly Conv2d _out;
        private readonly BatchNorm2d _outBn;
        private readonly Conv2d _regressor;

        public Gathering(in Site site, int student, int teacher)
            : base(site)
        {
            int half = student / 2;
            _key = Pointwise(site.At("key"), student, half);
            _value = Pointwise(site.At("value"), student, half);
            _query = Pointwise(site.At("query"), student, half);
            _gathered = Pointwise(site.At("gathered"), half, student);
            _gatheredBn = Add(new BatchNorm2d(site.At("gatheredBn"), student, relu: true));
            _out = Pointwise(site.At("out"), 2 * student, student);
            _outBn = Add(new BatchNorm2d(site.At("outBn"), student, relu: true));
            _regressor = Pointwise(site.At("regressor"), student, teacher);
        }

        public override Tensor Forward(Tensor input, in Pass pass)
        {
            (int height, int width) = (input.Shape[2], input.Shape[3]);
            Tensor keyValue = Functional.ToTokens(Functional.Cat(_key.Forward(input, pass), _value.Forward(input, pass))); // [N, P, 2·half]
            Tensor tokens = Functional.Attention(Functional.ToTokens(_query.Forward(input, pass)), keyValue, heads: 1);
            Tensor gathered = _gatheredBn.Forward(_gathered.Forward(Functional.ToMap(tokens, height, width), pass), pass);
            return _regressor.Forward(_outBn.Forward(_out.Forward(Functional.Cat(input, gathered), pass), pass), pass);
        }

        private Conv2d Pointwise(in Site site, int from, int to) => Add(new Conv2d(site, from, to, 1, bias: false));
    }
}
