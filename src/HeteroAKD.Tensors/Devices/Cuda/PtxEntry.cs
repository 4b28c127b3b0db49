using System.Globalization;
using System.Text.RegularExpressions;

namespace HeteroAKD.Tensors.Devices.Cuda;

/// <summary>One parameter as PTX declares it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Alignment">Its alignment.</param>
internal readonly record struct PtxParameter(string Name, int Bytes, int Alignment);

/// <summary>The entry point of a PTX text: what a launch must know.</summary>
/// <param name="Name">Its name in the module.</param>
/// <param name="Parameters">Its parameters in order.</param>
internal sealed partial record PtxEntry(string Name, IReadOnlyList<PtxParameter> Parameters)
{
    /// <summary>Reads the one entry point of a text, or returns null if there is none.</summary>
    public static PtxEntry? Parse(string ptx)
    {
        Match entry = Entry().Match(ptx);
        if (!entry.Success)
        {
            return null;
        }

        List<PtxParameter> parameters = [];
        foreach (Match p in Parameter().Matches(entry.Groups["list"].Value))
        {
            int bytes = Number(p.Groups["bits"]) / 8;
            parameters.Add(p.Groups["count"].Success
                ? new PtxParameter(p.Groups["name"].Value, bytes * Number(p.Groups["count"]), Number(p.Groups["align"]))
                : new PtxParameter(p.Groups["name"].Value, bytes, bytes));
        }

        return new PtxEntry(entry.Groups["name"].Value, parameters);
    }

    private static int Number(Group group) => int.Parse(group.ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\.entry\s+(?<name>[\w$]+)\s*\((?<list>[^)]*)\)")]
    private static partial Regex Entry();

    [GeneratedRegex(@"\.param\s+(\.align\s+(?<align>\d+)\s+)?\.[busf](?<bits>\d+)\s+(?<name>[\w$]+)(\[(?<count>\d+)\])?")]
    private static partial Regex Parameter();
}
