using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Inference;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Tests.Inference;

/// <summary>What is fused and what is not, that the results stay what they were, and when memory goes back.</summary>
public sealed class FrozenGraphTests(TestDevices devices) : IDisposable
{
    private readonly Device _device = Device.Open("cpu", 2);
    private int _seed;

    public void Dispose() => _device.Dispose();

    [Fact]
    public void A_normalisation_with_residual_and_relu_becomes_part_of_its_convolution() => Check(1, x =>
    {
        Tensor shortcut = Functional.Relu(x);
        return [Norm(Convolve(shortcut), shortcut, relu: true)];
    }, before: 3, operations: 2);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(6)]
    public void Activations_after_a_normalisation_do_too(int kind) => Check(1, x =>
    {
        Tensor y = Norm(Convolve(x));
        return [kind == 0 ? Functional.Relu(y) : kind == 1 ? Functional.Gelu(y) : Functional.Relu6(y)];
    }, before: 3, operations: 1);

    [Fact]
    public void A_convolution_that_somebody_else_reads_keeps_its_result() => Check(1, x =>
    {
        Tensor y = Convolve(x);
        return [Functional.Add(Norm(y), y)];
    }, before: 3, operations: 3);

    [Fact]
    public void A_convolution_whose_result_is_wanted_keeps_it() => Check(2, x =>
    {
        Tensor y = Convolve(x);
        return [y, Norm(y)];
    }, before: 2, operations: 2);

    [Fact]
    public void A_normalisation_without_a_convolution_before_it_stays() => Check(1, x => [Norm(Functional.Relu(Norm(x)))], before: 3, operations: 3);

    [Fact]
    public void A_second_normalisation_stays() => Check(1, x => [Norm(Norm(Convolve(x)))], before: 3, operations: 2);

    [Fact]
    public void A_normalisation_after_an_activation_stays() => Check(1, x => [Norm(Functional.Relu(Convolve(x)))], before: 3, operations: 2);

    [Fact]
    public void A_normalisation_by_the_batch_stays() => Check(1, x => [Norm(Convolve(x), training: true)], before: 2, operations: 2);

    [Fact]
    public void A_convolution_with_a_computed_weight_stays()
    {
        Tensor weight = Random(4, 4, 3, 3);
        Check(1, x => [Functional.Relu(Functional.Conv2d(x, Functional.Mul(weight, Functional.Mean(x)), padding: 1))], before: 4, operations: 4);
    }

    [Fact]
    public void A_sum_of_two_products_is_one_of_them_with_a_residual() =>
        Check(1, x => [Functional.Add(Norm(Convolve(x)), Convolve(x))], before: 4, operations: 2);

    [Fact]
    public void A_sum_with_a_number_a_channel_is_none()
    {
        Tensor numbers = Random(4);
        Check(1, x => [Functional.Add(Convolve(x), numbers)], before: 2, operations: 2);
    }

    // The residual is made after the convolution that takes it up.
    [Fact]
    public void An_operation_moves_to_where_all_that_it_reads_is_made() => Check(1, x =>
    {
        Tensor y = Convolve(x);
        Tensor late = Functional.Relu(x);
        return [Norm(y, late)];
    }, before: 3, operations: 2);

    [Fact]
    public void Grouped_strided_dilated_and_pointwise_convolutions_fold() => Check(1, x =>
    {
        Tensor y = Functional.Relu6(Norm(Functional.Conv2d(x, Random(4, 1, 3, 3), padding: 1, groups: 4)));
        y = Norm(Functional.Conv2d(y, Random(6, 2, 3, 3), Random(6), stride: 2, padding: 2, dilation: 2, groups: 2), relu: true);
        y = Norm(Functional.Conv2d(y, Random(8, 6, 1, 1), Random(8)));
        y = Norm(Functional.Conv2d(y, Random(8, 8, 2, 2), Random(8), stride: 2));
        return [Norm(Functional.Conv2d(y, Random(5, 8, 1, 1), stride: 2))];
    }, before: 11, operations: 5);

    // fc1, to a map, depth-wise, GELU, to tokens, fc2, + residual: three products on the host.
    [Fact]
    public void Tokens_and_maps_are_turned_by_the_products() => Check(1, x =>
    {
        Tensor tokens = Functional.Relu(Functional.ToTokens(x));
        Tensor map = Functional.ToMap(Functional.Linear(tokens, Random(12, 4), Random(12)), x.Shape[2], x.Shape[3]);
        Tensor mixed = Functional.Gelu(Functional.Conv2d(map, Random(12, 1, 3, 3), Random(12), padding: 1, groups: 12));
        return [Functional.Add(tokens, Functional.Linear(Functional.ToTokens(mixed), Random(4, 12), Random(4)))];
    }, before: 9, operations: 5);

    [Fact]
    public void A_linear_layer_from_map_to_map_is_a_product_too() => Check(1, x =>
        [Functional.ToMap(Functional.Linear(Functional.ToTokens(x), Random(7, 4)), x.Shape[2], x.Shape[3])], before: 3, operations: 1);

    [Fact]
    public void Tokens_that_somebody_else_reads_are_turned_once() => Check(1, x =>
    {
        Tensor tokens = Functional.ToTokens(x);
        return [Functional.Add(tokens, Functional.Linear(tokens, Random(4, 4)))];
    }, before: 3, operations: 2);

    // Three maps of other sizes, each 1x1 then resized, side by side, 1x1, normalised: three 1x1 convolutions, a pooling before one of them, a resize after
    // another.
    [Fact]
    public void Pointwise_convolutions_before_and_after_a_resize_become_one() => Check(1, x =>
    {
        Tensor coarse = Functional.AvgPool2d(x, 2, 2), fine = Functional.Interpolate(x, 10, 12);
        Tensor a = Functional.Interpolate(Functional.Conv2d(coarse, Random(6, 4, 1, 1), Random(6)), 5, 6);
        Tensor b = Functional.Conv2d(x, Random(7, 4, 1, 1), Random(7));
        Tensor c = Functional.AvgPool2d(Functional.Conv2d(fine, Random(6, 4, 1, 1)), 2, 2);
        return [Norm(Functional.Conv2d(Functional.Cat(a, b, c), Random(5, 19, 1, 1), Random(5)), relu: true)];
    }, before: 10, operations: 7);

    [Fact]
    public void Two_resized_maps_are_added() => Check(1, x =>
    {
        Tensor coarse = Functional.AvgPool2d(x, 2, 2);
        Tensor a = Functional.Interpolate(Functional.Conv2d(coarse, Random(6, 4, 1, 1), Random(6)), 5, 6);
        Tensor b = Functional.Interpolate(Functional.Interpolate(Functional.Conv2d(x, Random(6, 4, 1, 1)), 2, 3), 5, 6);
        Tensor c = Functional.Interpolate(Functional.Conv2d(coarse, Random(6, 4, 1, 1)), 5, 6, alignCorners: true);
        return [Functional.Conv2d(Functional.Cat(a, Functional.Conv2d(x, Random(6, 4, 1, 1)), b, c), Random(5, 24, 1, 1))];
    }, before: 11, operations: 11);

    [Fact]
    public void They_do_not_where_somebody_else_reads_a_map() => Check(2, x =>
    {
        Tensor a = Functional.Interpolate(Functional.Conv2d(Functional.AvgPool2d(x, 2, 2), Random(6, 4, 1, 1)), 5, 6);
        Tensor b = Functional.Conv2d(x, Random(6, 4, 1, 1));
        return [Functional.Conv2d(Functional.Cat(a, b), Random(5, 12, 1, 1)), a];
    }, before: 6, operations: 6);

    [Fact]
    public void They_do_not_where_an_activation_stands_between() => Check(1, x =>
    {
        Tensor a = Functional.Interpolate(Functional.Relu(Functional.Conv2d(Functional.AvgPool2d(x, 2, 2), Random(6, 4, 1, 1))), 5, 6);
        Tensor b = Functional.Conv2d(x, Random(6, 4, 1, 1));
        return [Functional.Conv2d(Functional.Cat(a, b), Random(5, 12, 1, 1))];
    }, before: 7, operations: 6);

    [Fact]
    public void They_do_not_where_that_would_be_more_work() => Check(1, x =>
    {
        Tensor a = Functional.Interpolate(Functional.Conv2d(Functional.AvgPool2d(x, 2, 2), Random(1, 4, 1, 1)), 5, 6);
        Tensor b = Functional.Conv2d(x, Random(1, 4, 1, 1));
        return [Functional.Conv2d(Functional.Cat(a, b), Random(40, 2, 1, 1))];
    }, before: 6, operations: 6);

    [Fact]
    public void Views_keep_the_memory_that_they_show() => Check(2, x =>
    {
        Tensor y = Functional.Relu(x);
        Tensor flat = Functional.Reshape(y, new Shape(2, 4 * 5 * 6));
        Tensor z = Functional.Square(y);                                   // the last reader of y itself
        Tensor again = Functional.Reshape(Functional.Square(flat), y.Shape);
        return [Functional.Add(again, z), Functional.Reshape(z, new Shape(8, 30))];
    }, before: 7, operations: 7);

    [Fact]
    public void The_input_itself_and_one_result_twice_can_be_wanted() => Check(3, x =>
    {
        Tensor y = Norm(Convolve(x), x);
        return [y, x, y];
    }, before: 2, operations: 1);

    [Fact]
    public void An_empty_batch_goes_through()
    {
        Tensor x = Tensor.Zeros(_device, new Shape(0, 4, 5, 6));
        (FrozenGraph graph, int _) = Freeze(x, y => [Functional.Linear(Functional.ToTokens(Norm(Convolve(y), y, relu: true)), Random(3, 4))]);
        Tensor[] results = new Tensor[1];
        graph.Run(x, results);
        Assert.Equal(new Shape(0, 30, 3), results[0].Shape);
        graph.Dispose();
    }

    [Fact]
    public void Another_shape_is_refused()
    {
        (FrozenGraph graph, int _) = Freeze(Random(1, 4, 5, 6), y => [Convolve(y)]);
        Assert.Contains(
            "[1, 4, 5, 7]; it was made for [1, 4, 5, 6]", Assert.Throws<ShapeMismatchException>(() => graph.Run(Random(1, 4, 5, 7), new Tensor[1])).Message);
        graph.Dispose();
    }

    // x → a → b = conv(a) + a → c = conv(b) + b: two maps at a time, since a sum takes its residual's place.
    [Fact]
    public void A_residual_that_nobody_reads_again_becomes_the_result()
    {
        const long Map = 4 * 16 * 16 * sizeof(float);
        using StepScope scope = _device.BeginStep();
        Tensor x = Random(1, 4, 16, 16);
        (FrozenGraph graph, int _) = Freeze(x, y =>
        {
            Tensor a = Functional.Relu(y);
            Tensor b = Norm(Convolve(Norm(Convolve(a))), a);
            return [Norm(Convolve(Norm(Convolve(b), relu: true)), b, relu: true)];
        });
        Assert.Equal(2 * Map, graph.PeakBytes);
        long before = _device.Allocator.InUse;
        _device.Allocator.ResetPeak();
        graph.Run(x, new Tensor[1]);
        Assert.Equal(2 * Map, _device.Allocator.Peak - before);
        Assert.Equal(Map, _device.Allocator.InUse - before);
        graph.Dispose();
    }

    // A convolution reads neighbours: its input cannot be where its result goes.
    [Fact]
    public void A_residual_that_is_also_the_input_does_not() => Check(1, x =>
    {
        Tensor a = Functional.Relu(x);
        return [Norm(Convolve(a), a)];
    }, before: 3, operations: 2);

    [Fact]
    public void Folded_weights_are_those_of_double_precision_rounded_once()
    {
        float[] weight = [0.1f, -0.3f, 7e-5f, 12345.678f], bias = [0.7f, -3f];
        Tensor gamma = Of(1.1f, 0.2f), beta = Of(0.3f, -0.4f), mean = Of(5.5f, -0.01f), variance = Of(0.02f, 31f);
        TracedOperation normalization = new(BatchNormalization.Row, new BatchNormAttributes(Eps: 1e-5f), [null, gamma, beta, mean, variance, null], gamma);
        float[] folded = [.. weight], foldedBias = [.. bias];
        BatchNormFolding.Fold(normalization, folded.AsSpan(), foldedBias.AsSpan());
        for (int o = 0; o < 2; o++)
        {
            double scale = (double)gamma.ToFloats()[o] / Math.Sqrt((double)variance.ToFloats()[o] + 1e-5f);
            Assert.Equal((float)(((double)bias[o] - mean.ToFloats()[o]) * scale + beta.ToFloats()[o]), foldedBias[o]);
            Assert.Equal((float)(weight[2 * o] * scale), folded[2 * o]);
            Assert.Equal((float)(weight[(2 * o) + 1] * scale), folded[(2 * o) + 1]);
        }
    }

    [Fact]
    public void Double_precision_stays_double()
    {
        DType wide = DType.Float64;
        Tensor x = Tensor.Full(_device, new Shape(1, 2, 3, 3), 0.3f, wide), weight = Tensor.Full(_device, new Shape(2, 2, 3, 3), 0.1f, wide);
        Tensor[] parts = [.. Enumerable.Range(1, 4).Select(i => Tensor.Full(_device, new Shape(2), i / 3f, wide))];
        Tensor[] Network(Tensor y) =>
            [Functional.BatchNorm(Functional.Conv2d(y, weight, padding: 1), parts[0], parts[1], parts[2], parts[3], null, false, 0.1f, 1e-5f, true)];
        double[] expected = Network(x)[0].ToDoubles();
        (FrozenGraph graph, int _) = Freeze(x, Network);
        Tensor[] results = new Tensor[1];
        graph.Run(x, results);
        Assert.Equal(1, graph.Count);
        Assert.All(expected.Zip(results[0].ToDoubles()), pair => Assert.Equal(pair.First, pair.Second, 1e-14));
        graph.Dispose();
    }

    [Fact]
    public void A_trace_of_shapes_computes_and_allocates_nothing()
    {
        Tensor weight = Random(4, 4, 3, 3), other = Random(4, 5, 3, 3);
        long allocations = _device.Allocator.Allocations;
        using GraphTrace trace = GraphTrace.OfShapes(_device);
        using StepScope scope = _device.BeginStep();
        Tensor input = trace.Input(new Shape(2, 4, 8, 8), DType.Float32);
        Tensor y = Functional.Reshape(Functional.Conv2d(input, weight), new Shape(8, 36));
        Assert.Equal((new Shape(8, 36), false), (y.Shape, y.IsAlive));
        Assert.Equal(["conv2d", "reshape"], trace.Operations.Select(o => o.Row.Name));
        Assert.Equal(allocations, _device.Allocator.Allocations);
        Assert.Throws<ShapeMismatchException>(() => Functional.Conv2d(input, other));
    }

    [Fact]
    public void The_simulator_folds_and_fuses_too() => CheckAccelerator(devices.Simulator);

    [Fact]
    public void OpenCL_folds_and_fuses_too() => CheckAccelerator(devices.OpenCL);

    private void CheckAccelerator(Device device)
    {
        using StepScope own = device.BeginStep();
        using StepScope host = _device.BeginStep();
        Dictionary<(Tensor, Device), Tensor> copies = [];
        Tensor x = Random(2, 4, 5, 6), w3 = Random(4, 4, 3, 3), w1 = Random(4, 4, 1, 1), depthwise = Random(4, 1, 3, 3), linear = Random(4, 4);
        Tensor[] norm = [Random(4), Random(4), Random(4), Functional.Square(Random(4))];
        Tensor[] Network(Tensor y)
        {
            Tensor On(Tensor t) => copies.TryGetValue((t, y.Device), out Tensor? copy) ? copy : copies[(t, y.Device)] = t.To(y.Device);
            Tensor Bn(Tensor z, Tensor? residual, bool relu) =>
                Functional.BatchNorm(z, On(norm[0]), On(norm[1]), On(norm[2]), On(norm[3]), residual, false, 0.1f, 1e-5f, relu);
            Tensor a = Bn(Functional.Conv2d(y, On(w3), padding: 1), y, relu: true);
            Tensor b = Functional.Relu6(Bn(Functional.Conv2d(a, On(depthwise), padding: 1, groups: 4), null, relu: false));
            Tensor c = Bn(Functional.Conv2d(b, On(w1)), a, relu: true);
            Tensor d = Functional.Add(Functional.Conv2d(c, On(depthwise), padding: 1, groups: 4), c);
            Tensor tokens = Functional.ToTokens(d);
            return [Functional.Add(tokens, Functional.Linear(tokens, On(linear)))];
        }

        float[] expected = Network(x)[0].ToFloats();
        Tensor input = x.To(device);
        Network(input); // copies the parameters
        (FrozenGraph graph, int before) = Freeze(input, Network);
        Tensor[] results = new Tensor[1];
        graph.Run(input, results);
        Assert.Equal((12, 6), (before, graph.Count));
        Assert.All(expected.Zip(results[0].ToFloats()), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
        graph.Dispose();
    }

    // Weights are drawn anew from the same seed by both passes, so that they are equal and constants.
    private void Check(int results, Func<Tensor, Tensor[]> network, int before, int operations)
    {
        using StepScope scope = _device.BeginStep();
        Tensor x = Random(2, 4, 5, 6);
        int seed = _seed;
        Tensor[] expected = network(x);
        _seed = seed;
        (FrozenGraph graph, int traced) = Freeze(x, network);
        Tensor[] actual = new Tensor[results];
        for (int run = 0; run < 2; run++)
        {
            graph.Run(x, actual);
            for (int i = 0; i < results; i++)
            {
                Assert.Equal(expected[i].Shape, actual[i].Shape);
                Assert.All(expected[i].ToFloats().Zip(actual[i].ToFloats()), pair => Assert.Equal(pair.First, pair.Second, 2e-5f * (1 + Math.Abs(pair.First))));
            }
        }

        Assert.Equal((before, operations), (traced, graph.Count));
        graph.Dispose();
    }

    private static (FrozenGraph Graph, int Traced) Freeze(Tensor x, Func<Tensor, Tensor[]> network)
    {
        using NoGrad none = new();
        Tensor input;
        Tensor[] results;
        IReadOnlyList<TracedOperation> operations;
        using (GraphTrace trace = GraphTrace.OfShapes(x.Device))
        {
            input = trace.Input(x.Shape, x.DType);
            results = network(input);
            operations = trace.Operations;
        }

        return (new FrozenGraph(operations, input, results), operations.Count);
    }

    private Tensor Convolve(Tensor x) => Functional.Conv2d(x, Random(4, 4, 3, 3), padding: 1);

    private Tensor Norm(Tensor x, Tensor? residual = null, bool relu = false, bool training = false)
    {
        int c = x.Shape[1];
        Tensor variance = Of([.. Values(c).Select(v => 0.5f + Math.Abs(v))]);
        return Functional.BatchNorm(x, Random(c), Random(c), Random(c), variance, residual, training, 0.1f, 1e-5f, relu);
    }

    private Tensor Random(params int[] sizes)
    {
        Shape shape = Shape.Of(sizes);
        Tensor tensor = Tensor.Persistent(_device, shape);
        tensor.CopyFrom(Values(shape.Count));
        return tensor;
    }

    private Tensor Of(params float[] values)
    {
        Tensor tensor = Tensor.Persistent(_device, new Shape(values.Length));
        tensor.CopyFrom(values);
        return tensor;
    }

    private float[] Values(int count)
    {
        Random random = new(++_seed);
        return [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 2) - 1)];
    }
}
