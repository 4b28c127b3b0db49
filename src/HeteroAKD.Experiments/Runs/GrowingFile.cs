using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Runs;

/// <summary>
/// A text file that only grows: each text is on its way to the disk when the call returns. Its content is kept, so that a file that somebody removes or cuts
/// while the run goes on is written again, with all that it held.
/// </summary>
internal sealed class GrowingFile : IDisposable
{
    private readonly string _path;
    private readonly MemoryStream _content = new();
    private FileStream _stream;
    private bool _restored;

    /// <summary>Goes on with a file; one that is not there is made.</summary>
    public GrowingFile(string path)
    {
        _path = path;
        if (File.Exists(path))
        {
            _content.Write(File.ReadAllBytes(path));
        }

        _stream = Open();
    }

    /// <summary>Adds bytes at the end.</summary>
    /// <exception cref="StorageException">The disk is full or refuses.</exception>
    public void Append(ReadOnlySpan<byte> text)
    {
        long before = _content.Length;
        _content.Write(text);
        try
        {
            // The open file may be one that has no name any more, because an editor put another in its place.
            if (new FileInfo(_path) is not { Exists: true } there || there.Length != before)
            {
                Restore();
                return;
            }

            _stream.Write(text);
        }
        catch (Exception e) when (StorageException.IsRefusal(e))
        {
            throw StorageException.Of(_path, e);
        }
    }

    /// <summary>Whether it had to be written again since the last call.</summary>
    public bool TakeRestored()
    {
        bool restored = _restored;
        _restored = false;
        return restored;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stream.Dispose();
        _content.Dispose();
    }

    private void Restore()
    {
        _stream.Dispose();
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(_path))!);
        AtomicFile.Write(_path, _content.WriteTo);
        _stream = Open();
        _restored = true;
    }

    private FileStream Open() => new(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
}
