using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Tests.Ops;

/// <summary>Inputs that do not fit give a sentence with the operation, the parameter and both shapes.</summary>
public sealed class ShapeErrorTests(TestDevices devices)
{
    [Theory]
    [InlineData("add", "", "2,3|4", "add: other: [4] does not fit input [2, 3]")]
    [InlineData("mul", "", "2,3,5|2,1,4", "mul: other: [2, 1, 4] does not fit input [2, 3, 5]; it must be [3] (one a channel) or one element, or sizes "
        + "counted from the last must be equal or 1")]
    [InlineData("sum", "dim=2", "2,3", "sum: dim: 2 of input [2, 3], which has 2 dimensions")]
    [InlineData("mean", "dim=1,-1", "2,3", "mean: dim: 1,-1 names dimension 1 of input [2, 3] twice")]
    [InlineData("max", "dim=0", "0,3", "max: dim: 0 of input [0, 3] has no elements; max needs at least one")]
    [InlineData("weighted_sum", "", "2,3|3,2", "weighted_sum: other: [3, 2] is not the input's shape [2, 3]")]
    [InlineData("reshape", "d0=7", "2,3", "reshape: shape: [7] has 7 elements, input [2, 3] has 6")]
    [InlineData("drop_path", "", "2,3|2,4", "drop_path: residual: [2, 4] is not [2, 3]")]
    [InlineData("dropout", "p=1", "2,3", "dropout: p = 1 is no probability in [0, 1)")]
    [InlineData("matmul", "", "2,3|4,5", "matmul: other: [4, 5] does not fit input [2, 3]")]
    [InlineData("matmul", "", "2,2,3|3,3,5", "matmul: other: [3, 3, 5] does not fit input [2, 2, 3]")]
    [InlineData("linear", "", "2,3|5,4", "linear: weight: [5, 4] does not fit input [2, 3]; it must be [outputs, 3]")]
    [InlineData("linear", "", "2,3|5,3|4", "linear: bias: [4] does not fit weight [5, 3]")]
    [InlineData("conv2d", "", "1,3,8,8|4,2,3,3", "conv2d: weight: [4, 2, 3, 3] with 1 groups does not fit input [1, 3, 8, 8]; it must be [O, 3, KH, KW]")]
    [InlineData("conv2d", "", "1,3,8,8|4,3,3,3|3", "conv2d: bias: [3] does not fit weight [4, 3, 3, 3]")]
    [InlineData("conv2d", "", "1,3,2,2|4,3,3,3", "conv2d: input: ")]
    [InlineData("conv2d", "stride=0", "1,3,8,8|4,3,3,3", "conv2d: input: ")]
    [InlineData("batch_norm", "", "2,3,4,4|3|3|3|2", "batch_norm: running_var: [2] does not fit input [2, 3, 4, 4]; it must be [3]")]
    [InlineData("batch_norm", "training=true", "1,3,1,1|3|3|3|3", "batch_norm: input: [1, 3, 1, 1] gives one value a channel")]
    [InlineData("layer_norm", "", "2,3|4|4", "layer_norm: weight, bias: [4] and [4] do not fit input [2, 3]; both must be [3]")]
    [InlineData("softmax", "dim=0", "2,3", "softmax: dim: 0 of input [2, 3]")]
    [InlineData("interpolate", "height=0", "1,1,2,2", "interpolate: input: [1, 1, 2, 2] to 0 x 1")]
    [InlineData("max_pool2d", "kernel_size=3 padding=2", "1,1,4,4", "max_pool2d: input: [1, 1, 4, 4]: ")]
    [InlineData("max_pool2d", "", "1,1,4096,4096", "max_pool2d: input: [1, 1, 4096, 4096]: a plane must have fewer than 2^24 elements")]
    [InlineData("avg_pool2d", "kernel_size=5", "1,1,4,4", "avg_pool2d: input: [1, 1, 4, 4]: ")]
    [InlineData("adaptive_avg_pool2d", "height=0", "1,1,4,4", "adaptive_avg_pool2d: input: [1, 1, 4, 4] into 0 x 1 bins")]
    [InlineData("cat", "", "1,2,4,4|1,2,4,5", "cat: other: [1, 2, 4, 5] does not fit [1, 2, 4, 4]")]
    [InlineData("to_tokens", "", "2,3", "to_tokens: input: [2, 3]; expected [N, C, H, W]")]
    [InlineData("to_map", "height=2 width=2", "1,5,3", "to_map: input: [1, 5, 3] onto a map of 2 x 2")]
    [InlineData("attention", "", "1,4,6|1,3,6", "attention: key_value: [1, 3, 6] does not fit query [1, 4, 6]")]
    [InlineData("attention", "heads=4", "1,4,6|1,3,12", "attention: query: ")]
    [InlineData("cross_entropy", "", "1,3,2,2|2,2,2", "cross_entropy: target: labels [2, 2, 2] do not fit logits [1, 3, 2, 2]")]
    [InlineData("cross_entropy", "", "1,3,2,2|1,2,2|4", "cross_entropy: weight: [4] does not fit logits [1, 3, 2, 2]")]
    [InlineData("kd_loss", "", "1,3,2,2|1,4,2,2", "kd_loss: teacher: [1, 4, 2, 2] does not fit input [1, 3, 2, 2]")]
    [InlineData("kd_loss", "", "1,3,2,2|1,3,2,2|2,2,2", "kd_loss: target: labels [2, 2, 2] do not fit logits [1, 3, 2, 2]")]
    [InlineData("kd_loss", "where=teacher_right", "1,3,2,2|1,3,2,2", "kd_loss: target: was left out; where=teacher_right needs the labels [N, H, W]")]
    [InlineData("kd_loss", "target_logits=mixed", "1,3,2,2|1,3,2,2", "kd_loss: target: was left out; target_logits=mixed needs the labels [N, H, W]")]
    [InlineData("heteroakd_loss", "tau=0", "1,3,2,2|1,3,2,2|1,2,2", "heteroakd_loss: tau = 0 must be above 0")]
    [InlineData("heteroakd_loss", "", "1,3,2,2|1,3,2,2|1,2,2|2", "heteroakd_loss: weight: [2] does not fit logits [1, 3, 2, 2]; it must be [3]")]
    [InlineData("softmax_kl", "", "2,3|2,4", "softmax_kl: target: [2, 4] is not input's shape [2, 3]")]
    [InlineData("softmax_kl", "", "2,0|2,0", "softmax_kl: input: [2, 0] has nothing to compare; expected [..., C] with C of at least 1")]
    [InlineData("softmax_kl", "tau=0", "2,3|2,3", "softmax_kl: tau = 0 must be above 0")]
    [InlineData("pearson_corrcoef", "", "2,3,4|2,3", "pearson_corrcoef: target: [2, 3] is not input's shape [2, 3, 4]")]
    [InlineData("pearson_corrcoef", "", "3|3", "pearson_corrcoef: input: [3] has no channels; expected [N, C, ...]")]
    [InlineData("pearson_corrcoef", "", "2,0,3|2,0,3", "pearson_corrcoef: input: [2, 0, 3] has nothing to correlate")]
    [InlineData("pearson_corrcoef", "per_channel=true", "2,3,0|2,3,0", "pearson_corrcoef: input: [2, 3, 0] has nothing to correlate")]
    [InlineData("cdist", "", "1,4,2|1,3,3", "cdist: x2: [1, 3, 3] does not fit x1 [1, 4, 2]; expected [B, R, d] for [B, P, d]")]
    [InlineData("sample_pixels", "", "1,4,2|1,2,3", "sample_pixels: mask: [1, 2, 3] does not fit input [1, 4, 2]")]
    [InlineData("memory_bank", "", "2,4,3|1,2,4,5|1,2,4", "memory_bank: input: [1, 2, 4, 5] does not fit bank [2, 4, 3]")]
    [InlineData("memory_bank", "", "2,4,3|2,2,3,3|2,2,3", "memory_bank: 2 images with 3 entries of a class each do not fit into 4 slots")]
    [InlineData("one_hot", "num_classes=2", "1,3,2,2|2,2,2", "one_hot: target: labels [2, 2, 2] do not fit logits [1, 3, 2, 2]")]
    [InlineData("one_hot", "num_classes=0", "1,3,2,2|1,2,2", "one_hot: num_classes = 0 must be at least 1")]
    [InlineData("pseudo_labels", "", "1,3,2,2|2,2,2", "pseudo_labels: target: labels [2, 2, 2] do not fit logits [1, 3, 2, 2]")]
    [InlineData("pseudo_labels", "threshold=0", "1,3,2,2|1,2,2", "pseudo_labels: threshold = 0 must lie in (0, 1]")]
    [InlineData("adamw_step", "", "3|4", "adamw_step: grad: [4] is not the parameter's shape [3]")]
    [InlineData("sgd_step", "", "3|4", "sgd_step: grad: [4] is not the parameter's shape [3]")]
    [InlineData("conv_transpose2d", "groups=2", "1,3,8,8|3,2,3,3", "conv_transpose2d: weight: [3, 2, 3, 3] with 2 groups does not fit input [1, 3, 8, 8]; "
        + "it must be [3, O/groups, KH, KW]")]
    [InlineData("conv_transpose2d", "", "1,3,8,8|3,2,3,3|3", "conv_transpose2d: bias: [3] does not fit weight [3, 2, 3, 3]; it must be [2]")]
    [InlineData("conv_transpose2d", "stride=2 output_padding=1,2", "1,3,8,8|3,2,3,3", "conv_transpose2d: output_padding: 1,2 must lie between 0 and the "
        + "stride 2 less 1")]
    [InlineData("conv_transpose2d", "padding=9", "1,3,2,2|3,2,3,3", "conv_transpose2d: input: ")]
    [InlineData("group_norm", "num_groups=2", "2,3|3|3", "group_norm: num_groups: 2 groups of input [2, 3]; expected [N, C, ...] with channels that divide "
        + "into them")]
    [InlineData("group_norm", "", "2,3|4|4", "group_norm: weight, bias: [4] and [4] do not fit input [2, 3]; both must be [3]")]
    [InlineData("permute", "dims=0,1", "2,3,4", "permute: dims: 0,1 for input [2, 3, 4]; it must name each of its 3 dimensions once")]
    [InlineData("permute", "dims=0,1,1", "2,3,4", "permute: dims: 0,1,1 for input [2, 3, 4]")]
    [InlineData("slice", "dim=2", "2,3", "slice: dim: 2 of input [2, 3], which has 2 dimensions")]
    [InlineData("slice", "step=0", "2,3", "slice: step: 0; it must be at least 1")]
    [InlineData("pad", "top=1", "3", "pad: input: [3]; rows can be added to [..., H, W] only")]
    [InlineData("pad", "left=-4", "2,3", "pad: input: [2, 3] padded by -4 and 0 would have -1 elements in a dimension of 3")]
    [InlineData("interpolate", "mode=nearest align_corners=true", "1,1,2,2", "interpolate: align_corners: only bilinear resizing has it")]
    [InlineData("conv2d", "", "1,3,8,8", "conv2d: weight: is required and was left out")]
    public void Misfit_is_named(string op, string settings, string shapes, string message)
    {
        using StepScope step = devices.Cpu.BeginStep();
        OpRow row = OpTable.Find(op);
        Tensor[] inputs = CallText.Inputs(devices.Cpu, row, shapes);
        HeteroAkdException error = Assert.ThrowsAny<HeteroAkdException>(() => row.Invoke(CallText.Attributes(settings), inputs));
        Assert.StartsWith(message, error.Message);
    }

    [Theory]
    [InlineData("conv2d", "strid", "1", "conv2d: no attribute 'strid'. Did you mean 'stride'?")]
    [InlineData("relu", "x", "1", "relu: no attribute 'x'. It has: none.")]
    [InlineData("conv2d", "stride", "two", "conv2d: 'two' is no value of attribute 'stride', which is a whole number, or two as in 2,1 for rows and columns.")]
    [InlineData("conv2d", "dilation", "1,2,3", "conv2d: '1,2,3' is no value of attribute 'dilation', which is a whole number, or two")]
    [InlineData("permute", "dims", "0,9", "permute: '0,9' is no value of attribute 'dims', which is dimensions as in 0,2,1")]
    [InlineData("conv2d", "stride", "99999999999", "conv2d: '99999999999' is no value of attribute 'stride'")]
    [InlineData("interpolate", "align_corners", "yes", "interpolate: 'yes' is no value of attribute 'align_corners', which is true or false.")]
    [InlineData("sum", "dim", "4", "sum: '4' is no value of attribute 'dim', which is dimensions as in 1,2 or all.")]
    [InlineData("heteroakd_loss", "reliability", "bcee", "heteroakd_loss: 'bcee' is no value of attribute 'reliability', which is bce or softmax_ce.")]
    [InlineData("kd_loss", "where", "teacher_left", "kd_loss: 'teacher_left' is no value of attribute 'where', which is all or teacher_right or "
        + "teacher_right_nearby.")]
    [InlineData("heteroakd_loss", "reliability", "1", "heteroakd_loss: '1' is no value of attribute 'reliability'")]
    public void Wrong_attribute_is_named(string op, string attribute, string value, string message)
    {
        using StepScope step = devices.Cpu.BeginStep();
        Tensor[] inputs = [.. OpTable.Find(op).Inputs.Select(_ => Tensor.Zeros(devices.Cpu, new Shape(1, 1, 1, 1)))];
        HeteroAkdException error = Assert.ThrowsAny<HeteroAkdException>(
            () => OpTable.Find(op).Invoke(new Dictionary<string, string> { [attribute] = value }, inputs));
        Assert.StartsWith(message, error.Message);
    }
}
