using HeteroAKD.Distillation;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Experiments.Tests.Runs;

public sealed class ReliabilityFileTests : IDisposable
{
    private const string Header =
        "step,split,pixels,share_mean,share_sd,auc,both_right_pixels,both_right_share,only_teacher_right_pixels,only_teacher_right_share,"
        + "only_student_right_pixels,only_student_right_share,both_wrong_pixels,both_wrong_share\n";

    private static readonly ReliabilityRow s_row = new(
        10, "val", new ReliabilityScores(0.5, 0.25, double.NaN, new(3, 0.75), new(2, 0.125), new(0, double.NaN), new(0, double.NaN)));

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_number_that_does_not_exist_is_an_empty_cell_and_reads_back()
    {
        string path = _folder.File("reliability.csv");
        ReliabilityFile.Open(path, 0).Write(s_row);
        Assert.Equal(Header + "10,val,5,0.5,0.25,,3,0.75,2,0.125,0,,0,\n", File.ReadAllText(path));
        Assert.Equal([s_row], ReliabilityFile.Read(path));
    }

    [Fact]
    public void Resuming_drops_what_will_be_written_again()
    {
        string path = _folder.File("reliability.csv");
        ReliabilityFile file = ReliabilityFile.Open(path, 0);
        file.Write(s_row);
        file.Write(s_row with { Step = 20 });
        File.AppendAllText(path, "30,val,5");
        ReliabilityFile.Open(path, 10).Write(s_row with { Step = 15 });
        Assert.Equal([10, 15], ReliabilityFile.Read(path).Select(r => r.Step));
    }

    [Theory]
    [InlineData("step,other\n", "start a new run")]
    [InlineData(Header + "10,val,5\n", "has 3 cells in the row '10,val,5', not 14")]
    [InlineData(Header + "10,val,5,x,0.25,,3,0.75,2,0.125,0,,0,\n", "a cell that is no number")]
    public void A_file_that_is_none_is_refused(string text, string message)
    {
        string path = _folder.File("reliability.csv", text);
        Assert.Contains(message, Assert.Throws<StorageException>(() => ReliabilityFile.Open(path, 1)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("step,sp")]
    [InlineData(Header)]
    [InlineData("something else\n")]
    public void Lost_rows_are_written_again_from_the_checkpoint(string left)
    {
        string path = _folder.File("reliability.csv");
        ReliabilityFile file = ReliabilityFile.Open(path, 0);
        file.Write(s_row);
        string record = file.Text;
        File.WriteAllText(path, left);
        ReliabilityFile.Open(path, 10, record).Write(s_row with { Step = 15 });
        Assert.Equal([10, 15], ReliabilityFile.Read(path).Select(r => r.Step));
    }
}
