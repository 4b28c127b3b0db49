using System.Runtime.InteropServices;
using HeteroAKD.Kernels.Gemm;
using ILGPU.Runtime;

namespace HeteroAKD.Tensors.Devices.Cuda;

/// <summary>NVIDIA's own matrix products (cuBLAS 11 to 13), where the library is installed: a yardstick, and an option.</summary>
internal sealed unsafe class Cublas : IDisposable
{
    private const int Float32 = 0; // CUDA_R_32F
    private const int BFloat16 = 14; // CUDA_R_16BF
    private const int DefaultAlgorithm = -1; // CUBLAS_GEMM_DEFAULT

    private readonly nint _library;
    private readonly nint _handle;
    private readonly delegate* unmanaged<nint, int, int, int, int, int, float*, nint, int, int, long, nint, int, int, long,
        float*, nint, int, int, long, int, int, int, int> _product;

    private Cublas(nint library, string name, nint stream)
    {
        _library = library;
        Name = name;
        _product =
            (delegate* unmanaged<nint, int, int, int, int, int, float*, nint, int, int, long, nint, int, int, long,
             float*, nint, int, int, long, int, int, int, int>)
            NativeLibrary.GetExport(library, "cublasGemmStridedBatchedEx");
        nint handle;
        Check(((delegate* unmanaged<nint*, int>)NativeLibrary.GetExport(library, "cublasCreate_v2"))(&handle), "cublasCreate");
        _handle = handle;
        Check(((delegate* unmanaged<nint, nint, int>)NativeLibrary.GetExport(library, "cublasSetStream_v2"))(handle, stream), "cublasSetStream");
    }

    /// <summary>The file that was found.</summary>
    public string Name { get; }

    /// <summary>The file names that are looked for, newest first.</summary>
    public static IReadOnlyList<string> Names { get; } = OperatingSystem.IsWindows()
        ? ["cublas64_13.dll", "cublas64_12.dll", "cublas64_11.dll"]
        : ["libcublas.so.13", "libcublas.so.12", "libcublas.so.11"];

    /// <summary>Opens the newest library that is there, for work on a stream of the current context; null if there is none.</summary>
    public static Cublas? TryOpen(nint stream)
    {
        foreach (string name in Names)
        {
            if (NativeLibrary.TryLoad(name, out nint library))
            {
                return new Cublas(library, name, stream);
            }
        }

        return null;
    }

    /// <summary>Whether the library multiplies what the matrices hold: both factors floats or both bf16 numbers, the result as they or floats.</summary>
    public static bool Takes(in GemmArguments g) => g.A.Memory.Narrow == g.B.Memory.Narrow && g.C.Memory.Narrow <= g.A.Memory.Narrow;

    /// <summary>α A B + β C of <paramref name="g"/>, which it <see cref="Takes"/>; what else its epilogue does is left to the caller.</summary>
    public void Multiply(in GemmArguments g, MatrixPrecision precision)
    {
        float alpha = g.Alpha;
        float beta = g.Beta;

        // The library stores columns: it computes Cᵀ = Bᵀ Aᵀ, for which all memory is as it should be.
        Check(
            _product(
                _handle, Transposed(g.B), Transposed(g.A), g.N, g.M, g.K, &alpha, Address(g.B), TypeOf(g.B), Leading(g.B, g.N, g.K), g.B.BatchStride,
                Address(g.A), TypeOf(g.A), Leading(g.A, g.K, g.M), g.A.BatchStride, &beta, Address(g.C), TypeOf(g.C), Leading(g.C, g.N, g.M), g.C.BatchStride,
                g.Batch, ComputeType(g.A.Memory.Narrow != 0 ? MatrixPrecision.Fp32 : precision), DefaultAlgorithm),
            $"cublasGemmStridedBatchedEx of {g.Batch} x [{g.M}, {g.K}] x [{g.K}, {g.N}]");
    }

    public void Dispose()
    {
        Check(((delegate* unmanaged<nint, int>)NativeLibrary.GetExport(_library, "cublasDestroy_v2"))(_handle), "cublasDestroy");
        NativeLibrary.Free(_library);
    }

    // CUBLAS_COMPUTE_32F_FAST_TF32, CUBLAS_COMPUTE_32F_FAST_16BF, CUBLAS_COMPUTE_32F; the last is all there is to say where factors are bf16 numbers
    // themselves.
    private static int ComputeType(MatrixPrecision precision) => precision switch { MatrixPrecision.Tf32 => 77, MatrixPrecision.Bf16 => 75, _ => 68 };

    private static int Transposed(in GemmMatrix matrix) => matrix.ColumnStride == 1 ? 0 : 1;

    private static int Leading(in GemmMatrix matrix, int columns, int rows) =>
        matrix.ColumnStride == 1 ? Math.Max(matrix.RowStride, columns) : Math.Max(matrix.ColumnStride, rows);

    private static nint Address(in GemmMatrix matrix) =>
        matrix.Memory.View.LoadEffectiveAddressAsPtr() + (matrix.Offset * (matrix.Memory.Narrow != 0 ? sizeof(ushort) : sizeof(float)));

    private static int TypeOf(in GemmMatrix matrix) => matrix.Memory.Narrow != 0 ? BFloat16 : Float32;

    private static void Check(int status, string operation)
    {
        if (status != 0)
        {
            throw new HeteroAkdException($"{operation} returned status {status} (cublasStatus_t)");
        }
    }
}
