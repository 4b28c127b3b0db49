using HeteroAKD.Tensors;
using Microsoft.ML.OnnxRuntime;

namespace HeteroAKD.Experiments.GivenTeachers;

/// <summary>
/// A segmentation graph of any origin in ONNX Runtime, on the CPU, or on a GPU where the CUDA provider is there. It has one input, images [N, 3, H, W] float32;
/// N, H and W may be fixed. Its logits are [N, classes, h, w] float32: the output called <c>logits</c> or <c>out</c>, else the first of four dimensions. Other
/// outputs may be its feature maps.
/// </summary>
internal sealed class OnnxTeacher : IDisposable
{
    private static readonly string[] s_logits = ["logits", "out"];

    private readonly SessionOptions _options;
    private readonly InferenceSession _session;
    private readonly string _path;
    private readonly string _input;
    private readonly string[] _outputs; // the logits, then the maps

    /// <summary>Loads a graph.</summary>
    /// <param name="path">The file; weights outside it lie beside it.</param>
    /// <param name="threads">0 for every core.</param>
    /// <param name="maps">Names of outputs that are feature maps.</param>
    /// <param name="onGpu">Whether it runs on a GPU where ONNX Runtime has its CUDA provider.</param>
    /// <exception cref="HeteroAkdException">The file is missing or no such graph, or ONNX Runtime is not here.</exception>
    public OnnxTeacher(string path, int threads, IReadOnlyList<string> maps, bool onGpu)
    {
        _path = path;
        if (!File.Exists(path))
        {
            throw new HeteroAkdException($"teacher.onnx: there is no file {path}");
        }

        try
        {
            _options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, IntraOpNumThreads = threads };
            Note = onGpu ? UseGpu(_options) : "";
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException)
        {
            throw new HeteroAkdException(
                "teacher.onnx: ONNX Runtime's library is not part of this program here, so no graph can be run; write the teacher's logits with another "
                    + "program (teacher.logits)",
                e);
        }

        try
        {
            _session = new InferenceSession(path, _options);
            (_input, Fixed) = Input();
            _outputs = [Output(maps), .. maps];
            Channels = Probe();
        }
        catch (OnnxRuntimeException e)
        {
            Dispose();
            throw new HeteroAkdException($"{path}: ONNX Runtime refuses the graph: {e.Message}", e);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Whether it runs on a GPU, for people; empty where it was not asked to.</summary>
    public string Note { get; }

    /// <summary>Channels of the logits, then those of each map.</summary>
    public IReadOnlyList<int> Channels { get; }

    /// <summary>Channels of the logits.</summary>
    public int Classes => Channels[0];

    /// <summary>Images, rows and columns that the graph insists on; 0 where it takes any.</summary>
    public (int Images, int Height, int Width) Fixed { get; }

    /// <summary>Names of the classes, where the graph's metadata has them as this program's exports do.</summary>
    public IReadOnlyList<string> ClassNames =>
        _session.ModelMetadata.CustomMetadataMap.TryGetValue("classes", out string? text) && Names(text) is { } names && names.Length == Classes ? names : [];

    /// <summary>Runs it.</summary>
    /// <param name="images">[N, 3, H, W], normalised as the graph expects.</param>
    /// <param name="shape">Their shape.</param>
    /// <returns>The logits [N, classes, h, w], then the maps [N, channels, h, w], each with its shape.</returns>
    /// <exception cref="HeteroAkdException">It cannot be run, or gives values that are no numbers.</exception>
    public IReadOnlyList<(float[] Values, Shape Shape)> Run(float[] images, Shape shape)
    {
        if (Fixed.Images > 0 && Fixed.Images != shape[0])
        {
            return InGroups(images, shape);
        }

        try
        {
            using OrtValue input = OrtValue.CreateTensorValueFromMemory(images, Array.ConvertAll(shape.ToArray(), s => (long)s));
            using RunOptions options = new();
            using IDisposableReadOnlyCollection<OrtValue> results = _session.Run(options, [_input], [input], _outputs);
            return [.. results.Zip(_outputs, (result, name) => Taken(result, name, shape))];
        }
        catch (OnnxRuntimeException e)
        {
            throw new HeteroAkdException($"{_path}: ONNX Runtime cannot run the graph on images {shape}: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _session?.Dispose();
        _options.Dispose();
    }

    // The provider is part of another package, and needs CUDA's and cuDNN's libraries.
    private static string UseGpu(SessionOptions options)
    {
        if (!OrtEnv.Instance().GetAvailableProviders().Contains("CUDAExecutionProvider"))
        {
            return "the graph runs on the CPU: ONNX Runtime's CUDA provider is not installed";
        }

        try
        {
            options.AppendExecutionProvider_CUDA();
            return "the graph runs on the GPU";
        }
        catch (OnnxRuntimeException e)
        {
            return $"the graph runs on the CPU: ONNX Runtime's CUDA provider does not start: {e.Message}";
        }
    }

    private (float[] Values, Shape Shape) Taken(OrtValue result, string name, Shape images)
    {
        long[] sizes = result.GetTensorTypeAndShape().Shape;
        float[] values = result.GetTensorDataAsSpan<float>().ToArray();
        string what = name == _outputs[0] ? "logits" : "maps";
        return sizes.Length != 4 || sizes[0] != images[0]
            ? throw new HeteroAkdException($"{_path}: its output '{name}' is [{string.Join(", ", sizes)}] for images {images}; {what} are [N, channels, h, w]")
            : Array.Exists(values, v => !float.IsFinite(v))
                ? throw new HeteroAkdException($"{_path}: gives {what} that are NaN or infinite; does it expect other images (teacher.mean, teacher.std)?")
                : (values, Shape.Of(Array.ConvertAll(sizes, s => (int)s)));
    }

    // As many at once as the graph insists on; the last image fills up the last group.
    private (float[] Values, Shape Shape)[] InGroups(float[] images, Shape shape)
    {
        int size = shape.CountFrom(1);
        List<float>[] values = [.. _outputs.Select(_ => new List<float>())];
        Shape[] shapes = new Shape[_outputs.Length];
        for (int first = 0; first < shape[0]; first += Fixed.Images)
        {
            float[] group = [.. Enumerable.Range(first, Fixed.Images).SelectMany(n => new ArraySegment<float>(images, Math.Min(n, shape[0] - 1) * size, size))];
            IReadOnlyList<(float[] Values, Shape Shape)> found = Run(group, new Shape(Fixed.Images, shape[1], shape[2], shape[3]));
            for (int o = 0; o < values.Length; o++)
            {
                shapes[o] = new Shape(shape[0], found[o].Shape[1], found[o].Shape[2], found[o].Shape[3]);
                values[o].AddRange(found[o].Values.AsSpan(0, Math.Min(Fixed.Images, shape[0] - first) * found[o].Shape.CountFrom(1)));
            }
        }

        return [.. values.Zip(shapes, (v, s) => (v.ToArray(), s))];
    }

    private (string Name, (int, int, int) Fixed) Input()
    {
        if (_session.InputMetadata.Count != 1)
        {
            throw new HeteroAkdException(
                $"{_path}: has {_session.InputMetadata.Count} inputs ({string.Join(", ", _session.InputMetadata.Keys)}); a teacher has one, images [N, 3, "
                    + "H, W]");
        }

        (string name, NodeMetadata input) = _session.InputMetadata.First();
        int[] sizes = input.IsTensor ? input.Dimensions : [];
        return sizes is [_, 3 or <= 0, _, _] && input.ElementType == typeof(float)
            ? (name, (Math.Max(0, sizes[0]), Math.Max(0, sizes[2]), Math.Max(0, sizes[3])))
            : throw new HeteroAkdException(
                $"{_path}: its input '{name}' is {input.ElementType?.Name} [{string.Join(", ", sizes)}]; images are float32 [N, 3, H, W]");
    }

    private string Output(IReadOnlyList<string> features)
    {
        string[] maps =
        [
            .. _session.OutputMetadata.Where(o => o.Value.IsTensor && o.Value.ElementType == typeof(float) && o.Value.Dimensions.Length == 4).Select(o => o.Key)
        ];
        if (features.FirstOrDefault(f => !maps.Contains(f)) is { } missing)
        {
            throw new HeteroAkdException(
                $"{_path}: has no output '{missing}' of float32 [N, channels, h, w]; its outputs of that form are {string.Join(", ", maps)}. Export it with "
                    + "its feature maps as outputs");
        }

        string[] others = [.. maps.Except(features)];
        return Array.Find(s_logits, others.Contains) ?? others.FirstOrDefault()
            ?? throw new HeteroAkdException($"{_path}: has no output of float32 [N, classes, h, w] among {string.Join(", ", _session.OutputMetadata.Keys)}");
    }

    // What a graph with open sizes gives is known once it has run.
    private int[] Probe()
    {
        int[] known = [.. _outputs.Select(o => _session.OutputMetadata[o].Dimensions[1])];
        if (known.All(channels => channels > 0))
        {
            return known;
        }

        const int Side = 64;
        Shape shape = new(Math.Max(1, Fixed.Images), 3, Fixed.Height > 0 ? Fixed.Height : Side, Fixed.Width > 0 ? Fixed.Width : Side);
        return [.. Run(new float[shape.Count], shape).Select(r => r.Shape[1])];
    }

    private static string[]? Names(string text)
    {
        try
        {
            return System.Text.Json.JsonSerializer.Deserialize<string[]>(text);
        }
        catch (System.Text.Json.JsonException)
        {
            return null; // another program's own metadata
        }
    }
}
