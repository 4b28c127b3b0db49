using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Sampling;
using HeteroAKD.Tensors.Ops;
using static HeteroAKD.Tensors.Checks.CaseInput;

namespace HeteroAKD.Tensors.Checks.Cases;

/// <summary>Pixels chosen at random, and banks that keep their features.</summary>
internal static class SamplingCases
{
    public static IEnumerable<OpCase> All() => [.. Pixels(), .. Banks()];

    private static IEnumerable<OpCase> Pixels()
    {
        OpFamily family = new(Sampling.Pixels, ErrorClass.Exact, v =>
        {
            SamplePixelsAttributes a = v.Attributes<SamplePixelsAttributes>();
            (Shape x, Shape mask) = (v.Shape("input"), v.Shape("mask"));
            double[] index = new double[mask[0] * mask[1] * a.Count];
            double[] output = new double[index.Length * x[2]];
            PickPixelKernel.Reference(v["mask"], index, Key(v, a.Key), a.Count, x[1]);
            PickedRowsKernel.Reference(v["input"], index, output, mask[1] * a.Count, x[1], x[2]);
            return [new("output", output), new("index", index)];
        });
        yield return family.ForwardOnly("count=1", Normal("input", 1, 1, 1), Positive("mask", 1, 1, 1));
        yield return family.ForwardOnly("count=3 key=7", Normal("input", 2, 35, 5), Normal("mask", 2, 4, 35));
        yield return family.ForwardOnly("count=16 key=-2", Normal("input", 1, 7, 19), Normal("mask", 1, 3, 7)); // more stretches than pixels
        yield return family.ForwardOnly("count=2 key=5", Normal("input", 2, 1037, 3), Normal("mask", 2, 2, 1037), Labels(1000, -100, "counter", 1));
        yield return family.ForwardOnly("count=2", Normal("input", 0, 6, 8), Normal("mask", 0, 3, 6));
    }

    private static IEnumerable<OpCase> Banks()
    {
        OpFamily family = new(Sampling.MemoryBank, ErrorClass.Exact, v =>
        {
            MemoryBankAttributes a = v.Attributes<MemoryBankAttributes>();
            (Shape bank, Shape x) = (v.Shape("bank"), v.Shape("input"));
            double[] kept = [.. v["bank"]];
            double[] output = new double[bank[0] * a.Samples * bank[2]];
            int key = Key(v, a.Key);
            BankWriteKernel.Reference(v["input"], v["valid"], kept, key, bank[0], x[2], bank[1], bank[2]);
            BankReadKernel.Reference(kept, output, key, a.Samples, bank[1], bank[2]);
            return [new("output", output), new("bank", kept)];
        });
        yield return family.ForwardOnly("", Normal("bank", 1, 1, 1), Normal("input", 1, 1, 1, 1), Positive("valid", 1, 1, 1));
        yield return family.ForwardOnly("samples=3 key=4", Normal("bank", 3, 13, 5), Normal("input", 2, 3, 4, 5), Normal("valid", 2, 3, 4));
        yield return family.ForwardOnly("samples=7 key=-9", Normal("bank", 2, 7, 35), Normal("input", 1, 2, 7, 35), Normal("valid", 1, 2, 7));
        yield return family.ForwardOnly(
            "samples=5 key=2", Normal("bank", 2, 40, 67), Normal("input", 3, 2, 2, 67), Normal("valid", 3, 2, 2), Labels(1000, -100, "counter", 1));
    }

    // With a counter the key is derived from both, as a layer derives its own from that of a pass.
    private static int Key(CaseValues v, int key) => v.Has("counter") ? (int)CounterHash.Hash(v.Labels("counter")[0], key) : key;
}
