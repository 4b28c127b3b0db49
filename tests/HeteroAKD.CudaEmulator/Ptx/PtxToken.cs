namespace HeteroAKD.CudaEmulator.Ptx;

/// <summary>What a token is.</summary>
internal enum TokenKind
{
    /// <summary>After the last one.</summary>
    End,

    /// <summary>A name, an instruction with its suffixes, a register or a directive.</summary>
    Word,

    /// <summary>A number as it was written.</summary>
    Number,

    /// <summary>The text between quotation marks.</summary>
    Quoted,

    /// <summary>One character.</summary>
    Mark,
}

/// <summary>A piece of PTX text.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">As it was written.</param>
/// <param name="Line">Line of the text, counted from 1.</param>
internal readonly record struct PtxToken(TokenKind Kind, string Text, int Line)
{
    /// <summary>Whether it is this mark.</summary>
    public bool Is(char mark) => Kind == TokenKind.Mark && Text[0] == mark;

    /// <summary>Whether it is this word.</summary>
    public bool Is(string word) => Kind == TokenKind.Word && Text == word;
}
