using System.Globalization;
using HeteroAKD.Tensors;

namespace HeteroAKD.Weights.Formats;

/// <summary>The files beside a graph that hold elements of its tensors.</summary>
/// <param name="folder">Where the graph lies.</param>
internal sealed class OnnxExternalFiles(string folder)
{
    // Tensors may share bytes, which a hostile graph can do a million times.
    private const long MaxGrowth = 2;

    private readonly Dictionary<string, long> _lengths = [];
    private long _taken;

    /// <summary>Reads the elements of a tensor.</summary>
    /// <param name="shown">The tensor, for messages.</param>
    /// <param name="place">TensorProto.external_data: location, offset and length.</param>
    /// <param name="bytes">How many its shape asks for.</param>
    /// <exception cref="OnnxProblemException">They are not there.</exception>
    public byte[] Read(string shown, IReadOnlyDictionary<string, string> place, long bytes)
    {
        string name = place.GetValueOrDefault("location", "");
        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal) || Path.IsPathRooted(name) || name.Split('/', '\\').Contains(".."))
        {
            throw new OnnxProblemException($"keeps {shown} in the file '{FileLimits.Shown(name)}', which is not beside it");
        }

        long offset = long.TryParse(place.GetValueOrDefault("offset", "0"), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : -1;
        try
        {
            using FileStream stream = RegularFile.OpenRead(Path.Combine(folder, name));
            _lengths[name] = stream.Length;
            _taken += bytes;
            if (offset < 0 || offset > stream.Length - bytes)
            {
                throw new OnnxProblemException($"keeps {shown} in the file '{FileLimits.Shown(name)}', which ends before it");
            }

            if (_taken > MaxGrowth * _lengths.Values.Sum())
            {
                throw new OnnxProblemException($"takes more than {MaxGrowth} times the bytes of the files beside it");
            }

            byte[] elements = new byte[bytes];
            stream.Position = offset;
            stream.ReadExactly(elements);
            return elements;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OnnxProblemException($"keeps {shown} in the file '{FileLimits.Shown(name)}', which cannot be read: {e.Message}");
        }
    }
}
