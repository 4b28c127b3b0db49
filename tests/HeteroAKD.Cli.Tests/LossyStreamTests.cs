namespace HeteroAKD.Cli.Tests;

public sealed class LossyStreamTests
{
    public static TheoryData<Exception> Failures =>
        [new IOException("Input/output error"), new UnauthorizedAccessException("denied"), new ObjectDisposedException("gone")];

    [Theory]
    [MemberData(nameof(Failures))]
    public void An_output_that_fails_once_takes_no_more_and_fails_nothing(Exception failure)
    {
        using BrokenStream target = new(failure);
        LossyStream stream = new(target);
        TextWriter writer = stream.Writer();
        writer.WriteLine("lost");
        writer.WriteLine("lost, too");
        Assert.Equal(1, target.Writes);
        Assert.Equal(failure.Message, stream.Failure);
    }

    [Fact]
    public void An_output_that_cannot_be_opened_takes_nothing()
    {
        LossyStream stream = LossyStream.Open(() => throw new IOException("Bad file descriptor"));
        stream.Writer().WriteLine("lost");
        Assert.Equal("Bad file descriptor", stream.Failure);
    }

    private sealed class BrokenStream(Exception failure) : MemoryStream
    {
        public int Writes { get; private set; }

        public override void Write(byte[] buffer, int offset, int count)
        {
            Writes++;
            throw failure;
        }
    }
}
