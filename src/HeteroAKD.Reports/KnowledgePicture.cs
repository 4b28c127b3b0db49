using HeteroAKD.Distillation;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Reports;

/// <summary><c>knowledge.png</c> from the networks: what HeteroAKD mixes and weighs on some images.</summary>
public static class KnowledgePicture
{
    /// <summary>Computes the maps of a batch and draws them.</summary>
    /// <param name="path">The PNG.</param>
    /// <param name="teacher">Name of the network distilled from.</param>
    /// <param name="student">The distilled network.</param>
    /// <param name="distillation">What it was trained by, with L_hakd among its terms.</param>
    /// <param name="batch">Images and labels, prepared as for evaluation.</param>
    /// <param name="scenes">[N] the same images and labels [H*W] as they are drawn.</param>
    /// <param name="classes">Names and colours.</param>
    public static void Write(
        string path,
        string teacher,
        SegmentationModel student,
        DistillationObjective distillation,
        Batch batch,
        IReadOnlyList<(RgbImage Image, byte[] Truth)> scenes,
        ClassLegend classes)
    {
        using NoGrad noGrad = new();
        Device device = student.Device;
        using StepScope scope = device.BeginStep();
        Shape shape = new(batch.Count, 3, batch.Height, batch.Width);
        Tensor images = Tensor.From(device, shape, batch.Images.AsSpan(0, shape.Count));
        int pixels = batch.Height * batch.Width;
        Tensor labels = Tensor.From(device, new Shape(batch.Count, batch.Height, batch.Width), batch.Labels.AsSpan(0, batch.Count * pixels));
        KnowledgeMaps maps = distillation.HeteroAkd!.Maps(student.Forward(images, Pass.Evaluation), distillation.TeacherOutput(images), labels);
        float[][] share = AtTruth(maps.Share, batch, student.Classes);
        float[][] weight = AtTruth(maps.Weight, batch, student.Classes);
        float[][] discrepancy = AtTruth(maps.Discrepancy, batch, student.Classes);
        KnowledgeScene[] drawn =
            [.. scenes.Select((s, i) => new KnowledgeScene(s.Image, s.Truth, [share[i], weight[i], discrepancy[i]], batch.Width, batch.Height))];
        KnowledgeSheet.Write(
            path,
            $"What HeteroAKD mixes and weighs: {teacher} → {student.Name}",
            drawn,
            classes,
            KnowledgeSheet.Columns(Top(weight), Top(discrepancy)));
    }

    /// <summary>map [N, C, H, W] at each pixel's true class; NaN where there is none.</summary>
    private static float[][] AtTruth(Tensor map, Batch batch, int classes)
    {
        float[] values = map.ToFloats();
        int pixels = batch.Height * batch.Width;
        float[][] images = new float[batch.Count][];
        for (int n = 0; n < images.Length; n++)
        {
            images[n] = new float[pixels];
            for (int p = 0; p < pixels; p++)
            {
                int label = batch.Labels[(n * pixels) + p];
                images[n][p] = label >= 0 && label < classes ? values[(((n * classes) + label) * pixels) + p] : float.NaN;
            }
        }

        return images;
    }

    /// <summary>A round upper end for a colour scale: the 99th percentile, so that one pixel does not darken all others.</summary>
    private static float Top(float[][] maps)
    {
        float[] sorted = [.. maps.SelectMany(m => m).Where(float.IsFinite).Order()];
        float top = sorted.Length == 0 ? 1 : sorted[(int)(0.99 * (sorted.Length - 1))];
        return top > 0 ? (float)Math.Round(top, top < 1 ? 2 : 1) is > 0 and float rounded ? rounded : top : 1;
    }
}
