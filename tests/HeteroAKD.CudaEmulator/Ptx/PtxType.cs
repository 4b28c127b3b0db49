namespace HeteroAKD.CudaEmulator.Ptx;

/// <summary>What the bits of a value mean.</summary>
internal enum PtxClass
{
    /// <summary>One bit a thread.</summary>
    Predicate,

    /// <summary>Bits without a meaning.</summary>
    Bits,

    /// <summary>An integer without a sign.</summary>
    Unsigned,

    /// <summary>A two's complement integer.</summary>
    Signed,

    /// <summary>An IEEE number.</summary>
    Float,
}

/// <summary>A fundamental type of PTX.</summary>
/// <param name="Class">What its bits mean.</param>
/// <param name="Bytes">Its size; 0 for predicates.</param>
internal readonly record struct PtxType(PtxClass Class, int Bytes)
{
    /// <summary>Reads a name without its dot, such as <c>s32</c> or <c>pred</c>.</summary>
    public static bool TryParse(ReadOnlySpan<char> name, out PtxType type)
    {
        if (name.SequenceEqual("pred"))
        {
            type = new PtxType(PtxClass.Predicate, 0);
            return true;
        }

        type = default;
        if (name.Length < 2 || !int.TryParse(name[1..], out int bits) || bits is not (8 or 16 or 32 or 64))
        {
            return false;
        }

        PtxClass? kind = name[0] switch
        {
            'b' => PtxClass.Bits,
            'u' => PtxClass.Unsigned,
            's' => PtxClass.Signed,
            'f' when bits > 8 => PtxClass.Float,
            _ => null,
        };
        type = new PtxType(kind ?? default, bits / 8);
        return kind is not null;
    }
}
