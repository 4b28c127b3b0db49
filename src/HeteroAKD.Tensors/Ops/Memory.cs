namespace HeteroAKD.Tensors.Ops;
/// <summary>x</summary>
public static class Fill { internal static void Run(Tensor t, float v) => throw new NotImplementedException(); }
/// <summary>x</summary>
public static class Copy { internal static void Run(Tensor a, Tensor b) => throw new NotImplementedException(); }
/// <summary>x</summary>
public static class Accumulate { internal static void Run(Tensor a, Tensor b) => throw new NotImplementedException(); }
/// <summary>x</summary>
public static class FiniteCheck { internal static void Run(string a, Tensor b) => throw new NotImplementedException(); }
