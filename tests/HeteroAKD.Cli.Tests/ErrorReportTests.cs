namespace HeteroAKD.Cli.Tests;

public sealed class ErrorReportTests
{
    public static TheoryData<Exception> OutOfMemory =>
    [
        new OutOfMemoryException("Exception of type 'System.OutOfMemoryException' was thrown."),
        new AggregateException(new OutOfMemoryException()),
        new TypeInitializationException("X", new InsufficientMemoryException()),
    ];

    [Theory]
    [MemberData(nameof(OutOfMemory))]
    public void Lack_of_memory_comes_with_what_the_process_holds(Exception e)
    {
        string error = Report(e);
        Assert.Matches(
            @"^error: out of memory: the process holds [1-9][\d,]*\.\d MiB of memory, .*managed heap \(limit [1-9][\d,]*\.\d MiB\)\. Use a smaller batch",
            error);
        Assert.DoesNotContain("defect", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_defect_is_called_one() =>
        Assert.Contains("this is a defect of the program", Report(new InvalidOperationException("x")), StringComparison.Ordinal);

    [Fact]
    public void A_report_that_cannot_be_made_throws_nothing()
    {
        ErrorReport.Write(new RefusingWriter(), new IOException("x"), debug: true);
        Assert.Equal("error: what failed cannot be told\n", Report(new Speechless()));
    }

    private static string Report(Exception e)
    {
        using StringWriter error = new() { NewLine = "\n" };
        ErrorReport.Write(error, e, debug: false);
        return error.ToString();
    }

    private sealed class RefusingWriter : StringWriter
    {
        public override void WriteLine(string? value) => throw new NotSupportedException();
    }

    private sealed class Speechless : Exception
    {
        public override string Message => throw new NotSupportedException();
    }
}
