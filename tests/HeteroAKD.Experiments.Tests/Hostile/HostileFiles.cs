using System.Text;
using HeteroAKD.Data;
using HeteroAKD.Data.Tests;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Plans;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Checkpoints;
using HeteroAKD.Weights.Formats;
using HeteroAKD.Weights.Import;
using SkiaSharp;

namespace HeteroAKD.Experiments.Tests.Hostile;

/// <summary>A kind of input file: good ones, how its checksums are repaired after a change, and all that the program reads it by.</summary>
/// <param name="Samples">Good files.</param>
/// <param name="Repair">Repairs checksums.</param>
/// <param name="Read">Reads a file by its path.</param>
internal sealed record HostileFiles(IReadOnlyList<byte[]> Samples, Func<byte[], Mutator, byte[]> Repair, Action<string> Read)
{
    /// <summary>The kinds by name.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "label", "png", "jpeg", "bmp", "webp", "gif", "png managed", "jpeg managed", "bmp managed", "webp managed", "tiff managed", "safetensors", "pth",
        "legacy pth", "onnx", "checkpoint", "yaml", "plan", "list"
    ];

    /// <summary>Makes the samples of a kind.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="device">Where networks of checkpoints are made.</param>
    public static HostileFiles Of(string name, Device device) => name switch
    {
        "label" =>
            new([Png(0, 8, false), Png(0, 16, true), Png(3, 4, false), Png(3, 8, true), Png(0, 1, false)], Hostile.Repair.Png, path => LabelPng.Read(path)),
        "png" => new([Png(2, 8, false), Png(2, 8, true), Png(3, 4, true), Png(0, 16, false)], Hostile.Repair.Png, ReadImage),
        "jpeg" => new([Image(SKEncodedImageFormat.Jpeg, 90), Image(SKEncodedImageFormat.Jpeg, 20)], (file, _) => file, ReadImage),
        "bmp" => new([TestPictures.Bmp(TestPictures.Quarters())], (file, _) => file, ReadImage),
        "webp" => new([Image(SKEncodedImageFormat.Webp, 90), Image(SKEncodedImageFormat.Webp, 100)], (file, _) => file, ReadImage),
        "gif" => new([TestPictures.Gif(TestPictures.Quarters(20, 10))], (file, _) => file, ReadImage),
        "png managed" => new([Png(2, 8, false), Png(2, 8, true), Png(3, 4, true), Png(0, 16, false)], Hostile.Repair.Png, ReadManaged),
        "jpeg managed" => new([Image(SKEncodedImageFormat.Jpeg, 90), Image(SKEncodedImageFormat.Jpeg, 20)], (file, _) => file, ReadManaged),
        "bmp managed" => new([TestPictures.Bmp(TestPictures.Quarters())], (file, _) => file, ReadManaged),
        "webp managed" => new([Image(SKEncodedImageFormat.Webp, 90), Image(SKEncodedImageFormat.Webp, 100)], (file, _) => file, ReadManaged),
        "tiff managed" =>
            new([TestPictures.Tiff(TestPictures.Quarters(30, 20)), TestPictures.Tiff(TestPictures.Quarters(8, 4))], (file, _) => file, ReadManaged),
        "safetensors" =>
            new(
                [Bytes(stream => SafeTensors.Write(stream, Tensors, new Dictionary<string, string> { ["a"] = "b" }))],
                (file, _) => file,
                path => SafeTensors.Read(path)),
        "pth" =>
            new(
                [Bytes(stream => TorchFile.Write(stream, Tensors))],
                (file, mutator) => mutator.Once(8) ? file : Hostile.Repair.Zip(file),
                path => TorchFile.Read(path)),
        "legacy pth" => new([LegacyTorch.File()], (file, _) => file, path => TorchFile.Read(path)),
        "onnx" => new([Graph(3, 64), Graph(8, 24)], (file, _) => file, path => ReadGraph(path, device)),
        "checkpoint" => new([Network(device)], Hostile.Repair.Checkpoint, path => ReadCheckpoint(path, device)),
        "yaml" => new([Text(ConfigurationWriter.Write(new ExperimentConfig())), Text(Anchors)], (file, _) => file, path => ConfigurationReader.ReadFile(path)),
        "plan" => new([Text(PlanText)], (file, _) => file, path => PlanReader.ReadFile(path)),
        "list" => new([Text("0 a 0 0 0\n1 b 9 9 9\n255 Void 1 1 1\n"), Text("a.png b.png\n\nc.png d.png\n")], (file, _) => file, ReadLists),
        _ => throw new ArgumentException($"there is no kind of file '{name}'", nameof(name)),
    };

    private const string Anchors = "data: &d {root: '/x', size: {width: 64}}\naugmentation:\n  mean: &m [0.5, 0.5, 0.5]\n  std: *m\nteacher: {mean: *m, "
        + "std: *m}\nout: null\n";

    private const string PlanText = "about: x\nbase: {data.kind: scenes, training: {steps: 5}}\nset: {optimizer.betas: [0.5, 0.6]}\nshared: {teachers: {t: "
        + "{teacher.model: tiny-mit-teacher}}}\n"
        + "arms:\n  a: {distillation: {method: kd}, teacher: t}\n  b: {distillation: {method: none}, x: 2}\ncells: {c: {seed: 1}}\nseeds: {choose: 1-3, "
        + "confirm: 4-6}\ncompare: {metric: miou, control: b}\nbudget: {seconds: 3}\n";

    private static HostTensor[] Tensors =>
    [
        HostTensor.Of("a.weight", [2, 3], [1f, 2, 3, 4, 5, 6]), HostTensor
            .Of("b", [1], [Math.PI]), HostTensor.Of("empty", [0, 4], ReadOnlySpan<float>.Empty), HostTensor.Of("i", [2, 2], [1, 2, 3, 4]),
        new("bytes", "U8", [3], [0, 128, 255]),
    ];

    private static byte[] Png(int colour, int bits, bool interlaced)
    {
        PngBuilder builder = new()
        {
            Width = 19,
            Height = 13,
            ColourType = colour,
            BitDepth = bits,
            Interlaced = interlaced,
            WithAncillaryChunks = colour != 2,
        };
        return builder.Encode([.. Enumerable.Range(0, 19 * 13 * builder.Channels).Select(i => (ushort)(i * i % 251 & ((1 << bits) - 1)))]);
    }

    private static byte[] Image(SKEncodedImageFormat format, int quality)
    {
        using SKBitmap bitmap = new(new SKImageInfo(41, 29, SKColorType.Rgba8888, SKAlphaType.Opaque));
        Span<byte> pixels = bitmap.GetPixelSpan();
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = i % 4 == 3 ? (byte)255 : (byte)(i * i / 50);
        }

        using SKData data = bitmap.Encode(format, quality);
        return data.ToArray();
    }

    private static byte[] Network(Device device)
    {
        using TemporaryFolder folder = new();
        using SegmentationModel model = ModelZoo.Create("tiny-cnn-student", 3, device, seed: 1);
        CheckpointInfo info = new()
        {
            Model = model.Name,
            Role = "student",
            Classes = 3,
            Step = 5,
            DataPosition = 5,
            BestMetric = 0.5,
            Config = "seed: 1\ndata: {kind: scenes}\n",
        };
        Checkpoint.Save(folder.File("a.safetensors"), info, Checkpoint.Entries(Checkpoint.ModelPrefix, model));
        return File.ReadAllBytes(folder.File("a.safetensors"));
    }

    private static byte[] Graph(int kernel, int channels) => new OnnxBytes()
        .Tensor(
            "w",
            [channels, 3, kernel, kernel],
            [.. Enumerable.Range(0, channels * 3 * kernel * kernel).Select(i => i / 100f)]).Tensor("bias", [channels], new float[channels])
        .Node("Conv", ["x", "w", "bias"], "a").Layer("b", "a", channels, 32, "c", 1e-3f).Layer("d", "a", channels, 32, "e")
        .Node("Add", ["c", "e"], "y").Constant("unused", [2], 1, 2)
        .Output("y").File();

    private static byte[] Bytes(Action<Stream> write)
    {
        MemoryStream stream = new();
        write(stream);
        return stream.ToArray();
    }

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static void ReadImage(string path)
    {
        SkiaImageCodec.Instance.ReadSize(path);
        SkiaImageCodec.Instance.ReadRgb(path);
    }

    private static void ReadManaged(string path)
    {
        ImageSharpCodec.Instance.ReadSize(path);
        ImageSharpCodec.Instance.ReadRgb(path);
    }

    private static void ReadGraph(string path, Device device)
    {
        using SegmentationModel model = ModelZoo.Create("tiny-cnn-student", 3, device, seed: 1);
        WeightImport.Of(WeightFile.Read(path)).CopyTo(model, backboneOnly: true);
    }

    private static void ReadCheckpoint(string path, Device device)
    {
        Checkpoint.ReadWeights(path);
        Checkpoint checkpoint = Checkpoint.Load(path);
        using SegmentationModel model = checkpoint.CreateModel(device);
        ConfigurationReader.ReadKept(checkpoint.Info.Config, path);
    }

    // Each by itself: what is no class file may be a list.
    private static void ReadLists(string path)
    {
        Action[] reads =
        [
            () => ClassSet.ReadFile(path), () => ImageDataset.OfList(Path.GetDirectoryName(path)!, path, ClassSet.Numbered(2)), () => _ = Pairs(path),
        ];
        foreach (Action read in reads)
        {
            try
            {
                read();
            }
            catch (HeteroAkdException)
            {
                // The right answer to most of them.
            }
        }
    }

    private static int Pairs(string path)
    {
        string folder = Path.GetDirectoryName(path)!;
        File.WriteAllText(Path.Combine(folder, "classes.txt"), "0 a 0 0 0\n1 b 9 9 9\n");
        ListFileDataset pairs = new(folder, Path.GetFileName(path));
        pairs.RequireFiles();
        return pairs.Count;
    }
}
