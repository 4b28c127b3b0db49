namespace HeteroAKD.CudaEmulator.Ptx;

/// <summary>Reads an instruction with its operands and finds what their names mean.</summary>
/// <param name="tokens">At the instruction.</param>
internal sealed class OperandParser(TokenReader tokens)
{
    private PtxScope _scope = new(null);

    /// <summary>Reads an instruction with its guard, up to and with the semicolon.</summary>
    /// <param name="scope">The names that it may use.</param>
    /// <exception cref="PtxException">It cannot be read.</exception>
    public PtxInstruction ReadInstruction(PtxScope scope)
    {
        _scope = scope;
        RegisterOperand? guard = null;
        if (tokens.TakeIf('@'))
        {
            bool negated = tokens.TakeIf('!');
            guard = ReadName() is RegisterOperand { Register.Type.Class: PtxClass.Predicate } predicate
                ? predicate with { Negated = negated }
                : throw tokens.Unexpected("a predicate before this");
        }

        int line = tokens.Next.Line;
        string opcode = tokens.Word("an instruction");
        if (opcode.StartsWith("call", StringComparison.Ordinal))
        {
            throw new PtxException(line, "the emulator lacks calls: functions have to be inlined");
        }

        List<PtxOperand> operands = [];
        while (!tokens.TakeIf(';'))
        {
            operands.Add(ReadOperand());
            if (!tokens.Next.Is(';'))
            {
                tokens.Expect(',');
            }
        }

        return new PtxInstruction(guard, opcode, operands, line);
    }

    private PtxOperand ReadOperand()
    {
        if (tokens.TakeIf('['))
        {
            return ReadAddress();
        }

        if (tokens.TakeIf('{'))
        {
            return ReadVector();
        }

        PtxOperand first = ReadSimple();
        return tokens.TakeIf('|') ? new PairOperand(first, ReadSimple()) : first;
    }

    private VectorOperand ReadVector()
    {
        List<PtxOperand> elements = [];
        do
        {
            elements.Add(ReadSimple());
        }
        while (tokens.TakeIf(','));
        tokens.Expect('}');
        return new VectorOperand(elements);
    }

    private AddressOperand ReadAddress()
    {
        PtxOperand start = ReadSimple();
        long offset = 0;
        while (tokens.Next.Is('+') || tokens.Next.Is('-'))
        {
            offset += ReadOffset();
        }

        if (offset != (int)offset)
        {
            throw tokens.Unexpected("a smaller byte offset before this");
        }

        tokens.Expect(']');
        return new AddressOperand(start, offset);
    }

    private long ReadOffset()
    {
        bool negative = tokens.Take().Is('-') | tokens.TakeIf('-');
        int bytes = tokens.Integer("a byte offset");
        return negative ? -bytes : bytes;
    }

    private PtxOperand ReadSimple()
    {
        if (tokens.TakeIf('!'))
        {
            return ReadName() is RegisterOperand { Register.Type.Class: PtxClass.Predicate } predicate
                ? predicate with { Negated = true }
                : throw tokens.Unexpected("a predicate before this");
        }

        bool negative = tokens.TakeIf('-');
        if (tokens.Next.Kind == TokenKind.Number)
        {
            return new NumberOperand(tokens.Take().Text, negative);
        }

        return negative ? throw tokens.Unexpected("a number") : ReadName();
    }

    private PtxOperand ReadName()
    {
        int line = tokens.Next.Line;
        string name = tokens.Word("a register, a number or a name");
        if (name == "_")
        {
            return new SinkOperand();
        }

        return _scope.Find(name) switch
        {
            PtxRegister register => new RegisterOperand(register, Negated: false),
            PtxVariable variable => new VariableOperand(variable, tokens.Next.Is('+') && tokens.AfterNext.Kind == TokenKind.Number ? ReadOffset() : 0),
            _ when name.StartsWith('%') => new SpecialOperand(name),
            _ when name.StartsWith('.') => throw new PtxException(line, $"'{name}' is not an operand"),
            _ => new LabelOperand(name),
        };
    }
}
