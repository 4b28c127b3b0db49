using Google.Protobuf;
using HeteroAKD.Tensors;
using static Google.Protobuf.WireFormat.WireType;

namespace HeteroAKD.Weights.Formats;

/// <summary>An ONNX file that is damaged, or that holds no weights.</summary>
public sealed class OnnxFileException(string path, string problem, Exception? inner = null)
    : HeteroAkdException($"{path}: {problem}", inner!);

/// <summary>An operation of an ONNX graph.</summary>
/// <param name="Op">Its type, such as <c>Conv</c>.</param>
/// <param name="Inputs">Names of its inputs; empty where an optional one is left out.</param>
/// <param name="Outputs">Names of its outputs.</param>
/// <param name="Epsilon">Its attribute of that name, or the standard's 1e-5.</param>
public sealed record OnnxNode(string Op, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs, float Epsilon);

/// <summary>What was read of an ONNX file: the constants, and how they are used.</summary>
/// <param name="Tensors">Initializers and constants, in the file's order; floats narrower than float32 are widened.</param>
/// <param name="Nodes">The operations in the file's order, which the standard asks to be one in which they can be run.</param>
/// <param name="Inputs">Names of the graph's inputs that are no initializers.</param>
/// <param name="Outputs">Names of the graph's outputs.</param>
/// <param name="Scalars">Names of floats without dimensions, which are no weights.</param>
/// <param name="Others">Constants of other types.</param>
public sealed record OnnxContent(
    IReadOnlyList<HostTensor> Tensors, IReadOnlyList<OnnxNode> Nodes, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs,
    IReadOnlyList<string> Scalars, int Others);

/// <summary>Reads the weights of an ONNX graph (onnx.proto). Nothing of the graph is run. Elements may lie in the file or in files beside it.</summary>
internal static class OnnxFile
{
    // ModelProto.graph
    private const int Graph = 7;

    /// <summary>Whether a file begins like an ONNX graph: the version of its format, then its producer, its operators' versions or the graph.</summary>
    /// <param name="start">At least the first 9 bytes, where the file has them.</param>
    public static bool Recognises(ReadOnlySpan<byte> start) =>
        start.Length > 8 && start[0] == 0x08 && start[1] is > 0 and < 0x20 && start[2] is 0x12 or 0x1A or 0x3A or 0x42
        && !(start[8] == (byte)'{' && start[4..8].IndexOfAnyExcept((byte)0) < 0); // that is a safetensors file with a header of such a length

    /// <summary>Reads the constants and the operations.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="OnnxFileException">Missing, damaged, or without a graph.</exception>
    public static OnnxContent Read(string path)
    {
        OnnxGraphReader graph = new(new OnnxExternalFiles(Path.GetDirectoryName(Path.GetFullPath(path))!));
        bool found = false;
        try
        {
            using FileStream file = RegularFile.OpenRead(path, int.MaxValue);
            using CodedInputStream input = new(file);
            new ProtoFields((field, type, stream) =>
            {
                if (field != Graph || type != LengthDelimited)
                {
                    return false;
                }

                found = true;
                stream.ReadMessage(graph.Fields());
                return true;
            }).MergeFrom(input);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or OnnxProblemException)
        {
            throw new OnnxFileException(path, e is OnnxProblemException ? e.Message : $"is a damaged ONNX file: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OnnxFileException(path, $"cannot be read: {e.Message}", e);
        }

        return found ? graph.Content() : throw new OnnxFileException(path, "is an ONNX file without a graph");
    }
}

/// <summary>What is wrong inside an ONNX file; <see cref="OnnxFile"/> adds its path.</summary>
internal sealed class OnnxProblemException(string problem)
    : Exception(problem);
