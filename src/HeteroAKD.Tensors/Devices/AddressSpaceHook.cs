using ILGPU.Backends;
using ILGPU.IR;
using ILGPU.IR.Transformations;
using ILGPU.IR.Values;

namespace HeteroAKD.Tensors.Devices;

/// <summary>
/// Compiles at O1 with the passes that find out in which address space a pointer lives. Without them O1 emits generic loads and stores, which are
/// slow on CUDA and which PoCL refuses; O2 runs them too, but moves memory operations across barriers.
/// </summary>
internal readonly struct AddressSpaceHook : IBackendHook
{
    private static readonly Transformer Passes = Build();

    public void FinishedCodeGeneration(IRContext context, Method entryPoint)
    {
    }

    public void InitializedKernelContext(IRContext kernelContext, Method kernelMethod)
    {
    }

    public void OptimizedKernelContext(IRContext kernelContext, Method kernelMethod) => kernelContext.Transform(Passes);

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
}
