using HeteroAKD.Experiments.Runs;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Tests.Runs;

public sealed class MetricsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Cells_without_a_value_are_empty()
    {
        string path = _folder.File("metrics.csv");
        using (MetricsFile metrics = MetricsFile.Create(path, "loss", "lr", "miou"))
        {
            metrics.Write("teacher", 10, ("lr", 1e-3), ("loss", 1.25));
            metrics.Write("teacher", 20, ("miou", 0.5));
        }

        Assert.Equal("network,step,loss,lr,miou\nteacher,10,1.25,0.001,\nteacher,20,,,0.5\n", File.ReadAllText(path));
    }

    [Fact]
    public void Unknown_column_is_an_error()
    {
        using MetricsFile metrics = MetricsFile.Create(_folder.File("metrics.csv"), "loss");
        Assert.Contains("has no column 'lr'", Assert.Throws<ArgumentException>(() => metrics.Write("teacher", 1, ("lr", 1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resuming_drops_what_will_be_written_again()
    {
        string path = _folder.File("metrics.csv", "network,step,loss\nteacher,10,1\nteacher,20,2\nstudent,10,3\nstudent,20,4\nstudent,2");
        using (MetricsFile metrics = MetricsFile.Open(path, "student", 10, "", "loss"))
        {
            metrics.Write("student", 20, ("loss", 5));
        }

        Assert.Equal("network,step,loss\nteacher,10,1\nteacher,20,2\nstudent,10,3\nstudent,20,5\n", File.ReadAllText(path));
    }

    [Fact]
    public void Other_files_are_refused()
    {
        string path = _folder.File("metrics.csv", "name,other\n");
        Assert.Contains(
            "start a new run", Assert.Throws<StorageException>(() => MetricsFile.Open(path, "student", 1, "", "loss")).Message, StringComparison.Ordinal);
    }

    /// <summary>A term that a later network or version reports gets a column; earlier rows have no value for it.</summary>
    [Fact]
    public void Columns_are_added_to_a_file_that_lacks_them()
    {
        string path = _folder.File("metrics.csv", "network,step,loss\nteacher,10,1\n");
        using (MetricsFile metrics = MetricsFile.Open(path, "distilled", 0, "", "loss", "cwd"))
        {
            metrics.Write("distilled", 10, ("cwd", 3), ("loss", 2));
        }

        Assert.Equal("network,step,loss,cwd\nteacher,10,1,\ndistilled,10,2,3\n", File.ReadAllText(path));

        // Fewer columns than the file has are no reason to drop one.
        using (MetricsFile metrics = MetricsFile.Open(path, "student", 0, "", "loss"))
        {
            metrics.Write("student", 10, ("loss", 4));
        }

        Assert.EndsWith("student,10,4,\n", File.ReadAllText(path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_two_terms_share_is_an_error() =>
        Assert.Contains(
            "'kd' 2 times",
            Assert.Throws<ArgumentException>(() => MetricsFile.Row(["kd", "kd"], "distilled", 1, [("kd", 1)])).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Score_that_does_not_exist_is_an_empty_cell() =>
        Assert.Equal("student,3,,0.5,", MetricsFile.Row(["val_miou", "ce", "lr"], "student", 3, [("val_miou", double.NaN), ("ce", 0.5)]));

    /// <summary>However a kill or a person left the file, it comes to hold what the checkpoint of step 20 knows.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("net")]
    [InlineData("network,step,lo")]
    [InlineData("network,step,loss,miou\n")]
    [InlineData("network,step,loss,miou\nteacher,10,1,\n")]
    [InlineData("network,step,loss,miou\nteacher,20,2,\nteacher,20,,0.5\n")]
    [InlineData("network,step,loss,miou\nteacher,10,1,\nteacher,20,2,\nteacher,20,,0.")]
    [InlineData("network,step,loss,miou\nteacher,10,1,\nteacher,20,2,\nteacher,20,,0.5")]
    [InlineData("something else\n")]
    [InlineData(null)]
    public void Lost_rows_are_written_again_from_the_checkpoint(string? left)
    {
        const string Record = "network,step,loss,miou\nteacher,10,1,\nteacher,20,2,\nteacher,20,,0.5\n";
        string path = _folder.File("metrics.csv", left);
        using (MetricsFile metrics = MetricsFile.Open(path, "teacher", 20, Record, "loss", "miou"))
        {
            Assert.Equal("metrics.csv had lost rows of teacher; they are written again from its checkpoint", metrics.Repair);
            Assert.Equal(Record, metrics.Record("teacher"));
        }

        Assert.Equal(Record, File.ReadAllText(path));
    }

    /// <summary>Rows of other networks stay; those that are written again stand where a run writes them, under the columns that the file has by now.</summary>
    [Fact]
    public void Rows_written_again_stand_before_those_of_later_networks()
    {
        string path = _folder.File("metrics.csv", "network,step,loss,kd\nteacher,10,9,\nstudent,10,3,4\n");
        using (MetricsFile metrics = MetricsFile.Open(path, "teacher", 20, "network,step,loss\nteacher,10,1\nteacher,20,2\n", "loss"))
        {
            Assert.NotEmpty(metrics.Repair);
        }

        Assert.Equal("network,step,loss,kd\nteacher,10,1,\nteacher,20,2,\nstudent,10,3,4\n", File.ReadAllText(path));
        using MetricsFile whole = MetricsFile.Open(path, "teacher", 20, "network,step,loss\nteacher,10,1\nteacher,20,2\n", "loss");
        Assert.Empty(whole.Repair);
    }

    [Theory]
    [InlineData("removed")]
    [InlineData("cut")]
    [InlineData("replaced")]
    [InlineData("folder")]
    public void A_file_that_goes_away_meanwhile_is_written_again(string how)
    {
        string path = _folder.File("run/metrics.csv", "");
        using MetricsFile metrics = MetricsFile.Create(path, "loss");
        metrics.Write("teacher", 1, ("loss", 1));
        Assert.False(metrics.TakeRestored());
        switch (how)
        {
            case "removed":
                File.Delete(path);
                break;
            case "cut":
                File.WriteAllText(path, "");
                break;
            case "replaced":
                File.WriteAllText(path + ".new", "network,step,loss\nteacher,1,1\nteacher,1,1\n"); // as editors save
                File.Move(path + ".new", path, overwrite: true);
                break;
            default:
                Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
                break;
        }

        metrics.Write("teacher", 2, ("loss", 2));
        metrics.Write("teacher", 3, ("loss", 3));
        Assert.Equal("network,step,loss\nteacher,1,1\nteacher,2,2\nteacher,3,3\n", File.ReadAllText(path));
        Assert.True(metrics.TakeRestored());
        Assert.False(metrics.TakeRestored());
    }
}
