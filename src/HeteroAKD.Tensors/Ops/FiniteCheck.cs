namespace HeteroAKD.Tensors.Ops;

/// <summary>The guard behind <see cref="Device.CheckFinite"/>.</summary>
internal static class FiniteCheck
{
    /// <summary>Throws if a value is NaN or infinite; reads the whole tensor back.</summary>
    /// <exception cref="NonFiniteException">Names operation, tensor and step.</exception>
    public static void Run(string operation, Tensor tensor)
    {
        if (tensor.DType == DType.Int32)
        {
            return;
        }

        double[] values = tensor.ToDoubles();
        int bad = 0;
        int first = -1;
        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]))
            {
                first = first < 0 ? i : first;
                bad++;
            }
        }

        if (bad > 0)
        {
            string detail = $"{bad} of {values.Length} values ({values[first]} first, at element {first})";
            throw new NonFiniteException(operation, tensor.ToString(), tensor.Device.Step, detail);
        }
    }
}
