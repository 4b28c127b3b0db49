using System.Text;

namespace HeteroAKD.Cli;

/// <summary>What is written to a terminal. A terminal that was closed takes no more, which must not keep a training from saving: what comes then is lost.</summary>
/// <param name="terminal">The terminal's own stream.</param>
internal sealed class TerminalStream(Stream terminal) : Stream
{
    private bool closed;

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

    /// <summary>A writer to one of the process's outputs.</summary>
    public static TextWriter Writer(Stream output) => new StreamWriter(new TerminalStream(output), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count)
    {
        try
        {
            if (!closed)
            {
                terminal.Write(buffer, offset, count);
            }
        }
        catch (IOException)
        {
            closed = true;
        }
    }

    /// <inheritdoc/>
    public override void Flush()
    {
        if (!closed)
        {
            terminal.Flush();
        }
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();
}
