using System.Text;
using HeteroAKD.Tensors;

namespace HeteroAKD.Cli;

/// <summary>
/// Every line that the program prints, in one place: names in it come from files and may hold what a terminal would obey, or a megabyte. Lines reach
/// <paramref name="target"/> whole, from any thread.
/// </summary>
/// <param name="target">Where they go.</param>
internal sealed class VisibleWriter(TextWriter target) : TextWriter
{
    private readonly StringBuilder _line = new();
    private readonly Lock _gate = new();

    /// <inheritdoc/>
    public override Encoding Encoding => target.Encoding;

    /// <inheritdoc/>
    public override void Write(char value) => Write([value]);

    /// <inheritdoc/>
    public override void Write(string? value) => Write(value.AsSpan());

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<char> buffer)
    {
        lock (_gate)
        {
            for (int end; (end = buffer.IndexOf('\n')) >= 0; buffer = buffer[(end + 1)..])
            {
                _line.Append(buffer[..end]);
                target.WriteLine(Take());
            }

            _line.Append(buffer);
        }
    }

    /// <inheritdoc/>
    public override void WriteLine(string? value) => Write(value + '\n');

    /// <inheritdoc/>
    public override void WriteLine() => Write('\n');

    /// <summary>Also writes a line that has not ended.</summary>
    public override void Flush()
    {
        lock (_gate)
        {
            if (_line.Length > 0)
            {
                target.Write(Take());
            }

            target.Flush();
        }
    }

    private string Take()
    {
        string taken = VisibleText.Line(_line.ToString().TrimEnd('\r'));
        _line.Clear();
        return taken;
    }
}
