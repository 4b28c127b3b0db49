using System.Diagnostics;
using System.Globalization;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Tests.Hostile;

/// <summary>
/// No change of an input file does worse than an error of this program's own. <c>HETEROAKD_MUTATIONS</c> is how many files of each kind are tried, 112 without
/// it (2,128 in all), and <c>HETEROAKD_MUTATIONS_FROM</c> the number of the first: a failure names its number, which is all that its file depends on. A file
/// that needs more than 256 MiB fails, and where the count is given one that takes more than 2 s, too.
/// </summary>
public sealed class MutationTests : IDisposable
{
    private const int UsualCount = 112;
    private const long MaxAllocated = 256L << 20;
    private const double MaxSeconds = 2;

    private readonly TemporaryFolder _folder = new();
    private readonly Device _device = Device.Open("cpu", 1);

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    public static TheoryData<string> Kinds => [.. HostileFiles.Names];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_changed_file_does_no_worse_than_an_error(string kind)
    {
        int? asked = Variable("HETEROAKD_MUTATIONS");
        int count = asked ?? UsualCount;
        int from = Variable("HETEROAKD_MUTATIONS_FROM") ?? 0;
        double limit = asked is null ? double.PositiveInfinity : MaxSeconds; // beside other tests a clock says nothing
        HostileFiles files = HostileFiles.Of(kind, _device);
        foreach (byte[] sample in files.Samples)
        {
            files.Read(Write(sample)); // all of them are good
        }

        List<string> failures = [];
        int refused = 0;
        for (int number = from; number < from + count && failures.Count < 20; number++)
        {
            Mutator mutator = new(number);
            string path = Write(files.Repair(mutator.Change(mutator.Pick(files.Samples)), mutator));
            long before = GC.GetAllocatedBytesForCurrentThread();
            Stopwatch clock = Stopwatch.StartNew();
            try
            {
                files.Read(path);
            }
            catch (HeteroAkdException)
            {
                refused++;
            }
            catch (Exception e)
            {
                failures.Add($"{kind} {number}: {e.GetType().Name}: {e.Message}\n{e.StackTrace}");
            }

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (allocated > MaxAllocated || clock.Elapsed.TotalSeconds > limit)
            {
                failures.Add(string.Create(CultureInfo.InvariantCulture, $"{kind} {number}: {clock.Elapsed.TotalSeconds:F1} s, {allocated >> 20} MiB"));
            }
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures));
        Assert.True(kind == "list" || refused > count / 10, $"only {refused} of {count} files were refused: they are hardly changed");
    }

    private static int? Variable(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : null;

    private string Write(byte[] bytes)
    {
        string path = _folder.File("changed");
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
