namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>The instructions whose operands are registers or numbers only, by their full names.</summary>
internal static unsafe class OperationTable
{
    private static readonly Dictionary<string, Operation> s_operations = Build();

    /// <summary>Finds an instruction.</summary>
    public static bool TryFind(string opcode, out Operation operation) => s_operations.TryGetValue(opcode, out operation);

    private static Dictionary<string, Operation> Build()
    {
        Dictionary<string, Operation> table = [];
        AddIntegers32(table);
        AddIntegers64(table);
        AddBits(table);
        AddFloats32(table);
        AddApproximations(table);
        AddFloats64(table);
        AddPredicates(table);
        AddConversions(table);
        return table;
    }

    private static void AddIntegers32(Dictionary<string, Operation> table)
    {
        foreach (string type in new[] { "s32", "u32" })
        {
            table.Add($"add.{type}", new(&Lanes.Binary<AddI32>, "iii"));
            table.Add($"sub.{type}", new(&Lanes.Binary<SubI32>, "iii"));
            table.Add($"mul.lo.{type}", new(&Lanes.Binary<MulLowI32>, "iii"));
            table.Add($"mad.lo.{type}", new(&Lanes.Ternary<MadLowI32>, "iiii"));
        }

        table.Add("min.s32", new(&Lanes.Binary<MinS32>, "iii"));
        table.Add("max.s32", new(&Lanes.Binary<MaxS32>, "iii"));
        table.Add("min.u32", new(&Lanes.Binary<MinU32>, "iii"));
        table.Add("max.u32", new(&Lanes.Binary<MaxU32>, "iii"));
        table.Add("neg.s32", new(&Lanes.Unary<NegI32>, "ii"));
        table.Add("abs.s32", new(&Lanes.Unary<AbsI32>, "ii"));
        table.Add("mul.hi.s32", new(&Lanes.Map2<MulHighS32, int, int, int>, "iii"));
        table.Add("mul.hi.u32", new(&Lanes.Map2<MulHighU32, uint, uint, uint>, "iii"));
        table.Add("mad.hi.s32", new(&Lanes.Map3<MadHighS32, int, int, int, int>, "iiii"));
        table.Add("mad.hi.u32", new(&Lanes.Map3<MadHighU32, uint, uint, uint, uint>, "iiii"));
        table.Add("mul.wide.s32", new(&Lanes.Map2<MulWideS32, long, int, int>, "Iii"));
        table.Add("mul.wide.u32", new(&Lanes.Map2<MulWideU32, ulong, uint, uint>, "Iii"));
        table.Add("mad.wide.s32", new(&Lanes.Map3<MadWideS32, long, int, int, long>, "IiiI"));
        table.Add("mad.wide.u32", new(&Lanes.Map3<MadWideU32, ulong, uint, uint, ulong>, "IiiI"));
        table.Add("div.s32", new(&Lanes.Map2<DivideSigned<int>, int, int, int>, "iii"));
        table.Add("div.u32", new(&Lanes.Map2<DivideUnsigned<uint>, uint, uint, uint>, "iii"));
        table.Add("rem.s32", new(&Lanes.Map2<RemainderSigned<int>, int, int, int>, "iii"));
        table.Add("rem.u32", new(&Lanes.Map2<RemainderUnsigned<uint>, uint, uint, uint>, "iii"));
    }

    private static void AddIntegers64(Dictionary<string, Operation> table)
    {
        foreach (string type in new[] { "s64", "u64" })
        {
            table.Add($"add.{type}", new(&Lanes.Map2<AddI64, ulong, ulong, ulong>, "III"));
            table.Add($"sub.{type}", new(&Lanes.Map2<SubI64, ulong, ulong, ulong>, "III"));
            table.Add($"mul.lo.{type}", new(&Lanes.Map2<MulLowI64, ulong, ulong, ulong>, "III"));
            table.Add($"mad.lo.{type}", new(&Lanes.Map3<MadLowI64, ulong, ulong, ulong, ulong>, "IIII"));
        }

        table.Add("mul.hi.s64", new(&Lanes.Map2<MulHighS64, long, long, long>, "III"));
        table.Add("mul.hi.u64", new(&Lanes.Map2<MulHighU64, ulong, ulong, ulong>, "III"));
        table.Add("div.s64", new(&Lanes.Map2<DivideSigned<long>, long, long, long>, "III"));
        table.Add("div.u64", new(&Lanes.Map2<DivideUnsigned<ulong>, ulong, ulong, ulong>, "III"));
        table.Add("rem.s64", new(&Lanes.Map2<RemainderSigned<long>, long, long, long>, "III"));
        table.Add("rem.u64", new(&Lanes.Map2<RemainderUnsigned<ulong>, ulong, ulong, ulong>, "III"));
        table.Add("min.s64", new(&Lanes.Map2<Min<long>, long, long, long>, "III"));
        table.Add("max.s64", new(&Lanes.Map2<Max<long>, long, long, long>, "III"));
        table.Add("min.u64", new(&Lanes.Map2<Min<ulong>, ulong, ulong, ulong>, "III"));
        table.Add("max.u64", new(&Lanes.Map2<Max<ulong>, ulong, ulong, ulong>, "III"));
        table.Add("neg.s64", new(&Lanes.Map1<NegI64, long, long>, "II"));
        table.Add("abs.s64", new(&Lanes.Map1<AbsI64, long, long>, "II"));
    }

    private static void AddBits(Dictionary<string, Operation> table)
    {
        table.Add("and.b32", new(&Lanes.Binary<And32>, "bbb"));
        table.Add("or.b32", new(&Lanes.Binary<Or32>, "bbb"));
        table.Add("xor.b32", new(&Lanes.Binary<Xor32>, "bbb"));
        table.Add("not.b32", new(&Lanes.Unary<Not32>, "bb"));
        table.Add("and.b16", new(&Lanes.Binary<And32>, "hhh"));
        table.Add("or.b16", new(&Lanes.Binary<Or32>, "hhh"));
        table.Add("xor.b16", new(&Lanes.Binary<Xor32>, "hhh"));
        table.Add("not.b16", new(&Lanes.Map1<Not16, uint, uint>, "hh"));
        table.Add("and.b64", new(&Lanes.Map2<AndI64, ulong, ulong, ulong>, "BBB"));
        table.Add("or.b64", new(&Lanes.Map2<OrI64, ulong, ulong, ulong>, "BBB"));
        table.Add("xor.b64", new(&Lanes.Map2<XorI64, ulong, ulong, ulong>, "BBB"));
        table.Add("not.b64", new(&Lanes.Map1<Not64, ulong, ulong>, "BB"));
        table.Add("shl.b32", new(&Lanes.Map2<Shl32, uint, uint, uint>, "bbi"));
        table.Add("shr.s32", new(&Lanes.Map2<ShrS32, int, int, uint>, "iii"));
        table.Add("shl.b64", new(&Lanes.Map2<Shl64, ulong, ulong, uint>, "BBi"));
        table.Add("shr.s64", new(&Lanes.Map2<ShrS64, long, long, uint>, "IIi"));
        foreach (string type in new[] { "u", "b" })
        {
            table.Add($"shr.{type}32", new(&Lanes.Map2<ShrU32, uint, uint, uint>, "bbi"));
            table.Add($"shr.{type}64", new(&Lanes.Map2<ShrU64, ulong, ulong, uint>, "BBi"));
        }

        table.Add("bfe.u32", new(&Lanes.Map3<ExtractU32, uint, uint, uint, uint>, "iiii"));
        table.Add("bfe.s32", new(&Lanes.Map3<ExtractS32, int, int, uint, uint>, "iiii"));
        table.Add("prmt.b32", new(&Lanes.Map3<Permute, uint, uint, uint, uint>, "bbbb"));
        table.Add("shf.l.wrap.b32", new(&Lanes.Map3<FunnelLeftWrap, uint, uint, uint, uint>, "bbbi"));
        table.Add("shf.r.wrap.b32", new(&Lanes.Map3<FunnelRightWrap, uint, uint, uint, uint>, "bbbi"));
        table.Add("brev.b32", new(&Lanes.Map1<Reverse32, uint, uint>, "bb"));
        table.Add("clz.b32", new(&Lanes.Map1<CountLeadingZeros32, uint, uint>, "ib"));
        table.Add("clz.b64", new(&Lanes.Map1<CountLeadingZeros64, uint, ulong>, "iB"));
        table.Add("popc.b32", new(&Lanes.Map1<PopulationCount32, uint, uint>, "ib"));
        table.Add("popc.b64", new(&Lanes.Map1<PopulationCount64, uint, ulong>, "iB"));
        table.Add("activemask.b32", new(&CollectiveOperations.ActiveMask, "b"));
    }

    private static void AddFloats32(Dictionary<string, Operation> table)
    {
        foreach (string rounding in new[] { "", ".rn" })
        {
            AddBinary<AddF32>(table, $"add{rounding}");
            AddBinary<SubF32>(table, $"sub{rounding}");
            AddBinary<MulF32>(table, $"mul{rounding}");
        }

        AddTernary<FmaF32>(table, "fma.rn");
        AddTernary<FmaF32>(table, "mad.rn");
        AddTernary<ProductMinusF32>(table, Contraction.ProductMinus);
        AddTernary<MinusProductF32>(table, Contraction.MinusProduct);
        foreach (string form in new[] { "div.rn", "div.full", "div.approx" })
        {
            AddBinary<DivF32>(table, form);
        }

        foreach (string form in new[] { "rn", "approx" })
        {
            AddUnary<SqrtF32>(table, $"sqrt.{form}");
            AddUnary<ReciprocalF32>(table, $"rcp.{form}");
        }

        AddUnary<NegF32>(table, "neg");
        AddUnary<AbsF32>(table, "abs");
        table.Add("min.f32", new(&Lanes.Map2<MinF32, float, float, float>, "fff"));
        table.Add("max.f32", new(&Lanes.Map2<MaxF32, float, float, float>, "fff"));
        table.Add("min.NaN.f32", new(&Lanes.Map2<MinNanF32, float, float, float>, "fff"));
        table.Add("max.NaN.f32", new(&Lanes.Map2<MaxNanF32, float, float, float>, "fff"));
        table.Add("copysign.f32", new(&Lanes.Map2<CopySignF32, float, float, float>, "fff"));
        table.Add("slct.b32.s32", new(&Lanes.Map3<SelectBySign, uint, uint, uint, int>, "bbbi"));
        table.Add("slct.u32.s32", new(&Lanes.Map3<SelectBySign, uint, uint, uint, int>, "iiii"));
        table.Add("slct.s32.s32", new(&Lanes.Map3<SelectBySign, uint, uint, uint, int>, "iiii"));
        table.Add("slct.f32.s32", new(&Lanes.Map3<SelectBySign, uint, uint, uint, int>, "fffi"));
        table.Add("slct.b32.f32", new(&Lanes.Map3<SelectByFloatSign, uint, uint, uint, float>, "bbbf"));
        table.Add("slct.f32.f32", new(&Lanes.Map3<SelectByFloatSign, uint, uint, uint, float>, "ffff"));
    }

    /// <summary>Functions that the hardware approximates to a unit or two in the last place; here they are rounded from double precision.</summary>
    private static void AddApproximations(Dictionary<string, Operation> table)
    {
        AddApproximation<Exp2Approximate>(table, "ex2");
        AddApproximation<Log2Approximate>(table, "lg2");
        AddApproximation<SinApproximate>(table, "sin");
        AddApproximation<CosApproximate>(table, "cos");
        AddApproximation<ReciprocalSqrtApproximate>(table, "rsqrt");
        table.Add("tanh.approx.f32", new(&Lanes.Map1<TanhApproximate, float, float>, "ff"));
    }

    private static void AddFloats64(Dictionary<string, Operation> table)
    {
        foreach (string rounding in new[] { "", ".rn" })
        {
            table.Add($"add{rounding}.f64", new(&Lanes.Map2<AddF64, double, double, double>, "FFF"));
            table.Add($"sub{rounding}.f64", new(&Lanes.Map2<SubF64, double, double, double>, "FFF"));
            table.Add($"mul{rounding}.f64", new(&Lanes.Map2<MulF64, double, double, double>, "FFF"));
        }

        table.Add("div.rn.f64", new(&Lanes.Map2<DivF64, double, double, double>, "FFF"));
        table.Add("fma.rn.f64", new(&Lanes.Map3<FmaF64, double, double, double, double>, "FFFF"));
        table.Add("min.f64", new(&Lanes.Map2<MinF64, double, double, double>, "FFF"));
        table.Add("max.f64", new(&Lanes.Map2<MaxF64, double, double, double>, "FFF"));
        table.Add("neg.f64", new(&Lanes.Map1<NegF64, double, double>, "FF"));
        table.Add("abs.f64", new(&Lanes.Map1<AbsF64, double, double>, "FF"));
        table.Add("sqrt.rn.f64", new(&Lanes.Map1<SqrtF64, double, double>, "FF"));
        table.Add("rcp.rn.f64", new(&Lanes.Map1<ReciprocalF64, double, double>, "FF"));
    }

    private static void AddPredicates(Dictionary<string, Operation> table)
    {
        table.Add("and.pred", new(&PredicateOperations.And, "ppp"));
        table.Add("or.pred", new(&PredicateOperations.Or, "ppp"));
        table.Add("xor.pred", new(&PredicateOperations.Xor, "ppp"));
        table.Add("not.pred", new(&PredicateOperations.Not, "pp"));
        table.Add("mov.pred", new(&PredicateOperations.Move, "pp"));
        table.Add("testp.finite.f32", new(&PredicateOperations.TestNumber<IsFinite>, "pf"));
        table.Add("testp.infinite.f32", new(&PredicateOperations.TestNumber<IsInfinite>, "pf"));
        table.Add("testp.number.f32", new(&PredicateOperations.TestNumber<IsNumber>, "pf"));
        table.Add("testp.notanumber.f32", new(&PredicateOperations.TestNumber<IsNotANumber>, "pf"));
        table.Add("testp.normal.f32", new(&PredicateOperations.TestNumber<IsNormal>, "pf"));
        table.Add("testp.subnormal.f32", new(&PredicateOperations.TestNumber<IsSubnormal>, "pf"));
        table.Add("selp.b16", new(&PredicateOperations.Select<uint>, "hhhp"));
        table.Add("selp.b32", new(&PredicateOperations.Select<uint>, "bbbp"));
        table.Add("selp.s32", new(&PredicateOperations.Select<uint>, "iiip"));
        table.Add("selp.u32", new(&PredicateOperations.Select<uint>, "iiip"));
        table.Add("selp.f32", new(&PredicateOperations.Select<float>, "fffp"));
        table.Add("selp.b64", new(&PredicateOperations.Select<ulong>, "BBBp"));
        table.Add("selp.s64", new(&PredicateOperations.Select<ulong>, "IIIp"));
        table.Add("selp.u64", new(&PredicateOperations.Select<ulong>, "IIIp"));
        table.Add("selp.f64", new(&PredicateOperations.Select<double>, "FFFp"));
    }

    /// <summary>Conversions that kernels use all the time, or that have formats of their own; the decoder does the others.</summary>
    private static void AddConversions(Dictionary<string, Operation> table)
    {
        table.Add("cvt.rna.tf32.f32", new(&Lanes.Map1<RoundToTensorFloat, uint, float>, "bf"));
        table.Add("cvt.rn.bf16.f32", new(&Lanes.Map1<RoundToBFloat, uint, float>, "hf"));
        table.Add("cvt.rn.bf16x2.f32", new(&Lanes.Map2<RoundToBFloatPair, uint, float, float>, "bff"));
        table.Add("cvt.rn.f16x2.f32", new(&Lanes.Map2<RoundToHalfPair, uint, float, float>, "bff"));
        table.Add("cvt.f32.bf16", new(&Lanes.Map1<WidenBFloat, uint, uint>, "fh"));
    }

    private static void AddUnary<T>(Dictionary<string, Operation> table, string name)
        where T : IUnaryVector
    {
        table.Add($"{name}.f32", new(&Lanes.Unary<T>, "ff"));
        table.Add($"{name}.ftz.f32", new(&Lanes.Unary<FlushUnary<T>>, "ff"));
    }

    private static void AddBinary<T>(Dictionary<string, Operation> table, string name)
        where T : IBinaryVector
    {
        table.Add($"{name}.f32", new(&Lanes.Binary<T>, "fff"));
        table.Add($"{name}.ftz.f32", new(&Lanes.Binary<FlushBinary<T>>, "fff"));
    }

    private static void AddTernary<T>(Dictionary<string, Operation> table, string name)
        where T : ITernaryVector
    {
        table.Add($"{name}.f32", new(&Lanes.Ternary<T>, "ffff"));
        table.Add($"{name}.ftz.f32", new(&Lanes.Ternary<FlushTernary<T>>, "ffff"));
    }

    private static void AddApproximation<T>(Dictionary<string, Operation> table, string name)
        where T : IMap1<float, float>
    {
        table.Add($"{name}.approx.f32", new(&Lanes.Map1<T, float, float>, "ff"));
        table.Add($"{name}.approx.ftz.f32", new(&Lanes.Map1<FlushMap<T>, float, float>, "ff"));
    }
}
