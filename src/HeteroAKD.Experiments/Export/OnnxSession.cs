using HeteroAKD.Tensors;
using HeteroAKD.Weights.Onnx;
using Microsoft.ML.OnnxRuntime;

namespace HeteroAKD.Experiments.Export;

/// <summary>A model in ONNX Runtime on the CPU.</summary>
internal sealed class OnnxSession : IDisposable
{
    private readonly SessionOptions _options;
    private readonly InferenceSession _session;

    /// <summary>Loads a model.</summary>
    /// <param name="model">The whole file.</param>
    /// <exception cref="ExportException">ONNX Runtime is not here, or refuses the model.</exception>
    public OnnxSession(byte[] model)
    {
        try
        {
            _options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException)
        {
            throw new ExportException(
                "ONNX Runtime's library is not part of this program here, so the graph cannot be checked; --no-verify writes it unchecked.", e);
        }

        try
        {
            _session = new InferenceSession(model, _options);
        }
        catch (OnnxRuntimeException e)
        {
            _options.Dispose();
            throw new ExportException($"ONNX Runtime refuses the graph: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _session.Dispose();
        _options.Dispose();
    }

    /// <summary>Runs the model.</summary>
    /// <param name="inputs">Values by name, row-major, with their shapes.</param>
    /// <param name="output">The output that is wanted.</param>
    /// <exception cref="ExportException">ONNX Runtime cannot run it on these shapes.</exception>
    public (float[] Values, Shape Shape) Run(IReadOnlyList<(string Name, float[] Values, Shape Shape)> inputs, string output)
    {
        List<OrtValue> values = [.. inputs.Select(i => OrtValue.CreateTensorValueFromMemory(i.Values, Array.ConvertAll(i.Shape.ToArray(), s => (long)s)))];
        try
        {
            using RunOptions options = new();
            using IDisposableReadOnlyCollection<OrtValue> results = _session.Run(options, [.. inputs.Select(i => i.Name)], values, [output]);
            long[] sizes = results[0].GetTensorTypeAndShape().Shape;
            return (results[0].GetTensorDataAsSpan<float>().ToArray(), Shape.Of(Array.ConvertAll(sizes, s => (int)s)));
        }
        catch (OnnxRuntimeException e)
        {
            throw new ExportException($"ONNX Runtime cannot run the graph: {e.Message}", e);
        }
        finally
        {
            values.ForEach(v => v.Dispose());
        }
    }
}
