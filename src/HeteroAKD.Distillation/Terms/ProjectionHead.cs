using HeteroAKD.Nn;
using HeteroAKD.Nn.Layers;
using HeteroAKD.Tensors;

namespace HeteroAKD.Distillation.Terms;

/// <summary>
/// What takes a student's features to the teacher's width in CIRKD's contrasts (its <c>project_head</c>): 1x1 convolution, batch norm, ReLU, 1x1 convolution.
/// </summary>
internal sealed class ProjectionHead : Layer
{
    private readonly Conv2d _first;
    private readonly BatchNorm2d _bn;
    private readonly Conv2d _second;

    public ProjectionHead(in Site site, int studentChannels, int teacherChannels)
        : base(site)
    {
        _first = Add(new Conv2d(site.At("conv1"), studentChannels, teacherChannels, 1, bias: false));
        _bn = Add(new BatchNorm2d(site.At("bn"), teacherChannels, relu: true));
        _second = Add(new Conv2d(site.At("conv2"), teacherChannels, teacherChannels, 1, bias: false));
    }

    /// <summary>[N, student's channels, h, w] → [N, teacher's channels, h, w].</summary>
    public override Tensor Forward(Tensor input, in Pass pass) => _second.Forward(_bn.Forward(_first.Forward(input, pass), pass), pass);
}
