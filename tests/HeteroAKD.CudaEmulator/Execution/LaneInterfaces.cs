using System.Runtime.Intrinsics;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>An operation on eight lanes of one row.</summary>
internal interface IUnaryVector
{
    /// <summary>The result.</summary>
    static abstract Vector256<uint> Apply(Vector256<uint> a);
}

/// <summary>An operation on eight lanes of two rows.</summary>
internal interface IBinaryVector
{
    /// <summary>The result.</summary>
    static abstract Vector256<uint> Apply(Vector256<uint> a, Vector256<uint> b);
}

/// <summary>An operation on eight lanes of three rows.</summary>
internal interface ITernaryVector
{
    /// <summary>The result.</summary>
    static abstract Vector256<uint> Apply(Vector256<uint> a, Vector256<uint> b, Vector256<uint> c);
}

/// <summary>An operation on one lane.</summary>
internal interface IMap1<TD, TA>
{
    /// <summary>The result.</summary>
    static abstract TD Apply(TA a);
}

/// <summary>An operation on one lane of two rows.</summary>
internal interface IMap2<TD, TA, TB>
{
    /// <summary>The result.</summary>
    static abstract TD Apply(TA a, TB b);
}

/// <summary>An operation on one lane of three rows.</summary>
internal interface IMap3<TD, TA, TB, TC>
{
    /// <summary>The result.</summary>
    static abstract TD Apply(TA a, TB b, TC c);
}

/// <summary>A comparison of one lane of two rows.</summary>
internal interface ITest<T>
{
    /// <summary>Whether it holds.</summary>
    static abstract bool Apply(T a, T b);
}
