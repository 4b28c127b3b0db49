using System.Reflection;
using System.Text.RegularExpressions;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Kernels.Launch;
using HeteroAKD.Tensors.Checks;
using HeteroAKD.Tensors.Devices;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Tests.Devices;

/// <summary>What the <c>cuda</c> device would compile, without a GPU: every kernel for both architectures, and what the text must not hold.</summary>
public sealed partial class PtxTests(TestDevices devices)
{
    private static readonly int[] Capabilities = [80, 90];

    // Kernels that may keep something in local memory, with the reason. None does.
    private static readonly Dictionary<Type, string> LocalMemory = [];

    public static TheoryData<string> Ops => new(OpTable.All.Select(row => row.Name));

    /// <summary>Kernels without type parameters: those that no operation launches, too.</summary>
    public static TheoryData<string> Kernels => new(KernelTypes().Where(type => !type.IsGenericTypeDefinition).Select(type => type.FullName!));

    [Theory]
    [MemberData(nameof(Ops))]
    public void Kernels_of_an_operation_keep_to_registers_and_global_memory(string op)
    {
        using PtxDevice device = new();
        Launch(device, op);
        Assert.Equal(op == Reshape.Row.Name, device.Launched.Count == 0);
        Assert.All(device.Launched, Check);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Kernel_keeps_to_registers_and_global_memory(string kernel) => Check(PtxDevice.EntryOf(typeof(DeviceEntry).Assembly.GetType(kernel, throwOnError: true)!));

    [Fact]
    public void Every_kernel_with_type_parameters_is_launched_by_an_operation()
    {
        using PtxDevice device = new();
        foreach (string op in OpTable.All.Select(row => row.Name))
        {
            Launch(device, op);
        }

        IEnumerable<Type> launched = device.Launched.Where(m => m.IsGenericMethod).Select(m => m.GetGenericArguments()[0]).Where(t => t.IsGenericType).Select(t => t.GetGenericTypeDefinition());
        Assert.Empty(KernelTypes().Where(type => type.IsGenericTypeDefinition).Except(launched));
    }

    [Fact]
    public void What_is_forbidden_would_be_seen()
    {
        string ptx = PtxDevice.Compile(PtxDevice.EntryOf(typeof(LocalArrayKernel)), 80);
        Assert.Contains(".local", ptx);
        Assert.Matches(GenericAccess(), "\tld.f32 %f1, [%rd1];");
        Assert.Matches(GenericAccess(), "\tst.v4.f32 [%rd1], {%f1, %f2, %f3, %f4};");
        Assert.DoesNotMatch(GenericAccess(), "\tld.global.f32 %f1, [%rd1];");
        Assert.Matches(Call(), "\tcall Other, (%r2);");
    }

    private static void Launch(PtxDevice device, string op)
    {
        foreach (MatrixPrecision precision in Enum.GetValues<MatrixPrecision>())
        {
            device.UseMatrixPrecision(precision);
            foreach (OpCase opCase in CaseTable.Of(OpTable.Find(op)))
            {
                CaseRun.On(device, DType.Float32, opCase, opCase.Values(1), gradients: true);
            }
        }
    }

    private static IEnumerable<Type> KernelTypes()
    {
        Type[] kinds = [typeof(IPixelKernel), typeof(IPixelSumKernel), typeof(IRowKernel), typeof(IDeviceKernel)];
        return typeof(DeviceEntry).Assembly.GetTypes().Where(type => type.IsValueType && kinds.Any(kind => kind.IsAssignableFrom(type)));
    }

    private void Check(MethodInfo entry)
    {
        foreach (int capability in Capabilities)
        {
            if (!devices.Gated(entry, capability))
            {
                continue;
            }

            string ptx = PtxDevice.Compile(entry, capability);
            string kernel = $"{entry.Name} {(entry.IsGenericMethod ? entry.GetGenericArguments()[0] : "")} on sm_{capability}";

            // ILGPU 1.5.3 names no later target; the driver translates it for the card that is there.
            Assert.Contains(".target sm_80", ptx);
            Assert.True(ptx.Contains("st.global", StringComparison.Ordinal), $"{kernel} writes nothing to global memory");
            Assert.False(GenericAccess().IsMatch(ptx), $"{kernel} has a load or store without an address space: {GenericAccess().Match(ptx).Value}");
            Assert.False(ptx.Contains(".extern .func", StringComparison.Ordinal), $"{kernel} calls a function that does not exist");
            Assert.False(Call().IsMatch(ptx), $"{kernel} calls a function that was not inlined");
            Assert.False(ptx.Contains("tanh.approx", StringComparison.Ordinal), $"{kernel} uses the hyperbolic tangent of 11 bits");
            ParameterCheck.Run(entry, ptx);
            Assert.True(!ptx.Contains(".local", StringComparison.Ordinal) || LocalMemory.ContainsKey(entry.GetGenericArguments()[0]), $"{kernel} keeps something in local memory");
        }
    }

    /// <summary>y[i] = a[i mod 4] with a in an array that cannot be in registers.</summary>
    private readonly struct LocalArrayKernel(Mem y) : IPixelKernel
    {
        private readonly Mem _y = y;

        public void Run<TLane>(int row, int column)
            where TLane : unmanaged, ILane<TLane>
        {
            float[] values = new float[4];
            for (int i = 0; i < column; i++)
            {
                values[i & 3] += i;
            }

            TLane.Store(_y, column, TLane.Splat(values[column & 3]));
        }
    }

    [GeneratedRegex(@"\b(ld|st)(\.volatile)?\.(v[24]\.)?[usbf](8|16|32|64)\b.*")]
    private static partial Regex GenericAccess();

    [GeneratedRegex(@"^\s*call\b", RegexOptions.Multiline)]
    private static partial Regex Call();
}
