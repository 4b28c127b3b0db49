using System.Text;

namespace HeteroAKD.Experiments.Tests.Hostile;

/// <summary>
/// A training checkpoint in the form of PyTorch before 1.6, instruction by instruction: a state dict, a module that holds itself, and what is no tensor.
/// </summary>
internal static class LegacyTorch
{
    /// <summary>The file.</summary>
    public static byte[] File()
    {
        string parameters = $"}}({Text("weight")}{Tensor("0", 4)}u";
        string module = $"cnn\nModule\n)\u0081q\u0001}}({Text("_parameters")}{parameters}{Text("_buffers")}}}{Text("_modules")}}}({Text("child")}h\u0001uub";
        string extras = $"{Text("set")}c__builtin__\nset\n](K\u0001K\u0002e\u0085R{Text("date")}cdatetime\ndate\nU\u0004\u0007\u00ea\u000b\u001e\u0085R";
        string root = $"}}({Text("state_dict")}}}({Text("a")}{Tensor("0", 4)}{Text("b")}{Tensor("1", 2)}u{Text("model")}{module}{extras}u";
        byte[] pickles = Encoding.Latin1.GetBytes(
            "\u0080\u0002\u008a\u000al\u00fc\u009cF\u00f9 "
                + "j\u00a8P\u0019." + "\u0080\u0002M\u00e9\u0003." + $"\u0080\u0002}}({Text("little_endian")}\u0088u."
                + $"\u0080\u0002{root}." + $"\u0080\u0002](U\u00010U\u00011e.");
        return [.. pickles, .. BitConverter.GetBytes(4L), .. new byte[16], .. BitConverter.GetBytes(2L), .. new byte[8]];
    }

    private static string Text(string text) => $"X{(char)text.Length}\u0000\u0000\u0000{text}";

    private static string Tensor(string key, int count) =>
        $"ctorch._utils\n_rebuild_tensor_v2\n(({Text("storage")}ctorch\nFloatStorage\nU\u0001{key}U\u0003cpu"
            + $"K{(char)count}NtQK\u0000K{(char)count}\u0085K\u0001\u0085\u0089}}tR";
}
