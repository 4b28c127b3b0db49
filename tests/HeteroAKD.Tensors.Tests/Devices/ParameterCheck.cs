using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using HeteroAKD.Tensors.Devices.Cuda;

namespace HeteroAKD.Tensors.Tests.Devices;

/// <summary>Holds the layout in which arguments are packed against a PTX text: sizes of the parameters, and where the code looks for each number.</summary>
internal static partial class ParameterCheck
{
    /// <summary>Fails if the text of an entry point expects its arguments otherwise.</summary>
    public static void Run(MethodInfo method, string ptx)
    {
        IReadOnlyList<KernelParameter> parameters = CudaKernels.ParametersOf(method);
        PtxEntry entry = PtxEntry.Parse(ptx)!;
        Assert.Null(CudaFunction.Mismatch(entry, parameters));
        for (int i = 0; i < parameters.Count; i++)
        {
            IEnumerable<(int Offset, int Bytes)> read = Reads(ptx, entry.Parameters[i].Name);
            Assert.Equal(parameters[i].Fields.SelectMany(Numbers).Order(), read.Order());
        }
    }

    // A view is two numbers.
    private static IEnumerable<(int Offset, int Bytes)> Numbers(ParameterField field) =>
        KernelParameter.IsView(field.Type) ? [(field.Offset, sizeof(long)), (field.Offset + sizeof(long), sizeof(long))] : [(field.Offset, field.Bytes)];

    private static IEnumerable<(int Offset, int Bytes)> Reads(string ptx, string parameter) =>
        Read().Matches(ptx).Where(m => m.Groups["name"].Value == parameter).Select(m => (Number(m.Groups["offset"]), Number(m.Groups["bits"]) / 8));

    private static int Number(Group group) => group.Success ? int.Parse(group.ValueSpan, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"ld\.param\.[busf](?<bits>\d+)\s+[^,]+,\s*\[(?<name>[\w$]+)(\+(?<offset>\d+))?\]")]
    private static partial Regex Read();
}
