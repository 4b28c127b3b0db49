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
    private readonly StringBuilder line = new();
    private readonly Lock gate = new();

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
        lock (gate)
        {
            for (int end; (end = buffer.IndexOf('\n')) >= 0; buffer = buffer[(end + 1)..])
            {
                line.Append(buffer[..end]);
                target.WriteLine(Take());
            }

            line.Append(buffer);
        }
    }

    /// <inheritdoc/>
    public override void WriteLine(string? value) => Write(value + '\n');

    /// <inheritdoc/>
    public override void WriteLine() => Write('\n');

    /// <summary>Also writes a line that has not ended.</summary>
    public override void Flush()
    {
        lock (gate)
        {
            if (line.Length > 0)
            {
                target.Write(Take());
            }

            target.Flush();
        }
    }

    private string Take()
    {
        string taken = VisibleText.Line(line.ToString().TrimEnd('\r'));
        line.Clear();
        return taken;
    }
}
