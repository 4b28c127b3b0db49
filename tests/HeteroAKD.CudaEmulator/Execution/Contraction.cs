using HeteroAKD.CudaEmulator.Ptx;

namespace HeteroAKD.CudaEmulator.Execution;

/// <summary>
/// Fuses a product and the sum that reads it into one rounding, as ptxas does by default (<c>--fmad=true</c>): <c>mul.f32</c> and <c>add.f32</c> or
/// <c>sub.f32</c> of one basic block, without a rounding modifier. PTX allows that for such instructions and forbids it for <c>.rn</c>.
/// </summary>
internal static class Contraction
{
    /// <summary>The opcode for a · b - c.</summary>
    public const string ProductMinus = "contracted.product.minus";

    /// <summary>The opcode for c - a · b.</summary>
    public const string MinusProduct = "contracted.minus.product";

    /// <summary>Replaces the sums of a function; the products stay, for other readers.</summary>
    public static void Apply(PtxFunction function)
    {
        HashSet<int> labels = [.. function.Labels.Values];
        Dictionary<PtxRegister, PtxInstruction> products = [];
        for (int i = 0; i < function.Instructions.Count; i++)
        {
            if (labels.Contains(i))
            {
                products.Clear();
            }

            PtxInstruction instruction = Fused(function.Instructions[i], products) ?? function.Instructions[i];
            function.Instructions[i] = instruction;
            foreach (PtxRegister written in Written(instruction))
            {
                Forget(products, written);
            }

            if (instruction is { Opcode: "mul.f32", Guard: null } && RegisterOf(instruction, 0) is { } product
                && product != RegisterOf(instruction, 1) && product != RegisterOf(instruction, 2))
            {
                products[product] = instruction;
            }
        }
    }

    private static PtxInstruction? Fused(PtxInstruction sum, Dictionary<PtxRegister, PtxInstruction> products)
    {
        if (sum.Opcode is not ("add.f32" or "sub.f32") || sum.Operands.Count != 3)
        {
            return null;
        }

        bool minus = sum.Opcode == "sub.f32";
        for (int at = 1; at <= 2; at++)
        {
            if (RegisterOf(sum, at) is { } read && products.TryGetValue(read, out PtxInstruction? product))
            {
                string opcode = !minus ? "fma.rn" : at == 1 ? ProductMinus : MinusProduct;
                return sum with { Opcode = opcode + ".f32", Operands = [sum.Operands[0], product.Operands[1], product.Operands[2], sum.Operands[3 - at]] };
            }
        }

        return null;
    }

    // A product is another one once its own register or a factor's is written again.
    private static void Forget(Dictionary<PtxRegister, PtxInstruction> products, PtxRegister written)
    {
        foreach ((PtxRegister register, PtxInstruction product) in products.ToArray())
        {
            if (register == written || RegisterOf(product, 1) == written || RegisterOf(product, 2) == written)
            {
                products.Remove(register);
            }
        }
    }

    private static PtxRegister? RegisterOf(PtxInstruction instruction, int operand) => (instruction.Operands[operand] as RegisterOperand)?.Register;

    private static IEnumerable<PtxRegister> Written(PtxInstruction instruction) =>
        instruction.Operands.Count == 0 ? [] : RegistersOf(instruction.Operands[0]);

    private static IEnumerable<PtxRegister> RegistersOf(PtxOperand target) => target switch
    {
        RegisterOperand register => [register.Register],
        VectorOperand vector => vector.Elements.SelectMany(RegistersOf),
        PairOperand pair => [.. RegistersOf(pair.First), .. RegistersOf(pair.Second)],
        _ => [],
    };
}
