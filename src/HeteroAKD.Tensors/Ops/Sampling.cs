using HeteroAKD.Kernels.Pixelwise;
using HeteroAKD.Kernels.Sampling;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>Attributes of pixels that are chosen at random.</summary>
/// <param name="Count">At most so many of a class in an image.</param>
/// <param name="Key">Names the random stream; with a counter both do.</param>
public readonly record struct SamplePixelsAttributes(int Count = 16, int Key = 0)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public SamplePixelsAttributes()
        : this(Count: 16)
    {
    }
}

/// <summary>Attributes of a memory bank.</summary>
/// <param name="Samples">Entries of each class that are read.</param>
/// <param name="Key">Names the random stream; with a counter both do.</param>
public readonly record struct MemoryBankAttributes(int Samples = 1, int Key = 0)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public MemoryBankAttributes()
        : this(Samples: 1)
    {
    }
}

/// <summary>Features of a teacher that outlive their batch: chosen pixels, and banks that keep them. No gradient flows into either.</summary>
public static class Sampling
{
    /// <summary>Features of random pixels of each class. Kept: 0 index, [N, C, count].</summary>
    public static readonly OpRow<SamplePixelsAttributes> Pixels = new(
        "sample_pixels",
        "features of random pixels of each class, at most one from each of count stretches of an image, zeros where a stretch has none (docs/method.md)",
        [new("input", "[N, P, d]"), new("mask", "[N, C, P]"), new("counter", "[1]", Optional: true, Integer: true)],
        shape: CheckPixels,
        forward: n =>
        {
            (Shape x, Shape mask, int count) = (n[0].Shape, n[1].Shape, n.Attributes.Count);
            int rows = mask[0] * mask[1] * count;
            Tensor index = n.Keep(0, n.New(new Shape(mask[0], mask[1], count)));
            using Tensor chosen = Tensor.Empty(n.Device, index.Shape, DType.Int32);
            n.Device.Rows(
                new PickPixelKernel(n[1].Mem, index.Mem, Key(n, n.Optional(2), n.Attributes.Key), count, x[1]),
                rows,
                Math.Max(1, x[1] / count),
                8 * (x[1] / count),
                n.DType);
            n.Device.Pixel(new ToIndexKernel(index.Mem, chosen.IndexMem), 1, rows, 1, n.DType);
            n.Device.Pixel(new PickedRowsKernel(n[0].Mem, chosen.IndexMem, n.Output.Mem, mask[1] * count, x[1], x[2]), rows, x[2], 2, n.DType);
        },
        gradient: null,
        "index")
    {
        Float32Only = true,
        WhenEmpty = n => n.Keep(0, Tensor.Full(n.Device, new Shape(n[1].Shape[0], n[1].Shape[1], n.Attributes.Count), -1, n.SumType)),
    };

    /// <summary>Replaces entries of a bank, then reads some.</summary>
    public static readonly OpRow<MemoryBankAttributes> MemoryBank = new(
        "memory_bank",
        "writes entries [N, C, K, d] where valid into random slots of bank, in place, and reads samples slots of each class (docs/method.md)",
        [
            new("bank", "[C, slots, d]", Parameter: true), new("input", "[N, C, K, d]"), new("valid", "[N, C, K]"), new(
                "counter", "[1]", Optional: true, Integer: true),
        ],
        shape: CheckBank,
        forward: n =>
        {
            (Shape bank, Shape entries) = (n[0].Shape, n[1].Shape);
            MaskKey key = Key(n, n.Optional(3), n.Attributes.Key);
            n.Device.Pixel(
                new BankWriteKernel(
                    n[1].Mem, n[2].Mem, n[0].Mem, key, bank[0], entries[2], bank[1], bank[2]), entries[0] * entries[1] * entries[2], entries[3], 2, n.DType);
            n.Device.Pixel(
                new BankReadKernel(n[0].Mem, n.Output.Mem, key, n.Attributes.Samples, bank[1], bank[2]), bank[0] * n.Attributes.Samples, bank[2], 2, n.DType);
        },
        gradient: null)
    {
        Float32Only = true,
    };

    private static MaskKey Key<TAttributes>(OpNode<TAttributes> n, Tensor? counter, int key)
        where TAttributes : struct => new((counter ?? n[0]).IndexMem, key, counter is null ? 0 : 1);

    private static Shape CheckPixels(OpNode<SamplePixelsAttributes> n)
    {
        (Shape x, Shape mask, int count) = (n[0].Shape, n[1].Shape, n.Attributes.Count);
        if (x.Rank != 3 || mask.Rank != 3 || x[0] != mask[0] || x[1] != mask[2])
        {
            throw new ShapeMismatchException("sample_pixels", "mask", $"{mask} does not fit input {x}; expected [N, C, P] for [N, P, d]");
        }

        CheckCounter("sample_pixels", n.Optional(2));
        return count >= 1 && (long)count * Math.Max(1, x[1]) <= int.MaxValue
            ? new Shape(x[0], mask[1], count, x[2])
            : throw new HeteroAkdException($"sample_pixels: count = {count} must be at least 1, and count · pixels ({x[1]}) below 2^31");
    }

    private static Shape CheckBank(OpNode<MemoryBankAttributes> n)
    {
        (Shape bank, Shape x, Shape valid, int samples) = (n[0].Shape, n[1].Shape, n[2].Shape, n.Attributes.Samples);
        if (bank.Rank != 3 || x.Rank != 4 || x[1] != bank[0] || x[3] != bank[2])
        {
            throw new ShapeMismatchException("memory_bank", "input", $"{x} does not fit bank {bank}; expected [N, C, K, d] for [C, slots, d]");
        }

        if (valid != new Shape(x[0], x[1], x[2]))
        {
            throw new ShapeMismatchException("memory_bank", "valid", $"{valid} does not fit input {x}; expected [N, C, K]");
        }

        CheckCounter("memory_bank", n.Optional(3));
        return (long)x[0] * x[2] > bank[1]
            ? throw new HeteroAkdException(
                $"memory_bank: {x[0]} images with {x[2]} entries of a class each do not fit into {bank[1]} slots; make the bank larger")
            : samples >= 1 && samples <= bank[1]
            ? new Shape(bank[0], samples, bank[2])
            : throw new HeteroAkdException($"memory_bank: samples = {samples} must lie in [1, {bank[1]}], the slots of a class");
    }

    private static void CheckCounter(string operation, Tensor? counter)
    {
        if (counter is not null && counter.Shape.Count != 1)
        {
            throw new ShapeMismatchException(operation, "counter", $"{counter.Shape} is not one integer");
        }
    }
}
