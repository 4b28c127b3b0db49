using HeteroAKD.Cuda.Tests.Runtime;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Checks;

namespace HeteroAKD.Cuda.Tests.Cases;

/// <summary>Products, convolutions and attention at real sizes by their PTX, in every precision.</summary>
public sealed class RealSizeTests(EmulatedCard card, CudaDevices devices)
{
    public static TheoryData<string, MatrixPrecision> All
    {
        get
        {
            TheoryData<string, MatrixPrecision> all = [];
            foreach (string name in RealSizes.Names)
            {
                foreach (MatrixPrecision precision in Enum.GetValues<MatrixPrecision>())
                {
                    all.Add(name, precision);
                }
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Operation(string name, MatrixPrecision precision) => devices.Run(card, cuda =>
    {
        cuda.UseMatrixPrecision(precision);
        try
        {
            RealSizes.Check(cuda, devices.Cpu, name, largeTiles: false);
            RealSizes.Check(cuda, devices.Cpu, name, largeTiles: true);
        }
        finally
        {
            cuda.UseMatrixPrecision(MatrixPrecision.Fp32);
        }
    });
}
