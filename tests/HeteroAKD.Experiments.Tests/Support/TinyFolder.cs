using HeteroAKD.Data;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Nn;

namespace HeteroAKD.Experiments.Tests.Support;

/// <summary>A data set of files: six images to train on, two to validate on, two classes.</summary>
internal sealed class TinyFolder
{
    private const int Side = 32;

    /// <summary>Writes it below a folder.</summary>
    public TinyFolder(string root)
    {
        Root = root;
        Directory.CreateDirectory(Path.Combine(root, "images"));
        Directory.CreateDirectory(Path.Combine(root, "masks"));
        File.WriteAllText(Path.Combine(root, "classes.txt"), "0 a 0 0 0\n1 b 9 9 9\n");
        File.WriteAllLines(Path.Combine(root, "train.txt"), TrainNames);
        File.WriteAllText(Path.Combine(root, "val.txt"), "v0\nv1\n");
        string[] names = [.. TrainNames, "v0", "v1"];
        for (int i = 0; i < names.Length; i++)
        {
            WriteImage(names[i], seed: i);
            WriteMask(names[i], seed: i);
        }
    }

    public static IReadOnlyList<string> TrainNames { get; } = ["t0", "t1", "t2", "t3", "t4", "t5"];

    public string Root { get; }

    public string Image(string name) => Path.Combine(Root, "images", name + ".png");

    public string Mask(string name) => Path.Combine(Root, "masks", name + ".png");

    public void WriteImage(string name, int seed)
    {
        RgbImage image = new(Side, Side);
        new Random(seed).NextBytes(image.Pixels);
        SkiaImageCodec.Instance.WritePng(Image(name), image);
    }

    public void WriteMask(string name, int seed)
    {
        byte[] labels = new byte[Side * Side];
        new Random(seed).NextBytes(labels);
        LabelPng.Write(Mask(name), [.. labels.Select(v => (byte)(v & 1))], Side, Side);
    }

    /// <summary>A tiny training on it, which decodes its images every time.</summary>
    public ExperimentConfig Config(string run)
    {
        ExperimentConfig config = TinyExperiment.Config(run);
        return config with
        {
            Threads = 1,
            Data = new DataConfig { Kind = DataKind.Folder, Root = Root, Size = config.Data.Size, Cache = CacheKind.Off, Workers = 0 },
        };
    }
}
