using System.Reflection;
using HeteroAKD.Kernels.Launch;
using ILGPU;
using ILGPU.Backends;
using ILGPU.IR;
using ILGPU.IR.Transformations;

namespace HeteroAKD.Tensors.Devices;

/// <summary>
/// Compiles at O1 with the passes that find out in which address space a pointer lives. Without them O1 emits generic loads and stores, which are
/// slow on CUDA and which PoCL refuses; O2 runs them too, but moves memory operations across barriers. Unrolls loops where the kernel asks for it.
/// </summary>
/// <param name="unroll">Whether the kernel is an <see cref="IUnrolledKernel"/>.</param>
internal readonly struct AddressSpaceHook(bool unroll) : IBackendHook
{
    // A pass unrolls the innermost loops that it finds: one for each level of nesting.
    private const int UnrollPasses = 5;

    private static readonly Transformer s_passes = Build();
    private static readonly Transformer s_unrolling = BuildUnrolling();

    public void FinishedCodeGeneration(IRContext context, Method entryPoint)
    {
    }

    public void InitializedKernelContext(IRContext kernelContext, Method kernelMethod)
    {
        if (kernelContext.Properties.OptimizationLevel > OptimizationLevel.O1)
        {
            throw new NotSupportedException(
                $"kernels are compiled at O1, not {kernelContext.Properties.OptimizationLevel}: ILGPU 1.5.3 moves memory operations across barriers above it");
        }

        for (int i = 0; unroll && i < UnrollPasses; i++)
        {
            kernelContext.Transform(s_unrolling);
        }
    }

    public void OptimizedKernelContext(IRContext kernelContext, Method kernelMethod) => kernelContext.Transform(s_passes);

    /// <summary>The hook for an entry point.</summary>
    public static AddressSpaceHook For(MethodInfo entry) =>
        new(entry.IsGenericMethod && typeof(IUnrolledKernel).IsAssignableFrom(entry.GetGenericArguments()[0]));

    private static Transformer Build()
    {
        Transformer.Builder builder = Transformer.CreateBuilder(TransformerConfiguration.Empty);
        builder.Add(new InferKernelAddressSpaces(MemoryAddressSpace.Global));

        // Structures between the two inferences: a view inside a kernel's struct is only then seen as a pointer.
        builder.Add(new LowerStructures());
        builder.Add(new UnreachableCodeElimination());
        builder.Add(new DeadCodeElimination());
        builder.Add(new SSAStructureConstruction());
        builder.Add(new InferLocalAddressSpaces());
        builder.Add(new CleanupBlocks());
        builder.Add(new SimplifyControlFlow());
        builder.Add(new DeadCodeElimination());
        return builder.ToTransformer();
    }

    private static Transformer BuildUnrolling()
    {
        Transformer.Builder builder = Transformer.CreateBuilder(TransformerConfiguration.Empty);
        builder.Add(new LoopUnrolling(32));
        builder.Add(new UnreachableCodeElimination());
        builder.Add(new DeadCodeElimination());
        builder.Add(new SimplifyControlFlow());
        builder.Add(new SSAStructureConstruction());
        builder.Add(new DeadCodeElimination());
        return builder.ToTransformer();
    }
}
