using HeteroAKD.Nn;
using HeteroAKD.Nn.Initialization;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Tests.Export;

/// <summary>
/// Networks as training leaves them: no running statistic, scale or bias has the value it began with, which would hide what reads the wrong one.
/// </summary>
internal static class TestNetwork
{
    public const int Classes = 5;

    public static SegmentationModel Create(string name, Device device)
    {
        SegmentationModel model = ModelZoo.Create(name, Classes, device, seed: 3);
        Generator generator = new(11);
        foreach (StateEntry entry in model.State().Where(e => e.Tensor.Shape.Rank == 1))
        {
            float[] values = new float[entry.Tensor.Shape.Count];
            bool centred = entry.Name.EndsWith(".bias", StringComparison.Ordinal) || entry.Name.EndsWith(".running_mean", StringComparison.Ordinal);
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = (float)generator.NextUniform() + (centred ? -0.5f : 0.5f);
            }

            entry.Tensor.CopyFrom(values);
        }

        return model;
    }
}
