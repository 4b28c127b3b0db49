using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Inference;

/// <summary>
/// The operations of a trace as an inference engine runs them: batch normalisations folded into the convolutions before them, residuals and activations applied
/// where products are stored, weights packed once, every result given back after its last reader. For one size of input, and for as long as the parameters stay
/// as they are.
/// </summary>
public sealed class FrozenGraph : IDisposable
{
    private const int InputSlot = 0;

    private readonly Step[] _steps;
    private readonly int[] _results;
    private readonly Tensor?[] _values; // of every slot while it is needed
    private readonly Shape _inputShape;

    /// <summary>Folds, fuses and packs.</summary>
    /// <param name="operations">What ran, from <see cref="GraphTrace"/>; the trace may have computed nothing.</param>
    /// <param name="input">What the operations began with.</param>
    /// <param name="results">What <see cref="Run"/> is to give.</param>
    public FrozenGraph(IReadOnlyList<TracedOperation> operations, Tensor input, IReadOnlyList<Tensor> results)
    {
        IReadOnlyList<FrozenOperation> fused = new GraphFusion(operations, input, results).Operations;
        Prepare(fused);
        Dictionary<Tensor, int> slots = new() { [input] = InputSlot };
        foreach (FrozenOperation operation in fused)
        {
            slots.Add(operation.Output, slots.Count);
        }

        _inputShape = input.Shape;
        _values = new Tensor?[slots.Count];
        _results = [.. results.Select(r => slots[r])];
        Lifetimes lifetimes = new(fused, slots, _results);
        _steps = [.. fused.Select((operation, i) => new Step(operation, slots, lifetimes.FreedAfter(i), lifetimes.IsInPlace(i)))];
        PeakBytes = lifetimes.PeakBytes;
    }

    /// <summary>Operations that are left.</summary>
    public int Count => _steps.Length;

    /// <summary>Bytes of all results that exist at the fullest moment of a run, without the input.</summary>
    public long PeakBytes { get; }

    /// <summary>Bytes of folded and packed weights.</summary>
    public long WeightBytes => _steps.Sum(step => step.Operation.OwnBytes);

    /// <summary>Runs the operations. What they make belongs to the open step.</summary>
    /// <param name="input">As the traced one in shape and type; stays the caller's.</param>
    /// <param name="results">Receives the results, in the order they were asked for.</param>
    /// <exception cref="ShapeMismatchException">The input has another shape.</exception>
    public void Run(Tensor input, Span<Tensor> results)
    {
        if (input.Shape != _inputShape)
        {
            throw new ShapeMismatchException("frozen graph", "input", $"shape {input.Shape}; it was made for {_inputShape}");
        }

        using NoGrad none = new();
        _values[InputSlot] = input;
        foreach (Step step in _steps)
        {
            step.Run(_values);
        }

        for (int i = 0; i < _results.Length; i++)
        {
            results[i] = _values[_results[i]]!;
        }

        Array.Clear(_values);
    }

    /// <summary>Gives back folded and packed weights.</summary>
    public void Dispose()
    {
        foreach (Step step in _steps)
        {
            step.Operation.Dispose();
        }
    }

    private static void Prepare(IReadOnlyList<FrozenOperation> operations)
    {
        bool done = false;
        try
        {
            foreach (FrozenOperation operation in operations)
            {
                operation.Prepare();
            }

            done = true;
        }
        finally
        {
            foreach (FrozenOperation operation in done ? [] : operations)
            {
                operation.Dispose(); // memory ran out: nothing stays behind
            }
        }
    }

    private sealed class Step(FrozenOperation operation, Dictionary<Tensor, int> slots, int[] freed, bool inPlace)
    {
        private const int NoSlot = -1;

        private readonly int[] _slots = [.. operation.Inputs.Select(t => t is not null && slots.TryGetValue(t, out int slot) ? slot : NoSlot)];
        private readonly Tensor?[] _arguments = [.. operation.Inputs];
        private readonly int _output = slots[operation.Output];

        public FrozenOperation Operation => operation;

        public void Run(Tensor?[] values)
        {
            for (int i = 0; i < _slots.Length; i++)
            {
                if (_slots[i] != NoSlot)
                {
                    _arguments[i] = values[_slots[i]];
                }
            }

            Tensor output = operation.Run(_arguments, inPlace);
            values[_output] = output;
            if (output.Device.CheckFinite && operation is FrozenProduct product)
            {
                FiniteCheck.Run(product.Name, output);
            }

            foreach (int slot in freed)
            {
                values[slot]!.Recycle();
                values[slot] = null;
            }
        }
    }
}
