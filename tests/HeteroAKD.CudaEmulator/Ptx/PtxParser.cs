namespace HeteroAKD.CudaEmulator.Ptx;

/// <summary>Reads the functions of a PTX text. What instructions mean is the decoder's business.</summary>
internal sealed class PtxParser
{
    private const int MaxRegisters = 1 << 16;

    private readonly TokenReader _tokens;
    private readonly OperandParser _operands;
    private readonly Dictionary<string, PtxFunction> _functions = [];
    private readonly List<PtxVariable> _moduleVariables = [];
    private PtxScope _scope = new(null);

    private PtxParser(TokenReader tokens)
    {
        _tokens = tokens;
        _operands = new OperandParser(tokens);
    }

    /// <summary>Reads a text.</summary>
    /// <exception cref="PtxException">It is not PTX, or uses a part of PTX that the emulator lacks.</exception>
    public static PtxModule Parse(string text)
    {
        PtxParser parser = new(new TokenReader(PtxLexer.Read(text)));
        parser.ReadModule();
        return new PtxModule(parser._functions);
    }

    private void ReadModule()
    {
        bool hasVersion = false;
        while (!_tokens.AtEnd)
        {
            switch (_tokens.Next.Text)
            {
                case ".version" or ".target" or ".address_size" or ".file":
                    hasVersion |= _tokens.Next.Text == ".version";
                    _tokens.SkipLine();
                    break;
                case ".visible" or ".extern" or ".weak":
                    _tokens.Take();
                    break;
                case ".entry" or ".func":
                    ReadFunction(_tokens.Take().Text == ".entry");
                    break;
                case ".shared":
                    ReadVariables(_moduleVariables);
                    break;
                default:
                    throw _tokens.Unexpected("a function or a directive that the emulator knows");
            }
        }

        if (!hasVersion)
        {
            throw new PtxException(1, "the text has no .version directive");
        }
    }

    private void ReadFunction(bool isEntry)
    {
        _scope = new PtxScope(_scope);
        List<PtxVariable> results = [];
        if (!isEntry && _tokens.TakeIf('('))
        {
            ReadParameters(results);
        }

        PtxFunction function = new(_tokens.Word("the name of a function"), isEntry);
        function.Parameters.AddRange(results);
        if (_tokens.TakeIf('('))
        {
            ReadParameters(function.Parameters);
        }

        LayOut(function.Parameters);
        ReadFunctionDirectives(function);
        if (!_tokens.TakeIf(';'))
        {
            function.Variables.AddRange(_moduleVariables);
            ReadBody(function);
            if (!_functions.TryAdd(function.Name, function))
            {
                throw _tokens.Unexpected($"a function other than {function.Name}, which is there already");
            }
        }

        _scope = _scope.Outer!;
    }

    private void ReadParameters(List<PtxVariable> parameters)
    {
        while (!_tokens.TakeIf(')'))
        {
            if (!_tokens.TakeIf(".param"))
            {
                throw _tokens.Unexpected(".param");
            }

            parameters.Add(ReadVariable(MemorySpace.Param));
            if (!_tokens.Next.Is(')'))
            {
                _tokens.Expect(',');
            }
        }
    }

    private void ReadFunctionDirectives(PtxFunction function)
    {
        while (_tokens.Next.Kind == TokenKind.Word)
        {
            string directive = _tokens.Take().Text;
            if (directive is not (".maxntid" or ".reqntid" or ".minnctapersm" or ".maxnreg" or ".noreturn"))
            {
                throw _tokens.Unexpected($"the body of {function.Name} after the directive {directive}, which the emulator lacks");
            }

            int product = 1;
            while (_tokens.Next.Kind == TokenKind.Number)
            {
                product *= _tokens.Integer("a limit");
                _tokens.TakeIf(',');
            }

            function.MaxThreads = directive is ".maxntid" or ".reqntid" ? product : function.MaxThreads;
        }
    }

    private void ReadBody(PtxFunction function)
    {
        _tokens.Expect('{');
        PtxScope body = _scope;
        _scope = new PtxScope(body);
        while (_scope != body)
        {
            ReadStatement(function);
        }
    }

    private void ReadStatement(PtxFunction function)
    {
        PtxToken next = _tokens.Next;
        if (_tokens.TakeIf('{'))
        {
            _scope = new PtxScope(_scope);
        }
        else if (_tokens.TakeIf('}'))
        {
            _scope = _scope.Outer!;
        }
        else if (_tokens.TakeIf(".reg"))
        {
            ReadRegisters(function);
        }
        else if (next.Is(".shared") || next.Is(".local"))
        {
            ReadVariables(function.Variables);
        }
        else if (next.Is(".loc") || next.Is(".file") || next.Is(".pragma"))
        {
            _tokens.SkipLine();
        }
        else if (next.Kind == TokenKind.Word && _tokens.AfterNext.Is(':'))
        {
            ReadLabel(function);
        }
        else if (next.Kind == TokenKind.Word || next.Is('@'))
        {
            function.Instructions.Add(_operands.ReadInstruction(_scope));
        }
        else
        {
            throw _tokens.Unexpected("an instruction, a declaration or a label");
        }
    }

    private void ReadLabel(PtxFunction function)
    {
        PtxToken label = _tokens.Take();
        _tokens.Expect(':');
        if (!function.Labels.TryAdd(label.Text, function.Instructions.Count))
        {
            throw new PtxException(label.Line, $"the label {label.Text} is there twice");
        }
    }

    private void ReadRegisters(PtxFunction function)
    {
        int line = _tokens.Next.Line;
        PtxType type = ReadType();
        do
        {
            string name = _tokens.Word("the name of a register");
            int count = 1;
            bool isRange = _tokens.TakeIf('<');
            if (isRange)
            {
                count = _tokens.Integer("a number of registers");
                _tokens.Expect('>');
            }

            if (function.Registers.Count + (long)count > MaxRegisters)
            {
                throw new PtxException(line, $"{function.Name} has more than {MaxRegisters} registers");
            }

            for (int i = 0; i < count; i++)
            {
                PtxRegister register = new(isRange ? $"{name}{i}" : name, type);
                function.Registers.Add(register);
                _scope.Declare(register.Name, register, line);
            }
        }
        while (_tokens.TakeIf(','));
        _tokens.Expect(';');
    }

    private void ReadVariables(List<PtxVariable> variables)
    {
        MemorySpace space = _tokens.Take().Text == ".shared" ? MemorySpace.Shared : MemorySpace.Local;
        variables.Add(ReadVariable(space));
        _tokens.Expect(';');
    }

    private PtxVariable ReadVariable(MemorySpace space)
    {
        int line = _tokens.Next.Line;
        int alignment = _tokens.TakeIf(".align") ? _tokens.Integer("an alignment") : 0;
        PtxType type = ReadType();
        if (_tokens.TakeIf(".ptr"))
        {
            while (_tokens.Next.Text is ".global" or ".shared" or ".const" or ".local")
            {
                _tokens.Take();
            }

            alignment = Math.Max(alignment, _tokens.TakeIf(".align") ? _tokens.Integer("an alignment") : 0);
        }

        string name = _tokens.Word("the name of a variable");
        long bytes = type.Bytes;
        while (_tokens.TakeIf('['))
        {
            bytes *= _tokens.Next.Is(']') ? 0 : _tokens.Integer("a number of elements");
            _tokens.Expect(']');
        }

        alignment = Math.Max(alignment, type.Bytes);
        if (bytes > 1 << 24 || !int.IsPow2(alignment) || alignment > 4096)
        {
            throw new PtxException(line, $"{name} has {bytes} bytes at an alignment of {alignment}, which is not possible");
        }

        PtxVariable variable = new(name, space, (int)bytes, alignment);
        _scope.Declare(name, variable, line);
        return variable;
    }

    private PtxType ReadType()
    {
        string name = _tokens.Next.Text;
        if (!name.StartsWith('.') || !PtxType.TryParse(name.AsSpan(1), out PtxType type))
        {
            throw _tokens.Unexpected("a type");
        }

        _tokens.Take();
        return type;
    }

    private static void LayOut(List<PtxVariable> parameters)
    {
        int end = 0;
        foreach (PtxVariable parameter in parameters)
        {
            parameter.Offset = (end + parameter.Alignment - 1) & -parameter.Alignment;
            end = parameter.Offset + parameter.Bytes;
        }
    }
}
