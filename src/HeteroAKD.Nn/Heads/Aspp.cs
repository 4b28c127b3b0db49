using HeteroAKD.Nn.Layers;
using HeteroAKD.Tensors;

namespace HeteroAKD.Nn.Heads;

/// <summary>
/// Atrous spatial pyramid pooling (Chen et al. 2017): the map seen through a 1x1, three dilated 3x3 convolutions and a global average, put
/// together by a 1x1 convolution. [N, I, h, w] → [N, C, h, w].
/// </summary>
public sealed class Aspp : Layer
{
    private static readonly int[] s_rates = [12, 24, 36]; // for output stride 8

    private readonly ConvBn _point;
    private readonly ConvBn[] _atrous = new ConvBn[3];
    private readonly AdaptiveAvgPool2d _pool;
    private readonly ConvBn _pooled;
    private readonly ConvBn _project;
    private readonly Dropout _dropout;

    /// <summary>Builds the pyramid.</summary>
    /// <param name="site">Where it is built.</param>
    /// <param name="inChannels">I.</param>
    /// <param name="channels">C.</param>
    public Aspp(in Site site, int inChannels, int channels)
        : base(site)
    {
        _point = Add(new ConvBn(site.At("point"), inChannels, channels, 1));
        for (int i = 0; i < s_rates.Length; i++)
        {
            _atrous[i] = Add(new ConvBn(site.At("atrous", i), inChannels, channels, 3, dilation: s_rates[i]));
        }

        _pool = Add(new AdaptiveAvgPool2d(site.At("pool"), 1, 1));
        _pooled = Add(new ConvBn(site.At("pooled"), inChannels, channels, 1));
        _project = Add(new ConvBn(site.At("project"), 5 * channels, channels, 1));
        _dropout = Add(new Dropout(site.At("dropout"), 0.5f));
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input, in Pass pass)
    {
        using InnerScope scope = new(Device, pass);
        Tensor average = _pooled.Forward(_pool.Forward(input, pass), pass); // [N, C, 1, 1]
        Tensor all = Functional.Cat(
            _point.Forward(input, pass),
            _atrous[0].Forward(input, pass),
            _atrous[1].Forward(input, pass),
            _atrous[2].Forward(input, pass),
            Functional.Interpolate(average, input.Shape[2], input.Shape[3], alignCorners: true)); // [N, 5·C, h, w]
        return scope.Result(_dropout.Forward(_project.Forward(all, pass), pass));
    }
}
