namespace HeteroAKD.CudaEmulator.Execution;

internal readonly struct MinF32 : IMap2<float, float, float>
{
    public static float Apply(float a, float b) => float.MinNumber(a, b);
}

internal readonly struct MaxF32 : IMap2<float, float, float>
{
    public static float Apply(float a, float b) => float.MaxNumber(a, b);
}

internal readonly struct MinNanF32 : IMap2<float, float, float>
{
    public static float Apply(float a, float b) => float.IsNaN(a) || float.IsNaN(b) ? float.NaN : float.Min(a, b);
}

internal readonly struct MaxNanF32 : IMap2<float, float, float>
{
    public static float Apply(float a, float b) => float.IsNaN(a) || float.IsNaN(b) ? float.NaN : float.Max(a, b);
}

internal readonly struct CopySignF32 : IMap2<float, float, float>
{
    public static float Apply(float a, float b) => float.CopySign(b, a);
}

internal readonly struct AddF64 : IMap2<double, double, double>
{
    public static double Apply(double a, double b) => a + b;
}

internal readonly struct SubF64 : IMap2<double, double, double>
{
    public static double Apply(double a, double b) => a - b;
}

internal readonly struct MulF64 : IMap2<double, double, double>
{
    public static double Apply(double a, double b) => a * b;
}

internal readonly struct DivF64 : IMap2<double, double, double>
{
    public static double Apply(double a, double b) => a / b;
}

internal readonly struct FmaF64 : IMap3<double, double, double, double>
{
    public static double Apply(double a, double b, double c) => double.FusedMultiplyAdd(a, b, c);
}

internal readonly struct MinF64 : IMap2<double, double, double>
{
    public static double Apply(double a, double b) => double.MinNumber(a, b);
}

internal readonly struct MaxF64 : IMap2<double, double, double>
{
    public static double Apply(double a, double b) => double.MaxNumber(a, b);
}

internal readonly struct NegF64 : IMap1<double, double>
{
    public static double Apply(double a) => -a;
}

internal readonly struct AbsF64 : IMap1<double, double>
{
    public static double Apply(double a) => double.Abs(a);
}

internal readonly struct SqrtF64 : IMap1<double, double>
{
    public static double Apply(double a) => double.Sqrt(a);
}

internal readonly struct ReciprocalF64 : IMap1<double, double>
{
    public static double Apply(double a) => 1 / a;
}

internal readonly struct Exp2Approximate : IMap1<float, float>
{
    public static float Apply(float a) => (float)Math.Pow(2, a);
}

internal readonly struct Log2Approximate : IMap1<float, float>
{
    public static float Apply(float a) => (float)Math.Log2(a);
}

internal readonly struct SinApproximate : IMap1<float, float>
{
    public static float Apply(float a) => (float)Math.Sin(a);
}

internal readonly struct CosApproximate : IMap1<float, float>
{
    public static float Apply(float a) => (float)Math.Cos(a);
}

internal readonly struct TanhApproximate : IMap1<float, float>
{
    public static float Apply(float a) => (float)Math.Tanh(a);
}

internal readonly struct ReciprocalSqrtApproximate : IMap1<float, float>
{
    public static float Apply(float a) => (float)(1 / Math.Sqrt(a));
}
