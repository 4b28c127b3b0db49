namespace HeteroAKD.CudaEmulator.Ptx;

/// <summary>Cuts PTX text into tokens. Comments fall away; an instruction with its suffixes is one word.</summary>
internal sealed class PtxLexer
{
    private const string Marks = "{}()[]<>,;:+-|!@=*";

    private readonly string _text;
    private readonly List<PtxToken> _tokens = [];
    private int _at;
    private int _line = 1;

    private PtxLexer(string text) => _text = text;

    private char Current => _at < _text.Length ? _text[_at] : '\0';

    /// <summary>All tokens, the last of them <see cref="TokenKind.End"/>.</summary>
    /// <exception cref="PtxException">A character that PTX does not have, or a comment or quotation without an end.</exception>
    public static IReadOnlyList<PtxToken> Read(string text)
    {
        PtxLexer lexer = new(text);
        while (lexer.SkipBlanks())
        {
            lexer.ReadToken();
        }

        lexer.Add(TokenKind.End, "end of text");
        return lexer._tokens;
    }

    private bool SkipBlanks()
    {
        while (_at < _text.Length)
        {
            if (_text[_at] == '\n')
            {
                _line++;
                _at++;
            }
            else if (char.IsWhiteSpace(_text[_at]))
            {
                _at++;
            }
            else if (_text.AsSpan(_at).StartsWith("//"))
            {
                int end = _text.IndexOf('\n', _at);
                _at = end < 0 ? _text.Length : end;
            }
            else if (_text.AsSpan(_at).StartsWith("/*"))
            {
                SkipComment();
            }
            else
            {
                return true;
            }
        }

        return false;
    }

    private void SkipComment()
    {
        int end = _text.IndexOf("*/", _at + 2, StringComparison.Ordinal);
        if (end < 0)
        {
            throw new PtxException(_line, "a comment has no end");
        }

        _line += _text.AsSpan(_at, end - _at).Count('\n');
        _at = end + 2;
    }

    private void ReadToken()
    {
        int start = _at;
        if (char.IsAsciiDigit(Current))
        {
            // Decimal fractions, hexadecimal numbers and the bit patterns 0f.. and 0d.. alike.
            while (char.IsAsciiLetterOrDigit(Current) || Current == '.' || (Current is '+' or '-' && IsExponent(start)))
            {
                _at++;
            }

            Add(TokenKind.Number, _text[start.._at]);
        }
        else if (IsWordStart(Current))
        {
            ReadWord();
        }
        else if (Current == '"')
        {
            int end = _text.IndexOf('"', _at + 1);
            if (end < 0)
            {
                throw new PtxException(_line, "a quotation has no end");
            }

            _at = end + 1;
            Add(TokenKind.Quoted, _text[(start + 1)..end]);
        }
        else if (Marks.Contains(Current))
        {
            _at++;
            Add(TokenKind.Mark, _text[start].ToString());
        }
        else
        {
            throw new PtxException(_line, $"unexpected character '{Current}'");
        }
    }

    private void ReadWord()
    {
        int start = _at++;
        while (IsWordStart(Current) || char.IsAsciiDigit(Current) || (Current == ':' && _at + 1 < _text.Length && _text[_at + 1] == ':'))
        {
            _at += Current == ':' ? 2 : 1;
        }

        Add(TokenKind.Word, _text[start.._at]);
    }

    private bool IsExponent(int start) =>
        _text[_at - 1] is 'e' or 'E' && _text.AsSpan(start, _at - start).Contains('.');

    private static bool IsWordStart(char c) => char.IsAsciiLetter(c) || c is '_' or '$' or '%' or '.';

    private void Add(TokenKind kind, string text) => _tokens.Add(new PtxToken(kind, text, _line));
}
