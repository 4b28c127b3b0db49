using System.Collections.Concurrent;
using System.Reflection;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Tensors.Checks;
using HeteroAKD.Tensors.Devices;
using HeteroAKD.Tensors.Tests.Devices.Gates;

[assembly: AssemblyFixture(typeof(GatedKernels))]

namespace HeteroAKD.Tensors.Tests.Devices.Gates;

/// <summary>
/// The kernels whose PTX is looked through: what the cases of every operation, shapes of real networks and whole training steps launch in every precision, and
/// the variants of these that other sizes would launch. Each is compiled once for all tests.
/// </summary>
public sealed class GatedKernels
{
    /// <summary>The compute capabilities, as in <c>sm_80</c>.</summary>
    public static readonly int[] Capabilities = [80, 90];

    private readonly Lazy<IReadOnlyDictionary<MethodInfo, LaunchShape>> _launched = new(Launch);
    private readonly Lazy<IReadOnlyList<MethodInfo>> _entries;
    private readonly ConcurrentDictionary<MethodInfo, Lazy<string>> _texts = [];

    public GatedKernels() => _entries = new(() => [.. _launched.Value.Keys.SelectMany(Variants).Distinct().OrderBy(KernelName.Of, StringComparer.Ordinal)]);

    /// <summary>What was launched, with the largest block that was asked for.</summary>
    internal IReadOnlyDictionary<MethodInfo, LaunchShape> Launched => _launched.Value;

    /// <summary>What was launched, and its variants, by name.</summary>
    public IReadOnlyList<MethodInfo> Entries => _entries.Value;

    /// <summary>The PTX text of an entry point: ILGPU writes the same for both architectures, which <see cref="HotKernelTests"/> holds it to.</summary>
    public string Ptx(MethodInfo entry) => _texts.GetOrAdd(entry, e => new(() => PtxDevice.Compile(e, Capabilities[0]))).Value;

    /// <summary>The entry point of a name as <see cref="KernelName"/> writes it.</summary>
    public MethodInfo Find(string name) => Entries.FirstOrDefault(entry => KernelName.Of(entry) == name)
        ?? throw new ArgumentException($"no operation, shape or network launches '{name}'; if sizes decide, add such a size to {nameof(RealShapes)}");

    // Which of the entry points launches a kernel depends on sizes and alignment alone.
    private static IEnumerable<MethodInfo> Variants(MethodInfo entry)
    {
        if (!entry.IsGenericMethod)
        {
            return [entry];
        }

        Type kernel = entry.GetGenericArguments()[0];
        bool wide = typeof(IWideKernel).IsAssignableFrom(kernel);
        string[] names = typeof(IPixelKernel).IsAssignableFrom(kernel) ? [nameof(DeviceEntry.Pixel), .. Where(wide, nameof(DeviceEntry.WidePixel))]
            : typeof(IRowKernel).IsAssignableFrom(kernel)
                ? [nameof(DeviceEntry.Rows), nameof(DeviceEntry.WarpRows), .. Where(wide, nameof(DeviceEntry.WideRows), nameof(DeviceEntry.WideWarpRows))]
            : typeof(IPixelSumKernel).IsAssignableFrom(kernel) ? [nameof(DeviceEntry.PixelSums), nameof(DeviceEntry.SharedPixelSums)]
            : [nameof(DeviceEntry.Block)];
        return names.Select(name => typeof(DeviceEntry).GetMethod(name)!.MakeGenericMethod(kernel));
    }

    private static string[] Where(bool condition, params string[] names) => condition ? names : [];

    private static IReadOnlyDictionary<MethodInfo, LaunchShape> Launch()
    {
        using PtxDevice device = new();
        foreach (MatrixPrecision precision in Enum.GetValues<MatrixPrecision>())
        {
            device.UseMatrixPrecision(precision);

            // A card tries both tiles of a product and keeps the quicker.
            foreach (bool largeTiles in new[] { false, true })
            {
                device.ForcedTile = largeTiles;
                foreach (OpCase opCase in CaseTable.All)
                {
                    CaseRun.On(device, DType.Float32, opCase, opCase.Values(1), gradients: true);
                    if (precision == MatrixPrecision.Bf16 && !opCase.Row.Float32Only)
                    {
                        CaseRun.On(device, DType.BFloat16, opCase, opCase.Values(1), gradients: true);
                    }
                }

                RealShapes.Launch(device);
            }
        }

        return new Dictionary<MethodInfo, LaunchShape>(device.LargestLaunches);
    }
}
