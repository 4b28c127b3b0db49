using HeteroAKD.Kernels.Optim;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>What the steps of optimisers have in common as operations: param, grad, then their state, which may be left out at the first step.</summary>
internal static class OptimizerState
{
    /// <summary>The parameter's shape.</summary>
    /// <exception cref="ShapeMismatchException">Another input has another shape.</exception>
    public static Shape ShapeOf<TAttributes>(OpNode<TAttributes> n)
        where TAttributes : struct
    {
        for (int i = 1; i < n.Row.Inputs.Count; i++)
        {
            if (n.Optional(i) is { } input && input.Shape != n[0].Shape)
            {
                throw new ShapeMismatchException(n.Row.Name, n.Row.Inputs[i].Name, $"{input.Shape} is not the parameter's shape {n[0].Shape}");
            }
        }

        return n[0].Shape;
    }

    /// <summary>A copy of a state that was given, or zeros, kept for the step to update.</summary>
    public static Tensor Start<TAttributes>(OpNode<TAttributes> n, int slot, Tensor? given)
        where TAttributes : struct
    {
        Tensor state = n.Keep(slot, n.New(n[0].Shape));
        if (given is null)
        {
            Fill.Run(state, 0);
        }
        else
        {
            Copy.Run(given, state);
        }

        return state;
    }

    /// <summary>The numbers of a step as its kernel reads them, without clipping.</summary>
    public static Tensor Scalars<TAttributes>(OpNode<TAttributes> n, double rate, double beta1 = 0, double beta2 = 0, int step = 1)
        where TAttributes : struct
    {
        Tensor scalars = n.New(new Shape(OptimizerScalars.Count));
        double[] values = new double[OptimizerScalars.Count];
        OptimizerScalars.Fill(values, rate, beta1, beta2, step);
        if (n.DType == DType.Float64)
        {
            scalars.CopyFrom(values);
        }
        else
        {
            scalars.CopyFrom(Array.ConvertAll(values, v => (float)v).AsSpan());
        }

        return scalars;
    }
}
