using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using System.Text;
using HeteroAKD.Distillation;
using HeteroAKD.Distillation.Terms;
using HeteroAKD.Kernels.Lanes;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.TeacherCache;

/// <summary>
/// A teacher's outputs in a folder, one file per batch. The file's name is a digest of all that they follow from: the images, the teacher's tensors and
/// normalisation, the device and the program's own code, and it ends with a digest of its content. So a file is either the right one or written anew. A full
/// disk stops the writing, not the training.
/// </summary>
internal sealed class TeacherOutputFolder : ITeacherOutputs
{
    private readonly OutputFiles _files;
    private readonly Action<string> _say;
    private readonly OutputTensors _tensors = new();
    private float[] _values = [];

    /// <summary>Keeps outputs in a folder, which is made if it is not there.</summary>
    /// <param name="folder">The folder; several processes may share it.</param>
    /// <param name="teacher">The teacher.</param>
    /// <param name="circumstances">What its outputs follow from besides it, its device and the images, as text: how they are normalised, what computes
    /// products.</param>
    /// <param name="say">Hears how many were read and written, and that they can no longer be written.</param>
    /// <exception cref="StorageException">The folder cannot be made.</exception>
    public TeacherOutputFolder(string folder, SegmentationModel teacher, string circumstances, Action<string> say)
    {
        _files = new OutputFiles(folder, Origin(teacher, circumstances), say);
        _say = say;
    }

    /// <summary>Batches that were read, not computed.</summary>
    public int Found { get; private set; }

    /// <summary>Batches that were computed and written.</summary>
    public int Written { get; private set; }

    /// <inheritdoc/>
    public SegmentationOutput Of(Batch batch, Tensor images, TermReads reads, Func<Tensor, SegmentationOutput> teacher)
    {
        string file = _files.PathOf(
            [batch.Count, batch.Height, batch.Width], MemoryMarshal.AsBytes(batch.Images.AsSpan(0, batch.Count * 3 * batch.Height * batch.Width)));
        _tensors.Fit(images, teacher);
        if (IsRead(_files.Read(file)))
        {
            Found++;
            return _tensors.Output;
        }

        using (images.Device.BeginStep())
        {
            SegmentationOutput computed = teacher(images);
            foreach ((Tensor kept, Tensor value) in _tensors.All.Zip(OutputTensors.Parts(computed)))
            {
                value.CopyTo(Values(kept));
                kept.CopyFrom(Values(kept));
            }
        }

        Written += _files.Write(file, Write) ? 1 : 0;
        return _tensors.Output;
    }

    /// <summary>Frees the tensors; the files stay.</summary>
    public void Dispose()
    {
        _tensors.Dispose();
        _say($"{NetworkRoles.Teacher}: outputs of {Found} batches read, of {Written} written");
    }

    private Span<float> Values(Tensor tensor)
    {
        Array.Resize(ref _values, Math.Max(_values.Length, tensor.Shape.Count));
        return _values.AsSpan(0, tensor.Shape.Count);
    }

    // A file of another length is one of a program with other maps.
    private bool IsRead(ReadOnlySpan<byte> content)
    {
        if (content.Length != _tensors.All.Sum(t => (long)t.Shape.Count * sizeof(float)))
        {
            return false;
        }

        ReadOnlySpan<float> values = MemoryMarshal.Cast<byte, float>(content);
        foreach (Tensor tensor in _tensors.All)
        {
            tensor.CopyFrom(values[..tensor.Shape.Count]);
            values = values[tensor.Shape.Count..];
        }

        return true;
    }

    private void Write(Stream stream)
    {
        foreach (Tensor tensor in _tensors.All)
        {
            tensor.CopyTo(Values(tensor));
            stream.Write(MemoryMarshal.AsBytes(Values(tensor)));
        }
    }

    /// <summary>A digest of what a teacher's outputs follow from besides images: its tensors, the device and the program's own code.</summary>
    internal static byte[] Origin(SegmentationModel teacher, string circumstances)
    {
        Device device = teacher.Device;
        Guid[] code = [.. new[] { typeof(CounterHash), typeof(Tensor), typeof(Module), typeof(InputAdapter) }.Select(type => type.Module.ModuleVersionId)];
        string text = $"{teacher.Name} {teacher.LayerNormEps} {circumstances} {device.Name} {device.Description} {device.ActivationType} "
            + $"{device.MatrixPrecision} "
            + $"{Vector512.IsHardwareAccelerated} {Vector256.IsHardwareAccelerated} {string.Join(' ', code)}";
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(text));
        foreach (Tensor tensor in teacher.Parameters().Concat(teacher.Buffers()))
        {
            float[] values = new float[tensor.Shape.Count];
            tensor.CopyTo(values);
            hash.AppendData(MemoryMarshal.AsBytes(values.AsSpan()));
        }

        return hash.GetHashAndReset();
    }
}
