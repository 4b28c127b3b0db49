using HeteroAKD.Tensors.Checks;

namespace HeteroAKD.Tensors.Tests.Checks;

/// <summary>Every case on the host.</summary>
public sealed class CaseTests(TestDevices devices)
{
    private static readonly Dictionary<string, OpCase> s_cases = CaseTable.All.ToDictionary(c => c.Name);

    public static TheoryData<string> Names => new(s_cases.Keys);

    public static TheoryData<string> DifferentiableNames => new(s_cases.Values.Where(c => c.Differentiable.Any()).Select(c => c.Name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Float64_is_what_plain_loops_give(string name)
    {
        CaseChecks.AgainstReference(devices.Cpu, s_cases[name]);
        devices.Ran(name, devices.Cpu);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Float32_is_as_near_to_float64_as_plain_loops_are(string name) => CaseChecks.Float32(devices.Cpu, devices.Cpu, s_cases[name]);

    [Theory]
    [MemberData(nameof(DifferentiableNames))]
    public void Gradient_is_that_of_central_differences(string name) => CaseChecks.Gradient(devices.Cpu, s_cases[name]);

    [Theory]
    [MemberData(nameof(Names))]
    public void Writes_all_of_its_output_and_nothing_beside_it(string name) => CaseChecks.Guarded(devices.Guarded, devices.Cpu, s_cases[name]);

    [Theory]
    [MemberData(nameof(Names))]
    public void Gives_the_same_bits_on_any_number_of_threads(string name)
    {
        CaseChecks.Threads(devices.OneThread, devices.Cpu, s_cases[name]);
        CaseChecks.Threads(devices.OneThread, devices.ManyThreads, s_cases[name]);
    }
}
