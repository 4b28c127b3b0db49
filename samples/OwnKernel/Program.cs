// Writes a kernel once, runs it on any device, and uses it in autograd. dotnet run -c Release --project samples/OwnKernel -- [cpu | cuda | opencl | ilgpu-cpu]
using System.Runtime.CompilerServices;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

using Device device = Device.Open(args.Length > 0 ? args[0] : "cpu");
Tensor x = Tensor.Persistent(device, new Shape(5));
x.CopyFrom([-3f, -0.5f, 0, 0.5f, 3]);
x.RequiresGrad = true;
using (device.BeginStep())
{
    Tensor y = SoftSign.Of(x);
    Console.WriteLine($"softsign on {device.Name}: {string.Join(" ", y.ToFloats().Select(v => v.ToString("F4")))}");
    Functional.Sum(y).Backward();
    Console.WriteLine($"its gradient: {string.Join(" ", x.Grad!.ToFloats().Select(v => v.ToString("F4")))}");
}

/// <summary>x / (1 + |x|), torch.nn.functional.softsign: a row as those of the engine's table, which needs no change.</summary>
internal static class SoftSign
{
    private static readonly OpRow<NoAttributes> s_row = new(
        "softsign",
        "x / (1 + |x|)",
        [new("input", "any")],
        shape: n => n[0].Shape,
        forward: n => n.Device.Pixel(new SoftSignKernel(n[0].Mem, n.Output.Mem), 1, n.Output.Shape.Count, 1, n.DType),
        gradient: (n, dy) =>
        {
            Tensor dx = n.NewGradient(0);
            n.Device.Pixel(new SoftSignGradientKernel(n[0].Mem, dy.Mem, dx.Mem), 1, dx.Shape.Count, 1, dx.DType);
            n.AddGradient(0, dx);
        });

    public static Tensor Of(Tensor input) => s_row.Apply(default, input);
}

/// <summary>y = x / (1 + |x|): one float on a GPU thread, 4 to 16 in a vector register.</summary>
public readonly struct SoftSignKernel(Mem x, Mem y) : IPixelKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane value = TLane.Load(x, column);
        TLane.Store(y, column, value / (TLane.Splat(1) + TLane.Abs(value)));
    }
}

/// <summary>dx = dy / (1 + |x|)².</summary>
public readonly struct SoftSignGradientKernel(Mem x, Mem dy, Mem dx) : IPixelKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TLane>(int row, int column)
        where TLane : unmanaged, ILane<TLane>
    {
        TLane below = TLane.Splat(1) + TLane.Abs(TLane.Load(x, column));
        TLane.Store(dx, column, TLane.Load(dy, column) / (below * below));
    }
}
