using HeteroAKD.Kernels.Layout;
using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Ops;

/// <summary>The map that tokens are laid out on.</summary>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
public readonly record struct MapAttributes(int Height = 1, int Width = 1)
{
    /// <summary>The defaults; without it <c>new()</c> would zero every field.</summary>
    public MapAttributes()
        : this(Height: 1)
    {
    }
}

/// <summary>Operations that move elements and change none.</summary>
public static class Layout
{
    // Offsets in a lane are floats.
    private const int ExactOffsets = (1 << 24) - 1;

    /// <summary>Concatenation along the channels.</summary>
    public static readonly OpRow<NoAttributes> Cat = new(
        "cat",
        "torch.cat(dim=1)",
        [
            new("input", "[N, C0, ...]"), new("other", "[N, C1, ...]"), new("third", "[N, C2, ...]", Optional: true),
            new("fourth", "[N, C3, ...]", Optional: true), new("fifth", "[N, C4, ...]", Optional: true), new("sixth", "[N, C5, ...]", Optional: true),
        ],
        shape: CatShape,
        forward: n => EachPart(n, static (n, i, offset, part, whole) =>
            n.Device.Pixel(new BlockCopyKernel(n[i].Mem, n.Output.Mem, 0, part, offset, whole), n[i].Shape[0], part, 1, n.DType)),
        gradient: (n, dy) =>
        {
            n.Keep(0, dy);
            EachPart(n, static (n, i, offset, part, whole) =>
            {
                if (n.NeedsGradient(i))
                {
                    Tensor dx = n.NewGradient(i);
                    n.Device.Pixel(new BlockCopyKernel(n.Extra(0)!.Mem, dx.Mem, offset, whole, 0, part), dx.Shape[0], part, 1, n.DType);
                    n.AddGradient(i, dx);
                }
            });
        });

    /// <summary>Maps to tokens.</summary>
    public static readonly OpRow<NoAttributes> ToTokens = new(
        "to_tokens",
        "[N, C, H, W] to [N, H·W, C]; input.flatten(2).transpose(1, 2)",
        [new("input", "[N, C, H, W]")],
        shape: n => n[0].Shape.Rank == 4
            ? new Shape(n[0].Shape[0], n[0].Shape.CountFrom(2), n[0].Shape[1])
            : throw new ShapeMismatchException("to_tokens", "input", $"{n[0].Shape}; expected [N, C, H, W]"),
        forward: n => Transpose(n[0], n.Output, n[0].Shape[0], n[0].Shape[1], n[0].Shape.CountFrom(2)),
        gradient: (n, dy) =>
        {
            Tensor dx = n.NewGradient(0);
            Transpose(dy, dx, n[0].Shape[0], n[0].Shape.CountFrom(2), n[0].Shape[1]);
            n.AddGradient(0, dx);
        });

    /// <summary>Tokens to maps.</summary>
    public static readonly OpRow<MapAttributes> ToMap = new(
        "to_map",
        "[N, H·W, C] to [N, C, H, W]; input.transpose(1, 2).reshape(N, C, height, width)",
        [new("input", "[N, H·W, C]")],
        shape: n => n[0].Shape.Rank == 3 && n.Attributes is { Height: >= 0, Width: >= 0 } && n[0].Shape[1] == (long)n.Attributes.Height * n.Attributes.Width
            ? new Shape(n[0].Shape[0], n[0].Shape[2], n.Attributes.Height, n.Attributes.Width)
            : throw new ShapeMismatchException(
                "to_map",
                "input",
                $"{n[0].Shape} onto a map of {n.Attributes.Height} x {n.Attributes.Width}; expected [N, {(long)n.Attributes.Height * n.Attributes.Width}, C]"),
        forward: n => Transpose(n[0], n.Output, n[0].Shape[0], n[0].Shape[1], n[0].Shape[2]),
        gradient: (n, dy) =>
        {
            Tensor dx = n.NewGradient(0);
            Transpose(dy, dx, n[0].Shape[0], n[0].Shape[2], n[0].Shape[1]);
            n.AddGradient(0, dx);
        });

    // [batch, rows, columns] → [batch, columns, rows].
    internal static void Transpose(Tensor x, Tensor y, int batch, int rows, int columns)
    {
        if (x.Device is HostDevice host)
        {
            HostTranspose.Run(host.Pool, x.Mem, y.Mem, batch, rows, columns, HostDevice.Precision(x.DType));
        }
        else
        {
            int piece = Math.Max(1, ExactOffsets / columns);
            for (int first = 0; first < rows; first += piece)
            {
                x.Device.Pixel(new TransposeKernel(x.Mem, y.Mem, rows, columns, first), batch * columns, Math.Min(piece, rows - first), 2, x.DType);
            }
        }
    }

    /// <summary>Visits the inputs with the offset and length of each one's block in an image of the output, and the length of that image.</summary>
    private static void EachPart(OpNode<NoAttributes> n, Action<OpNode<NoAttributes>, int, int, int, int> visit)
    {
        int whole = n.Output.Shape.CountFrom(1);
        int offset = 0;
        for (int i = 0; i < n.Row.Inputs.Count; i++)
        {
            if (n.Optional(i) is { } input)
            {
                int part = input.Shape.CountFrom(1);
                visit(n, i, offset, part, whole);
                offset += part;
            }
        }
    }

    private static Shape CatShape(OpNode<NoAttributes> n)
    {
        Shape first = n[0].Shape;
        if (first.Rank < 2)
        {
            throw new ShapeMismatchException("cat", "input", $"{first}; expected [N, C, ...]");
        }

        int channels = 0;
        for (int i = 0; i < n.Row.Inputs.Count; i++)
        {
            if (n.Optional(i)?.Shape is not { } shape)
            {
                continue;
            }

            if (shape.Rank != first.Rank || shape[0] != first[0] || shape.CountFrom(2) != first.CountFrom(2))
            {
                throw new ShapeMismatchException("cat", n.Row.Inputs[i].Name, $"{shape} does not fit {first}; all but the channels must agree");
            }

            channels += shape[1];
        }

        return first.Rank switch
        {
            2 => new(first[0], channels),
            3 => new(first[0], channels, first[2]),
            _ => new(first[0], channels, first[2], first[3]),
        };
    }
}
