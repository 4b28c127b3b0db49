using System.Reflection;
using System.Text.RegularExpressions;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Tensors.Checks;
using HeteroAKD.Tensors.Devices;
using HeteroAKD.Tensors.Ops;
using HeteroAKD.Tensors.Tests.Devices.Gates;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;

namespace HeteroAKD.Tensors.Tests.Devices;

/// <summary>
/// What the <c>cuda</c> device would compile, without a GPU: every kernel in every precision for both architectures, and what the text must not hold.
/// </summary>
public sealed partial class PtxTests(TestDevices devices, GatedKernels kernels)
{
    // Kernels that may keep something in local memory, with the reason. None does.
    private static readonly Dictionary<Type, string> s_localMemory = [];

    // Kernels whose inner loops may divide by the exact division, some twenty instructions, with the reason.
    private static readonly Dictionary<string, string> s_divisions = new()
    {
        ["AdaptiveAveragePoolGradientKernel"] = "a pixel belongs to bins of several sizes",
        ["AveragePoolGradientKernel"] = "a pixel belongs to windows of several sizes where padding does not count",
        ["ConvWeightGradientKernel"] = "finds a pixel's row by a quotient of floats; an integer division takes longer",
        ["GridLossKernel"] = "one-vs-rest terms and reliability of a class are quotients, and scores are divided by tau as the reference does",
        ["LabelWeightKernel"] = "finds the place of the nearest label by quotients that must be exact; the loop waits for memory",
        ["StripLossKernel"] = "as GridLossKernel",
        ["RowSumKernel"] = "the gradient of a quotient is one",
        ["SpatialFoldKernel"] = "scores are divided by tau, and the teacher's share is a quotient, as in GridLossKernel",
        ["TotalKernel"] = "divides every term of a mean, so that no sum overflows; the loop waits for memory",
    };

    public static TheoryData<string> Ops => new(OpTable.All.Select(row => row.Name));

    /// <summary>Kernels without type parameters: those that no operation launches, too.</summary>
    public static TheoryData<string> Kernels => new(KernelTypes().Where(type => !type.IsGenericTypeDefinition).Select(type => type.FullName!));

    [Theory]
    [MemberData(nameof(Ops))]
    public void Kernels_of_an_operation_keep_to_registers_and_global_memory(string op)
    {
        using PtxDevice device = new();
        foreach (MatrixPrecision precision in Enum.GetValues<MatrixPrecision>())
        {
            device.UseMatrixPrecision(precision);
            foreach (OpCase opCase in CaseTable.Of(OpTable.Find(op)))
            {
                CaseRun.On(device, DType.Float32, opCase, opCase.Values(1), gradients: true);
                if (precision == MatrixPrecision.Bf16 && !opCase.Row.Float32Only)
                {
                    CaseRun.On(device, DType.BFloat16, opCase, opCase.Values(1), gradients: true);
                }
            }
        }

        Assert.Equal(op == Reshape.Row.Name, device.Launched.Count == 0);
        Assert.All(device.Launched, Check);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Kernel_keeps_to_registers_and_global_memory(string kernel) =>
        Check(PtxDevice.EntryOf(typeof(DeviceEntry).Assembly.GetType(kernel, throwOnError: true)!));

    [Fact]
    public void Kernels_of_networks_and_their_variants_keep_to_registers_and_global_memory() => Assert.All(kernels.Entries, Check);

    [Fact]
    public void Every_kernel_with_type_parameters_is_launched()
    {
        IEnumerable<Type> launched = kernels.Launched.Keys.Where(m => m.IsGenericMethod)
            .Select(m => m.GetGenericArguments()[0]).Where(t => t.IsGenericType).Select(t => t.GetGenericTypeDefinition());
        Assert.Empty(KernelTypes().Where(type => type.IsGenericTypeDefinition).Except(launched));
    }

    [Fact]
    public void Every_entry_point_is_launched() =>
        Assert.Empty(
            typeof(DeviceEntry)
                .GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly).Select(m => m.Name)
                .Except(kernels.Launched.Keys.Select(m => m.Name)));

    [Fact]
    public void What_is_forbidden_would_be_seen()
    {
        string ptx = PtxDevice.Compile(PtxDevice.EntryOf(typeof(LocalArrayKernel)), 80);
        Assert.Contains(".local", ptx);
        Assert.Matches(GenericAccess(), "\tld.f32 %f1, [%rd1];");
        Assert.Matches(GenericAccess(), "\tst.v4.f32 [%rd1], {%f1, %f2, %f3, %f4};");
        Assert.DoesNotMatch(GenericAccess(), "\tld.global.f32 %f1, [%rd1];");
        Assert.Matches(Call(), "\tcall Other, (%r2);");
        Assert.Matches(DivergentUniform(), "\t@%p3 bra.uni\tL_12;");
        Assert.Matches(DivergentUniform(), "\t@!%p3 bra.uni L_12;");
        Assert.DoesNotMatch(DivergentUniform(), "\t@%p3 bra\tL_12;\n\tbra.uni\tL_13;");
        Assert.Matches(BareRegister(), "\tfma.rn.f32 %f1, f2, %f3, %f4;");
        Assert.DoesNotMatch(BareRegister(), "\tfma.rn.f32 %f1, %f2, 0f3F800000, %f4;");
        PtxFlow divides = PtxFlow.Of(PtxDevice.Compile(PtxDevice.EntryOf(typeof(LocalArrayKernel)), 80));
        Assert.Contains(divides.InnerLoops, loop => divides.InstructionsOf(loop).Any(i => PtxFlow.Operation(i).StartsWith("div.rn", StringComparison.Ordinal)));
    }

    [Fact]
    public void Nothing_is_compiled_above_O1()
    {
        using Context context = Context.Create(b => b.CPU().EnableAlgorithms().Optimize(OptimizationLevel.O2));
        using PTXBackend backend = new(context, CudaArchitecture.SM_80, CudaInstructionSet.ISA_80, null!);
        MethodInfo entry = PtxDevice.EntryOf(typeof(LocalArrayKernel));
        Exception? error = Record.Exception(
            () => backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(entry), default, AddressSpaceHook.For(entry)));
        Assert.NotNull(error);
        Assert.Contains("compiled at O1, not O2", error.ToString());
    }

    private static IEnumerable<Type> KernelTypes()
    {
        Type[] kinds = [typeof(IPixelKernel), typeof(IPixelSumKernel), typeof(IRowKernel), typeof(IDeviceKernel)];
        return typeof(DeviceEntry).Assembly.GetTypes().Where(type => type.IsValueType && kinds.Any(kind => kind.IsAssignableFrom(type)));
    }

    private void Check(MethodInfo entry)
    {
        if (!devices.Gated(entry))
        {
            return;
        }

        string ptx = kernels.Ptx(entry);
        string kernel = KernelName.Of(entry);

        // ILGPU 1.5.3 names no later target; the driver translates it for the card that is there.
        Assert.Contains(".target sm_80", ptx);
        Assert.True(ptx.Contains("st.global", StringComparison.Ordinal), $"{kernel} writes nothing to global memory");
        Assert.False(GenericAccess().IsMatch(ptx), $"{kernel} has a load or store without an address space: {GenericAccess().Match(ptx).Value}");
        Assert.False(ptx.Contains(".extern .func", StringComparison.Ordinal), $"{kernel} calls a function that does not exist");
        Assert.False(Call().IsMatch(ptx), $"{kernel} calls a function that was not inlined");
        Assert.False(ptx.Contains("tanh.approx", StringComparison.Ordinal), $"{kernel} uses the hyperbolic tangent of 11 bits");
        Assert.False(DivergentUniform().IsMatch(ptx), $"{kernel} promises that a warp agrees on a condition: {DivergentUniform().Match(ptx).Value}");
        Assert.False(BareRegister().IsMatch(ptx), $"{kernel} names a register without %: {BareRegister().Match(ptx).Value}");
        ParameterCheck.Run(entry, ptx);
        bool local = ptx.Contains(".local", StringComparison.Ordinal);
        Assert.True(
            !local || (entry.IsGenericMethod && s_localMemory.ContainsKey(entry.GetGenericArguments()[0])), $"{kernel} keeps something in local memory");
        CheckDivisions(kernel, entry, PtxFlow.Of(ptx));
    }

    private static void CheckDivisions(string kernel, MethodInfo entry, PtxFlow flow)
    {
        bool divides = flow.InnerLoops.Any(loop => flow.InstructionsOf(loop).Any(i => PtxFlow.Operation(i).StartsWith("div.rn", StringComparison.Ordinal)));
        Assert.True(
            !divides || (entry.IsGenericMethod && s_divisions.ContainsKey(entry.GetGenericArguments()[0].Name.Split('`')[0])),
            $"{kernel} divides (div.rn) in an inner loop: multiply by the reciprocal, or name the kernel with the reason in "
                + $"{nameof(PtxTests)}.{nameof(s_divisions)}");
    }

    /// <summary>y[i] = a[i mod 4] with a in an array that cannot be in registers, and a division in a loop.</summary>
    private readonly struct LocalArrayKernel(Mem y) : IPixelKernel
    {
        private readonly Mem _y = y;

        public void Run<TLane>(int row, int column)
            where TLane : unmanaged, ILane<TLane>
        {
            float[] values = new float[4];
            for (int i = 0; i < column; i++)
            {
                values[i & 3] += row / (float)i;
            }

            TLane.Store(_y, column, TLane.Splat(values[column & 3]));
        }
    }

    [GeneratedRegex(@"\b(ld|st)(\.volatile)?\.(v[24]\.)?[usbf](8|16|32|64)\b.*")]
    private static partial Regex GenericAccess();

    [GeneratedRegex(@"^\s*call\b", RegexOptions.Multiline)]
    private static partial Regex Call();

    [GeneratedRegex(@"^\s*@!?%p\d+\s+bra\.uni\b.*", RegexOptions.Multiline)]
    private static partial Regex DivergentUniform();

    // Such a text was written once for every fma, and no driver would have loaded it.
    [GeneratedRegex(@"^\t[a-z].*[\s,\[{](p|r|rd|f|fd|rs)\d+\b.*", RegexOptions.Multiline)]
    private static partial Regex BareRegister();
}
