using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Checks;

/// <summary>Runs cases on devices.</summary>
public static class CaseRun
{
    /// <summary>
    /// The results of a case by name: outputs, every float input as the operation left it and, if asked, <c>grad.INPUT</c> for the upstream gradient of the
    /// case. With bfloat16, parameters are float32, as in networks.
    /// </summary>
    /// <exception cref="HeteroAkdException">What the operation itself throws.</exception>
    public static IReadOnlyDictionary<string, double[]> On(Device device, DType type, OpCase opCase, CaseValues values, bool gradients)
    {
        using StepScope step = device.BeginStep();
        string[] differentiable = gradients ? [.. opCase.Differentiable] : [];
        Tensor?[] inputs = [.. opCase.Row.Inputs.Select(input => Input(device, type, input, values))];
        for (int i = 0; i < inputs.Length; i++)
        {
            if (inputs[i] is { } input)
            {
                input.Name = opCase.Row.Inputs[i].Name;
                input.RequiresGrad = differentiable.Contains(input.Name);
            }
        }

        Dictionary<string, double[]> results = [];
        IReadOnlyList<(string Name, Tensor Value)> outputs = opCase.Row.Invoke(opCase.Attributes, inputs);
        foreach (Tensor? input in inputs)
        {
            if (input is { DType: not DType.Int32 })
            {
                results[input.Name] = Numbers(input);
            }
        }

        // After the inputs: where both have a name, the result is meant.
        foreach ((string name, Tensor value) in outputs)
        {
            results[name] = Numbers(value);
        }

        if (differentiable.Length > 0)
        {
            Tensor output = outputs[0].Value;
            device.Tape.Backward(output, Filled(device, output.Shape, output.DType, values.Upstream(output.Shape.Count)));
            foreach (Tensor? input in inputs)
            {
                if (input is { RequiresGrad: true })
                {
                    results["grad." + input.Name] = input.Grad is { } gradient && gradient.Shape == input.Shape
                        ? Numbers(gradient)
                        : throw new HeteroAkdException($"{opCase.Name}: the gradient of {input.Name} {input.Shape} is {input.Grad?.ToString() ?? "missing"}");
                }
            }
        }

        return results;
    }

    private static Tensor? Input(Device device, DType type, OpInput input, CaseValues values) =>
        !values.Has(input.Name) ? null
        : input.Integer ? Tensor.From(device, values.Shape(input.Name), values.Labels(input.Name))
        : Filled(device, values.Shape(input.Name), type == DType.BFloat16 && input.Parameter ? DType.Float32 : type, values[input.Name]);

    private static Tensor Filled(Device device, Shape shape, DType type, double[] values)
    {
        Tensor tensor = Tensor.Empty(device, shape, type);
        if (type == DType.Float64)
        {
            tensor.CopyFrom(values);
        }
        else
        {
            tensor.CopyFrom(Array.ConvertAll(values, v => (float)v));
        }

        return tensor;
    }

    private static double[] Numbers(Tensor tensor) => tensor.DType == DType.Int32 ? Array.ConvertAll(tensor.ToInts(), v => (double)v) : tensor.ToDoubles();
}
