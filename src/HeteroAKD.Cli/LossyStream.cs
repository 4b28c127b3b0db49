using System.Text;

namespace HeteroAKD.Cli;

/// <summary>
/// One of the process's outputs, which may go away: a terminal is closed, a disk is full, a reader has left. That must not end a training. The first
/// failure is kept, and what comes after it is dropped.
/// </summary>
/// <param name="target">The output's own stream.</param>
internal sealed class LossyStream(Stream target) : Stream
{
    /// <summary>What the system said when it took no more; null as long as it takes everything.</summary>
    public string? Failure { get; private set; }

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>An output of the process; one that it was started without takes nothing.</summary>
    public static LossyStream Open(Func<Stream> open)
    {
        try
        {
            return new LossyStream(open());
        }
        catch (Exception e)
        {
            return new LossyStream(Null) { Failure = e.Message };
        }
    }

    /// <summary>A writer that hands on every line at once.</summary>
    public TextWriter Writer() => new StreamWriter(this, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Try(() => target.Write(buffer, offset, count));

    /// <inheritdoc/>
    public override void Flush() => Try(target.Flush);

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    // Which exceptions an output throws is the system's matter; none of them may reach the work.
    private void Try(Action write)
    {
        try
        {
            if (Failure is null)
            {
                write();
            }
        }
        catch (Exception e)
        {
            Failure = e.Message;
        }
    }
}
