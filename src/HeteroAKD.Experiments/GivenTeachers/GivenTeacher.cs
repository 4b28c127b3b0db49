using System.Globalization;
using System.Numerics;
using HeteroAKD.Data;
using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Experiments.GivenTeachers;

/// <summary>
/// A teacher that is no network of this program: a graph (<c>teacher.onnx</c>) or files of logits (<c>teacher.logits</c>). It is never trained, and gives
/// logits, a graph perhaps feature maps, too.
/// </summary>
/// <param name="config">The experiment.</param>
/// <param name="data">Its images.</param>
internal sealed class GivenTeacher(ExperimentConfig config, ExperimentData data)
{
    // Images on which files of logits are scored. More would take longer and change the score little.
    private const int ScoredImages = 64;

    private const int MaxStride = 32;

    private readonly TeacherConfig _teacher = config.Teacher;

    /// <summary>What it is, for the log.</summary>
    public string Name => _teacher.Onnx.Length > 0 ? _teacher.Onnx : _teacher.Logits;

    /// <summary>The files that it is, with the option that names them. A graph's weights may lie beside it, in files whose names begin with its own.</summary>
    public static IEnumerable<(string Option, string Path)> FilesOf(TeacherConfig teacher)
    {
        if (teacher.Onnx.Length > 0)
        {
            return FilesOfGraph(teacher.Onnx).Select(file => ("teacher.onnx", file));
        }

        return LogitsFolder.FilesIn(teacher.Logits).Select(file => ("teacher.logits", file));
    }

    /// <summary>A graph and the files of weights beside it, whose names begin with its own.</summary>
    internal static IEnumerable<string> FilesOfGraph(string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        string[] beside = Directory.Exists(folder) ? [.. Directory.GetFiles(folder, Path.GetFileName(path) + "?*").Order(StringComparer.Ordinal)] : [];
        return [path, .. beside];
    }

    /// <summary>What stands for it among the networks. The caller disposes of it.</summary>
    /// <param name="device">The device of the student.</param>
    /// <exception cref="HeteroAkdException">The graph is missing, or has no such outputs.</exception>
    public SegmentationModel StandIn(Device device)
    {
        (int[] stages, int head) = ([], 0);
        if (MapNames.Length > 0)
        {
            using OnnxTeacher graph = new(_teacher.Onnx, config.Threads, MapNames, onGpu: false);
            stages = [.. graph.Channels.Skip(1).Take(_teacher.OnnxFeatures.Count)];
            head = _teacher.OnnxClassifierInput.Length > 0 ? graph.Channels[^1] : 0;
        }

        return NetworkStandIn.Create(device, Name, data.Classes.Count, stages, head);
    }

    /// <summary>What gives its logits batch by batch. The caller disposes of it.</summary>
    /// <param name="device">Where the batches' images are.</param>
    /// <exception cref="HeteroAkdException">It is missing, or does not fit the data.</exception>
    public ITeacherOutputs Outputs(Device device) => _teacher.Onnx.Length > 0 ? Graph(device) : Files();

    /// <summary>Says what its classes are here, and how well it knows the labels.</summary>
    /// <returns>Its mean IoU on validation images; null for files, which have none of those.</returns>
    public double? Introduce(Device device, Action<string> say, CancellationToken cancellation)
    {
        ConfusionMatrix pixels = new(data.Classes.Count, data.Classes.IgnoreIndex);
        string images = _teacher.Onnx.Length > 0 ? ScoreGraph(pixels, device, say, cancellation) : ScoreFiles(pixels, device, say, cancellation);
        say(
            string.Create(
                CultureInfo.InvariantCulture, $"{Name}, mIoU {100 * pixels.MeanIoU():F2} %, pixel accuracy {100 * pixels.PixelAccuracy():F2} % on {images}"));
        if (pixels.PixelAccuracy() < Math.Min(0.5, 2.0 / data.Classes.Count))
        {
            say(
                $"warning: it hardly agrees with the labels. Are its classes in the order {data.Classes.Names[0]}, {data.Classes.Names[1]}, ... "
                    + "(teacher.classMap), and are its images normalised as it expects (teacher.mean, teacher.std)?");
        }

        return _teacher.Onnx.Length > 0 ? pixels.MeanIoU() : null;
    }

    // On validation images. The graph is loaded once for its table and its scores.
    private string ScoreGraph(ConfusionMatrix pixels, Device device, Action<string> say, CancellationToken cancellation)
    {
        using GraphOutputs graph = Graph(device);
        Say([.. graph.ClassLines, .. graph.Note.Length > 0 ? (string[])[graph.Note] : []], say);
        foreach (Batch batch in new EvaluatedDataset(data.Validation, data.Evaluation).Read(1))
        {
            cancellation.ThrowIfCancellationRequested();
            using StepScope scope = device.BeginStep();
            Shape shape = new(1, 3, batch.Height, batch.Width);
            (float[] values, Shape logits) = graph.Logits(Tensor.From(device, shape, batch.Images.AsSpan(0, shape.Count)));
            Add(pixels, device, values, logits, batch.Height, batch.Width, batch.LabelsAt(0).ToArray());
        }

        return "val";
    }

    // On labelled images of the student's: files have no others.
    private string ScoreFiles(ConfusionMatrix pixels, Device device, Action<string> say, CancellationToken cancellation)
    {
        LogitsFolder folder = Folder();
        Say(folder.Map.Lines([]), say);
        IReadOnlyList<string> names = Names[0];
        int count = Math.Min(ScoredImages, data.Student.Count);
        for (int i = 0; i < count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            Sample sample = data.Student.Load(i);
            GivenLogits logits = folder.Read(names[i]);
            Add(
                pixels,
                device,
                logits.Values,
                new Shape(1, logits.Classes, logits.Height, logits.Width),
                sample.Image.Height,
                sample.Image.Width,
                Array.ConvertAll(sample.Labels, l => (int)l));
        }

        return $"{count} of the student's labelled images";
    }

    private static void Say(IEnumerable<string> lines, Action<string> say)
    {
        foreach (string line in lines)
        {
            say(line);
        }
    }

    // The graph's maps: the stages', then the classifier's input.
    private string[] MapNames => [.. _teacher.OnnxFeatures, .. _teacher.OnnxClassifierInput.Length > 0 ? (string[])[_teacher.OnnxClassifierInput] : []];

    // Those of the student's images, then unlabelled ones.
    private IReadOnlyList<IReadOnlyList<(string Name, string File)>> Images =>
        data.Unlabelled is null ? [data.StudentNames] : [data.StudentNames, data.UnlabelledNames];

    private IReadOnlyList<IReadOnlyList<string>> Names => [.. Images.Select(source => source.Select(i => i.Name).ToArray())];

    private Normalization Student => new(config.Augmentation.Mean, config.Augmentation.Std);

    private Normalization Own => _teacher.Mean.Count > 0 ? new(_teacher.Mean, _teacher.Std) : Student;

    private GraphOutputs Graph(Device device)
    {
        OnnxTeacher graph = new(_teacher.Onnx, config.Threads, MapNames, onGpu: device.Name == "cuda");
        try
        {
            ClassMap map = ClassMap.Of(_teacher.ClassMap, graph.Classes, graph.ClassNames, data.Classes, $"teacher.onnx {_teacher.Onnx}");
            return new GraphOutputs(graph, _teacher.OnnxFeatures.Count, map, Own.Same(Student) ? null : new InputAdapter(device, Student, Own));
        }
        catch
        {
            graph.Dispose();
            throw;
        }
    }

    // The stride of a batch's logits is that of the first image's file, rounded down to a power of two and at most MaxStride.
    private LogitsFromFiles Files()
    {
        LogitsFolder folder = Folder();
        IReadOnlyList<IReadOnlyList<string>> names = Names;
        int pixels = Math.Max(1, data.Student.Load(0).Image.Height / folder.Read(names[0][0]).Height);
        return new LogitsFromFiles(folder, names, data.Classes.Count, Math.Min(MaxStride, (int)BitOperations.RoundUpToPowerOf2((uint)pixels + 1) >> 1));
    }

    private LogitsFolder Folder() => LogitsFolder.Open(
        _teacher.Logits, [.. Images.SelectMany(source => source)], theirs =>
            ClassMap.Of(_teacher.ClassMap, theirs, [], data.Classes, $"teacher.logits {_teacher.Logits}"));

    private static void Add(ConfusionMatrix matrix, Device device, float[] logits, Shape shape, int height, int width, int[] labels)
    {
        using NoGrad noGrad = new();
        using StepScope scope = device.BeginStep();
        int[] predictions = new int[height * width];
        Functional.Argmax(Functional.Interpolate(Tensor.From(device, shape, logits), height, width)).CopyTo(predictions);
        matrix.Add(labels, predictions);
    }
}
