using System.Reflection;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Tensors.Checks;
using HeteroAKD.Tensors.Ops;

namespace HeteroAKD.Tensors.Tests.Ops;

public sealed class OpTableTests
{
    [Fact]
    public void Holds_every_row_that_is_declared()
    {
        IEnumerable<OpRow> declared = typeof(OpTable).Assembly.GetTypes()
            .Where(type => !type.ContainsGenericParameters)
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Where(field => typeof(OpRow).IsAssignableFrom(field.FieldType))
            .Select(field => (OpRow)field.GetValue(null)!);
        Assert.Equal(declared.Select(row => row.Name).Order(), OpTable.All.Select(row => row.Name).Order());
    }

    /// <summary>A record struct's <c>new()</c> zeroes every field unless it says otherwise: a stride of 0, a class 0 that is ignored.</summary>
    [Fact]
    public void New_attributes_of_every_row_are_the_defaults()
    {
        foreach (Type attributes in OpTable.All.Select(row => row.GetType().GetGenericArguments().Single()).Distinct())
        {
            object made = Activator.CreateInstance(attributes)!;
            IEnumerable<ParameterInfo> documented = attributes.GetConstructors().SelectMany(c => c.GetParameters()).Where(p => p.HasDefaultValue);
            Assert.All(
                documented, p => Assert.Equal(p.DefaultValue ?? Activator.CreateInstance(p.ParameterType), attributes.GetProperty(p.Name!)!.GetValue(made)));
        }
    }

    [Fact]
    public void Every_row_has_cases_and_a_source()
    {
        Assert.All(OpTable.All, row => Assert.NotEmpty(CaseTable.Of(row)));
        Assert.All(OpTable.All, row => Assert.NotEmpty(row.Source));
    }

    [Fact]
    public void Every_gradient_of_every_row_is_checked_by_a_case()
    {
        foreach (OpRow row in OpTable.All.Where(row => row.Differentiable))
        {
            Assert.Contains(CaseTable.Of(row), c => c.Differentiable.Any());
        }
    }

    [Theory]
    [InlineData("conv2d")]
    [InlineData("linear")]
    [InlineData("matmul")]
    [InlineData("batch_norm")]
    [InlineData("layer_norm")]
    [InlineData("interpolate")]
    [InlineData("max_pool2d")]
    [InlineData("adaptive_avg_pool2d")]
    [InlineData("gelu")]
    [InlineData("silu")]
    [InlineData("softmax")]
    [InlineData("attention")]
    [InlineData("cross_entropy")]
    [InlineData("kd_loss")]
    [InlineData("heteroakd_loss")]
    [InlineData("adamw_step")]
    public void Finds_by_name(string name) => Assert.Equal(name, OpTable.Find(name).Name);

    [Fact]
    public void Names_the_nearest_operation()
    {
        UnknownOperationException error = Assert.Throws<UnknownOperationException>(() => OpTable.Find("layernorm"));
        Assert.Contains("no operation 'layernorm'. Did you mean 'layer_norm'?", error.Message);
    }

    [Fact]
    public void Attributes_are_described_with_their_defaults()
    {
        const string Pair = "a whole number, or two as in 2,1 for rows and columns";
        Assert.Equal(
            [new("stride", "1", Pair), new("padding", "0", Pair), new("dilation", "1", Pair), new("groups", "1", "a whole number")],
            Convolution.Row.Attributes);
        Assert.Contains(new OpAttribute("reliability", "bce", "bce or softmax_ce"), HeteroAkd.Row.Attributes);
        Assert.Contains(new OpAttribute("mixing", "true", "true or false"), HeteroAkd.Row.Attributes);
        Assert.Contains(new OpAttribute("weighting", "true", "true or false"), HeteroAkd.Row.Attributes);
        Assert.Contains(new OpAttribute("weight_scale", "one", "one or classes"), HeteroAkd.Row.Attributes);
        Assert.Contains(new OpAttribute("form", "ce", "ce or kl or binary"), HeteroAkd.Row.Attributes);
        Assert.Contains(new OpAttribute("scale_tau2", "false", "true or false"), HeteroAkd.Row.Attributes);
        Assert.Empty(Activations.Relu.Attributes);
    }

    [Fact]
    public void Results_are_named() => Assert.Equal(["output", "save_mean", "save_rstd"], BatchNormalization.Row.Results);
}
