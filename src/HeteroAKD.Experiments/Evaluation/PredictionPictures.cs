using HeteroAKD.Data;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Nn;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Evaluation;

/// <summary>Writes the predictions of a data set as PNGs, a folder a kind, each named as its image.</summary>
internal sealed class PredictionPictures(string folder, SavedPictures kinds, ISegmentationDataset dataset, InputFiles inputs)
{
    private readonly HashSet<string> _names = [];

    /// <summary>Writes what was asked for of one image.</summary>
    /// <exception cref="DatasetException">Two images of the data set have one name.</exception>
    /// <exception cref="StorageException">A file cannot be written.</exception>
    public void Write(int index, ReadOnlySpan<int> predictions, int width, int height)
    {
        Sample sample = dataset.Load(index);
        if (!_names.Add(sample.Id))
        {
            throw new DatasetException(
                sample.Id, "two images have this name, and one picture would replace the other", "Give the images names of their own, or leave --save out");
        }

        byte[] labels = Labels(predictions);
        ClassSet classes = dataset.Classes;
        RgbImage colors = classes.Render(labels, width, height);
        Save(SavedPictures.Color, sample.Id, path => ImageCodec.Usual.WritePng(path, colors));
        Save(SavedPictures.Server, sample.Id, path => classes.WriteServerPng(path, labels, width, height));
        Save(SavedPictures.Overlay, sample.Id, path => ImageCodec.Usual.WritePng(path, Overlay(sample.Image, colors)));
    }

    /// <summary>Class ids as bytes, [H, W].</summary>
    public static byte[] Labels(ReadOnlySpan<int> predictions)
    {
        byte[] labels = new byte[predictions.Length];
        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = (byte)predictions[i];
        }

        return labels;
    }

    /// <summary>Class colours over an image, half of each.</summary>
    public static RgbImage Overlay(RgbImage image, RgbImage colors)
    {
        RgbImage mixed = new(image.Width, image.Height);
        for (int i = 0; i < mixed.Pixels.Length; i++)
        {
            mixed.Pixels[i] = (byte)((image.Pixels[i] + colors.Pixels[i]) / 2);
        }

        return mixed;
    }

    private void Save(SavedPictures kind, string name, Action<string> write)
    {
        if (!kinds.HasFlag(kind))
        {
            return;
        }

        string path = Path.Combine(folder, kind.ToString().ToLowerInvariant(), name + ".png");
        inputs.RequireOther(path);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            write(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"{path} could not be written: {e.Message}", e);
        }
    }
}
