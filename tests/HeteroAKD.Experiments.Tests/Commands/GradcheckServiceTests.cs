using HeteroAKD.Experiments.Commands;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Experiments.Tests.Commands;

public sealed class GradcheckServiceTests
{
    [Fact]
    public void Every_gradient_of_every_operation_is_within_its_tolerance()
    {
        List<GradientCheck> checks = [.. new GradcheckService().Run("", 7, 0, CancellationToken.None)];
        Assert.All(checks, c => Assert.True(c.Passed, $"{c.Op} {c.Case}: {c.Error}"));
        Assert.Equal(OpTable.All.Where(row => row.Differentiable).Select(row => row.Name).Order(), checks.Select(c => c.Op).Distinct().Order());
    }

    [Fact]
    public void Gradients_are_checked_by_name_until_told_to_stop()
    {
        Assert.Equal(
            ["softmax", "log_softmax", "softmax_kl"], new GradcheckService().Run("softmax", 1, 2, CancellationToken.None).Select(c => c.Op).Distinct());
        Assert.Empty(new GradcheckService().Run("nothing", 1, 0, CancellationToken.None));
        using CancellationTokenSource stop = new();
        IEnumerator<GradientCheck> checks = new GradcheckService().Run("", 1, 0, stop.Token).GetEnumerator();
        Assert.True(checks.MoveNext());
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(() => checks.MoveNext());
    }
}
