using HeteroAKD.Tensors.Autograd;

namespace HeteroAKD.Tensors.Tests.Autograd;

public sealed class RecordedStepTests : IDisposable
{
    private readonly Device _device = Device.Open("cpu", 2);

    public void Dispose() => _device.Dispose();

    [Fact]
    public void AReplaySeesNewInputsAndRenewsResults()
    {
        using Tensor x = Tensor.From(_device, new Shape(3), [1f, -2f, 3f]);
        Tensor? y = null;
        using (RecordedStep step = RecordedStep.Record(_device, () => y = Functional.Add(Functional.Relu(x), x)))
        {
            Assert.Equal([2f, -2f, 6f], y!.ToFloats());
            x.CopyFrom([-1f, 5f, 0f]);
            step.Replay();
            Assert.Equal([-1f, 10f, 0f], y.ToFloats());
        }

        x.Dispose();
        _device.AssertNoLeak();
    }

    /// <summary>The intermediate result's memory went back during the step; a tensor made later must not get it.</summary>
    [Fact]
    public void MemoryOfTheStepIsNobodyElses()
    {
        using Tensor x = Tensor.Full(_device, new Shape(1000), 2);
        Tensor? y = null;
        using RecordedStep step = RecordedStep.Record(_device, () =>
        {
            Tensor between = Functional.Relu(x);
            y = Functional.Add(between, x);
            between.Dispose();
        });
        using Tensor later = Tensor.Full(_device, new Shape(1000), 7);
        step.Replay();
        Assert.All(later.ToFloats(), v => Assert.Equal(7, v));
        Assert.All(y!.ToFloats(), v => Assert.Equal(4, v));
    }

    [Fact]
    public void EqualStepsDoNotDifferAndOthersSayInWhat()
    {
        using Tensor x = Tensor.Full(_device, new Shape(1000), 2);
        RecordedStep first = Record(key: 3);
        RecordedStep same = Record(key: 3);
        RecordedStep other = Record(key: 4);
        RecordedStep shorter = RecordedStep.Record(_device, () => { });
        shorter.Dispose();
        Assert.Null(first.DifferenceTo(same));
        Assert.Contains("DropoutKernel", first.DifferenceTo(other), StringComparison.Ordinal);
        Assert.Contains("Kernel.key.number changes from step to step", first.DifferenceTo(other), StringComparison.Ordinal);
        Assert.Contains("launches became 0", first.DifferenceTo(shorter), StringComparison.Ordinal);

        RecordedStep Record(int key)
        {
            RecordedStep step = RecordedStep.Record(_device, () => Functional.Relu(Functional.Dropout(x, 0.5f, key)));
            step.Dispose();
            return step;
        }
    }

    [Fact]
    public void AStepThatReadsOrWritesOnTheHostIsNotReplayed()
    {
        using Tensor x = Tensor.Full(_device, new Shape(1), 2);
        using RecordedStep reads = RecordedStep.Record(_device, () => x.Item());
        using RecordedStep writes = RecordedStep.Record(_device, () => x.CopyFrom([1f]));
        Assert.Contains("reads", reads.Spoiled, StringComparison.Ordinal);
        Assert.Contains("writes", Assert.Throws<InvalidOperationException>(writes.Replay).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AStepThatMakesSomethingLastingIsNotReplayed()
    {
        using Tensor leaf = Tensor.Full(_device, new Shape(1), 2);
        leaf.RequiresGrad = true;
        using RecordedStep step = RecordedStep.Record(_device, () => Functional.Relu(leaf).Backward());
        Assert.Contains("outlives", step.Spoiled, StringComparison.Ordinal);
        leaf.ZeroGrad();
    }

    [Fact]
    public void ADisposedStepIsNotReplayed()
    {
        RecordedStep step = RecordedStep.Record(_device, () => Tensor.Full(_device, new Shape(3), 1));
        step.Dispose();
        step.Dispose();
        Assert.Throws<ObjectDisposedException>(step.Replay);
        _device.AssertNoLeak();
    }

    [Fact]
    public void AFailedRecordingLeavesNothingBehind()
    {
        Assert.Throws<ShapeMismatchException>(() => RecordedStep.Record(_device, () =>
        {
            Tensor x = Tensor.Full(_device, new Shape(2), 1);
            Functional.Add(x, Tensor.Full(_device, new Shape(3), 1));
        }));
        _device.AssertNoLeak();
        Assert.Null(_device.CurrentScope);
    }
}
