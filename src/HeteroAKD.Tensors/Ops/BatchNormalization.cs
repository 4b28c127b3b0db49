using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Reduce;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of batch normalisation.</summary>
/// <param name="Training">Statistics of the batch, running ones updated; else the running ones are used.</param>
/// <param name="Momentum">Weight of the new statistics in the running ones.</param>
/// <param name="Eps">Added to the variance.</param>
/// <param name="Relu">Whether a ReLU follows, in the same pass.</param>
public readonly record struct BatchNormAttributes(bool Training = false, float Momentum = 0.1f, float Eps = 1e-5f, bool Relu = false)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public BatchNormAttributes()
        : this(Momentum: 0.1f)
    {
    }
}

/// <summary>Batch normalisation, optionally with a residual added and a ReLU applied in the same pass.</summary>
public static class BatchNormalization
{
    // Inputs by position.
    private const int Input = 0;
    private const int Weight = 1;
    private const int Bias = 2;
    private const int RunningMean = 3;
    private const int RunningVar = 4;
    private const int Residual = 5;

    /// <summary>The row of the table. Kept: 0 mean [C], 1 rstd [C].</summary>
    public static readonly OpRow<BatchNormAttributes> Row = new(
        "batch_norm",
        "normalises each channel; torch.nn.functional.batch_norm, then + residual, then relu if asked. running_mean and running_var are updated in place in "
            + "training",
        [
            new("input", "[N, C, ...]"), new("weight", "[C]", Parameter: true), new("bias", "[C]", Parameter: true),
            new("running_mean", "[C]", Parameter: true), new("running_var", "[C]", Parameter: true),
            new("residual", "as input", Optional: true),
        ],
        CheckShape,
        Forward,
        Gradient,
        "save_mean",
        "save_rstd")
    {
        WhenEmpty = n =>
        {
            Shape channels = new(n[Input].Shape[1]);
            n.Keep(0, Tensor.Full(n.Device, channels, float.NaN, n.SumType));
            n.Keep(1, Tensor.Full(n.Device, channels, float.NaN, n.SumType));
        },
    };

    private static (int Images, int Channels, int Columns) Sizes(OpNode<BatchNormAttributes> n) =>
        (n[Input].Shape[0], n[Input].Shape[1], n[Input].Shape.CountFrom(2));

    private static void Forward(OpNode<BatchNormAttributes> n)
    {
        (int images, int channels, int columns) = Sizes(n);
        Tensor mean;
        Tensor rstd = n.Keep(1, n.New(new Shape(channels)));
        if (n.Attributes.Training)
        {
            mean = n.New(new Shape(channels));
            Tensor means = n.New(new Shape(images, channels));
            Tensor rests = n.New(new Shape(images, channels));
            Tensor squares = n.New(new Shape(images, channels));
            n.Device.Rows(new BatchNormPlaneKernel(n[Input].Mem, means.Mem, rests.Mem, squares.Mem, columns), images * channels, columns, 3 * columns, n.DType);
            n.Device.Pixel(
                new BatchNormStatisticsKernel(
                    means.Mem, rests.Mem, squares.Mem, mean.Mem, rstd.Mem, n[RunningMean].Mem, n[RunningVar].Mem, images, channels, columns, n.Attributes.Eps,
                    n.Attributes.Momentum, 1),
                1,
                channels,
                4 * images,
                n.DType);
        }
        else
        {
            mean = n[RunningMean];
            n.Device.Pixel(new BatchNormRunningKernel(n[RunningVar].Mem, rstd.Mem, n.Attributes.Eps), 1, channels, 2, n.DType);
        }

        n.Keep(0, mean);
        Mem residual = (n.Optional(Residual) ?? n[Input]).Mem;
        n.Device.Pixel(
            new BatchNormApplyKernel(
                n[Input].Mem, mean.Mem, rstd.Mem, n[Weight].Mem, n[Bias].Mem, residual, n.Output.Mem, channels, columns, n.Optional(Residual) is null ? 0
                    : 1, n.Attributes.Relu ? 1
                    : 0),
            images * channels,
            columns,
            3,
            n.DType);
    }

    private static void Gradient(OpNode<BatchNormAttributes> n, Tensor dy)
    {
        (int images, int channels, int columns) = Sizes(n);
        int relu = n.Attributes.Relu ? 1 : 0;
        Tensor mean = n.Extra(0)!;
        Tensor rstd = n.Extra(1)!;
        Tensor planeBias = n.New(new Shape(images, channels));
        Tensor planeWeight = n.New(new Shape(images, channels));
        n.Device.Rows(
            new BatchNormGradientSumsKernel(
                n[Input].Mem, n.Output.Mem, dy.Mem, mean.Mem, rstd.Mem, planeBias.Mem, planeWeight.Mem, channels, columns, relu),
            images * channels,
            columns,
            4 * columns,
            n.DType);
        Tensor dbias = n.New(new Shape(channels));
        Tensor dweight = n.New(new Shape(channels));
        n.Device.Pixel(new CombineKernel(planeBias.Mem, dbias.Mem, images, channels), 1, channels, images, n.DType);
        n.Device.Pixel(new CombineKernel(planeWeight.Mem, dweight.Mem, images, channels), 1, channels, images, n.DType);

        if (n.NeedsGradient(Input) || n.NeedsGradient(Residual))
        {
            bool residual = n.NeedsGradient(Residual);
            Tensor dx = n.NewGradient(Input);
            Tensor dresidual = residual ? n.NewGradient(Residual) : dx;
            n.Device.Pixel(
                new BatchNormGradientKernel(
                    n[Input].Mem, n.Output.Mem, dy.Mem, mean.Mem, rstd.Mem, n[Weight].Mem, dbias.Mem, dweight.Mem, dx.Mem, dresidual.Mem,
                    channels, columns, images * columns, n.Attributes.Training ? 1 : 0, residual ? 1 : 0, relu),
                images * channels,
                columns,
                6,
                n.DType);
            if (n.NeedsGradient(Input))
            {
                n.AddGradient(Input, dx);
            }

            if (residual)
            {
                n.AddGradient(Residual, dresidual);
            }
        }

        if (n.NeedsGradient(Weight))
        {
            n.AddGradient(Weight, dweight);
        }

        if (n.NeedsGradient(Bias))
        {
            n.AddGradient(Bias, dbias);
        }
    }

    private static Shape CheckShape(OpNode<BatchNormAttributes> n)
    {
        Shape x = n[Input].Shape;
        if (x.Rank < 2)
        {
            throw new ShapeMismatchException("batch_norm", "input", $"{x} has no channels; expected [N, C, ...]");
        }

        for (int i = Weight; i <= RunningVar; i++)
        {
            if (n[i].Shape != new Shape(x[1]))
            {
                throw new ShapeMismatchException("batch_norm", n.Row.Inputs[i].Name, $"{n[i].Shape} does not fit input {x}; it must be [{x[1]}]");
            }
        }

        if (n.Optional(Residual) is { } residual && residual.Shape != x)
        {
            throw new ShapeMismatchException("batch_norm", "residual", $"{residual.Shape} is not the input's shape {x}");
        }

        return n.Attributes.Training && x[0] * x.CountFrom(2) < 2
            ? throw new ShapeMismatchException("batch_norm", "input", $"{x} gives one value a channel; training needs at least two")
            : x;
    }
}
