using System.Globalization;

namespace HeteroAKD.CudaEmulator.Ptx;

/// <summary>Walks over the tokens of a text.</summary>
/// <param name="tokens">From <see cref="PtxLexer"/>.</param>
internal sealed class TokenReader(IReadOnlyList<PtxToken> tokens)
{
    private int _at;

    /// <summary>The token that comes next.</summary>
    public PtxToken Next => tokens[_at];

    /// <summary>The token after the next one.</summary>
    public PtxToken AfterNext => tokens[Math.Min(_at + 1, tokens.Count - 1)];

    /// <summary>Whether nothing follows.</summary>
    public bool AtEnd => Next.Kind == TokenKind.End;

    /// <summary>Takes the next token.</summary>
    public PtxToken Take() => AtEnd ? Next : tokens[_at++];

    /// <summary>Takes the next token if it is this mark.</summary>
    public bool TakeIf(char mark)
    {
        bool found = Next.Is(mark);
        _at += found ? 1 : 0;
        return found;
    }

    /// <summary>Takes the next token if it is this word.</summary>
    public bool TakeIf(string word)
    {
        bool found = Next.Is(word);
        _at += found ? 1 : 0;
        return found;
    }

    /// <summary>Takes this mark.</summary>
    /// <exception cref="PtxException">Something else comes next.</exception>
    public void Expect(char mark)
    {
        if (!TakeIf(mark))
        {
            throw Unexpected($"'{mark}'");
        }
    }

    /// <summary>Takes a word.</summary>
    /// <exception cref="PtxException">Something else comes next.</exception>
    public string Word(string what) => Next.Kind == TokenKind.Word ? Take().Text : throw Unexpected(what);

    /// <summary>Takes an integer.</summary>
    /// <exception cref="PtxException">Something else comes next, or the number is too large.</exception>
    public int Integer(string what)
    {
        PtxToken token = Next;
        if (token.Kind != TokenKind.Number || !TryInteger(token.Text, out ulong value) || value > int.MaxValue)
        {
            throw Unexpected(what);
        }

        Take();
        return (int)value;
    }

    /// <summary>Takes all tokens of the line that is being read.</summary>
    public void SkipLine()
    {
        int line = Next.Line;
        while (!AtEnd && Next.Line == line)
        {
            Take();
        }
    }

    /// <summary>The error that something else comes next.</summary>
    public PtxException Unexpected(string expected) => new(Next.Line, $"expected {expected}, found '{Next.Text}'");

    /// <summary>Reads a decimal, hexadecimal or octal integer, with or without the suffix U.</summary>
    public static bool TryInteger(string text, out ulong value)
    {
        ReadOnlySpan<char> digits = text.AsSpan().TrimEnd('U');
        return digits.StartsWith("0x") || digits.StartsWith("0X")
            ? ulong.TryParse(digits[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value)
            : ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }
}
