using System.Globalization;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;
using HeteroAKD.Weights.Formats;

namespace HeteroAKD.Experiments.Commands;

/// <summary>A request that does not fit the operation or the file.</summary>
public sealed class OpRequestException(string message)
    : HeteroAkdException(message);

/// <summary>Runs operations of the table on tensors from safetensors files.</summary>
public sealed class OpService : IOpCommand
{
    private const string Upstream = "grad.output";

    /// <inheritdoc/>
    public IReadOnlyList<OpDescription> List() =>
    [
        .. OpTable.All.Select(row => new OpDescription(
            row.Name,
            [.. row.Inputs.Select(i => $"{i.Name} {i.Shape}{(i.Integer ? " (integers)" : "")}{(i.Optional ? " (optional)" : "")}")],
            [.. row.Attributes.Select(a => $"{a.Name}={a.Default}{(a.Choices.Contains(" or ", StringComparison.Ordinal) ? $" ({a.Choices})" : "")}")],
            row.Results)),
    ];

    /// <inheritdoc/>
    public IReadOnlyList<string> Run(OpRequest request)
    {
        OpRow row = OpTable.Find(request.Name);
        new InputFiles(request.Input).RequireOther(request.Output);
        if (request.Gradients && !row.Differentiable)
        {
            throw new OpRequestException($"{row.Name} has no gradient; run it without --grad");
        }

        Dictionary<string, string> attributes = Attributes(row, request.Attributes);
        Dictionary<string, HostTensor> given = Read(row, request.Input);
        RequireLabels(row, attributes, given);
        using Device device = Device.Open(request.Device, request.Threads, request.Precision);
        bool wide = given.Values.Any(t => t.DType == "F64");
        using StepScope step = device.BeginStep();
        Tensor?[] inputs = [.. row.Inputs.Select(i => given.TryGetValue(i.Name, out HostTensor? t) ? Input(row, i, t, device, wide, request.Gradients) : null)];
        HostTensor?[] before = [.. inputs.Select(i => i is null ? null : HostTensor.Of(i.Name, i))];
        IReadOnlyList<(string Name, Tensor Value)> results = row.Invoke(attributes, inputs);
        List<HostTensor> written = [.. results.Select(r => HostTensor.Of(r.Name, r.Value)), .. Updated(inputs, before)];
        if (request.Gradients)
        {
            AddGradients(row, inputs, results[0].Value, given, request.Input, written);
        }

        AtomicFile.Write(request.Output, stream => SafeTensors.Write(stream, written));
        return [.. written.Select(t => $"{t.Name} [{string.Join(", ", t.Sizes)}] {t.DType}")];
    }

    private static Dictionary<string, string> Attributes(OpRow row, IReadOnlyList<string> texts)
    {
        Dictionary<string, string> attributes = [];
        foreach (string text in texts)
        {
            string[] parts = text.Split('=', 2);
            if (parts.Length < 2 || !attributes.TryAdd(parts[0].Trim(), parts[1].Trim()))
            {
                throw new OpRequestException($"{row.Name}: --set {text}: an attribute is given once, as name=value");
            }
        }

        return attributes;
    }

    private static Dictionary<string, HostTensor> Read(OpRow row, string path)
    {
        Dictionary<string, HostTensor> given = SafeTensors.Read(path).Tensors.ToDictionary(t => t.Name);
        string[] known = [.. row.Inputs.Select(i => i.Name), Upstream];
        foreach (string name in given.Keys)
        {
            if (!known.Contains(name))
            {
                string nearest = NearestName.Of(name, known) is { } near ? $" Did you mean '{near}'?" : "";
                throw new OpRequestException($"{path}: {row.Name} takes no tensor '{name}'.{nearest} It takes {string.Join(", ", known)}.");
            }
        }

        foreach (OpInput input in row.Inputs)
        {
            if (!input.Optional && !given.ContainsKey(input.Name))
            {
                throw new OpRequestException(
                    $"{path} has no tensor '{input.Name}' {input.Shape}, which {row.Name} needs; it has "
                        + $"{(given.Count > 0 ? string.Join(", ", given.Keys) : "none")}");
            }
        }

        return given;
    }

    // A data set may mark what has no label by any id, so kernels pass over all ids outside the classes. Here, as in PyTorch, such an id is a mistake.
    private static void RequireLabels(OpRow row, Dictionary<string, string> attributes, Dictionary<string, HostTensor> given)
    {
        const string IgnoreIndex = "ignore_index";
        OpAttribute option = row.Attributes.FirstOrDefault(a => a.Name == IgnoreIndex);
        if (option.Name is null || !int.TryParse(attributes.GetValueOrDefault(IgnoreIndex, option.Default), CultureInfo.InvariantCulture, out int ignored)
            || given[row.Inputs[0].Name].Sizes is not [_, int classes, ..])
        {
            return;
        }

        foreach (OpInput input in row.Inputs.Where(i => i.Integer && given.ContainsKey(i.Name) && given[i.Name].DType is "I32" or "I64" or "U8"))
        {
            foreach (int label in given[input.Name].ToInts())
            {
                if (label != ignored && (label < 0 || label >= classes))
                {
                    throw new OpRequestException(
                        $"{row.Name}: {input.Name} holds label {label}, and {row.Inputs[0].Name} has {classes} classes; beside them only {IgnoreIndex} "
                            + $"({ignored}) may stand");
                }
            }
        }
    }

    private static Tensor Input(OpRow row, OpInput input, HostTensor tensor, Device device, bool wide, bool gradients)
    {
        bool floats = tensor.DType is "F32" or "F64";
        if (floats == input.Integer)
        {
            throw new OpRequestException($"{row.Name}: {input.Name} holds {tensor.DType}, expected {(input.Integer ? "I32, I64 or U8" : "F32 or F64")}");
        }

        if (tensor.Sizes.Length > Shape.MaxRank)
        {
            throw new OpRequestException($"{row.Name}: {input.Name} has {tensor.Sizes.Length} dimensions; at most {Shape.MaxRank} are supported");
        }

        if (wide && !device.IsHost)
        {
            throw new OpRequestException($"{row.Name}: {input.Name}: float64 runs on --device cpu only, not on '{device.Name}'");
        }

        Tensor result = tensor.ToTensor(device, wide);
        result.Name = input.Name;
        result.RequiresGrad = gradients && floats;
        return result;
    }

    /// <summary>Inputs that the operation has changed, as batch norm its running statistics.</summary>
    private static IEnumerable<HostTensor> Updated(Tensor?[] inputs, HostTensor?[] before)
    {
        for (int i = 0; i < inputs.Length; i++)
        {
            if (before[i] is { } old && HostTensor.Of(old.Name, inputs[i]!) is var now && !now.Bytes.AsSpan().SequenceEqual(old.Bytes))
            {
                yield return now;
            }
        }
    }

    private static void AddGradients(OpRow row, Tensor?[] inputs, Tensor output, Dictionary<string, HostTensor> given, string path, List<HostTensor> written)
    {
        Tensor upstream;
        if (given.TryGetValue(Upstream, out HostTensor? upstreamGiven))
        {
            Shape shape = Shape.Of(upstreamGiven.Sizes);
            upstream = shape.Count == output.Shape.Count && (shape == output.Shape || output.Shape.Count == 1)
                ? upstreamGiven.ToTensor(output.Device, output.DType == DType.Float64).View(output.Shape)
                : throw new OpRequestException($"{path}: '{Upstream}' is {shape}; the output of {row.Name} is {output.Shape}");
        }
        else if (output.Shape.Count == 1)
        {
            upstream = Tensor.Full(output.Device, output.Shape, 1, output.DType);
        }
        else
        {
            throw new OpRequestException($"{path} has no tensor '{Upstream}' {output.Shape}; --grad needs it, as the output is no scalar");
        }

        output.Device.Tape.Backward(output, upstream);
        foreach (Tensor? input in inputs)
        {
            if (input?.Grad is { } gradient)
            {
                written.Add(HostTensor.Of("grad." + input.Name, gradient));
            }
        }
    }
}
