using HeteroAKD.Reports.TensorBoard;

namespace HeteroAKD.Reports.Tests;

/// <summary>TensorBoard's event files, written and read back.</summary>
public sealed class EventFileTests
{
    private static readonly byte[] s_file =
    [
        .. EventFile.Header(1000.5),
        .. EventFile.Record(1001.25, 10, ("student/loss", 1.5f), ("student/lr", 1e-3f)),
        .. EventFile.Record(1002, 3_000_000_000, ("distilled/val_miou", float.PositiveInfinity)),
    ];

    /// <summary>The check value of CRC-32C, masked as TensorFlow's record format does it.</summary>
    [Fact]
    public void Checksum_is_the_masked_castagnoli_one()
    {
        const uint Crc = 0xE3069283; // of "123456789"
        Assert.Equal(unchecked(((Crc >> 15) | (Crc << 17)) + 0xa282ead8), EventFile.MaskedChecksum("123456789"u8));
    }

    /// <summary>The bytes that every file of TensorFlow's own writer begins with: a version event of 24 bytes.</summary>
    [Fact]
    public void Header_begins_as_that_of_every_event_file()
    {
        byte[] header = EventFile.Header(1.7e9);
        Assert.Equal([0x18, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x7f, 0x4b, 0x22, 0x09], header[..13]);
        Assert.Equal([0x1a, 0x0d, .. "brain.Event:2"u8], header[21..36]);
    }

    [Fact]
    public void Scalars_come_back()
    {
        (IReadOnlyList<ScalarEvent> events, string problem) = EventFile.Read(s_file);
        Assert.Equal("", problem);
        Assert.Equal(
            [
                new ScalarEvent(1001.25, 10, "student/loss", 1.5f), new ScalarEvent(1001.25, 10, "student/lr", 1e-3f),
                new ScalarEvent(1002, 3_000_000_000, "distilled/val_miou", float.PositiveInfinity),
            ],
            events);
    }

    /// <summary>Whatever byte is changed and wherever it is cut, what stands before is read, and the rest is named.</summary>
    [Fact]
    public void Damage_ends_the_reading()
    {
        int[] ends =
        [
            EventFile.Header(1000.5).Length,
            EventFile.Header(1000.5).Length + EventFile.Record(1001.25, 10, ("student/loss", 1.5f), ("student/lr", 1e-3f)).Length
        ];
        for (int i = 0; i < s_file.Length; i++)
        {
            int whole = i < ends[1] ? 0 : 2;
            byte[] changed = [.. s_file];
            changed[i] ^= 0x40;
            (IReadOnlyList<ScalarEvent> events, string problem) = EventFile.Read(changed);
            Assert.Equal(whole, events.Count);
            Assert.Contains("is cut short or damaged", problem, StringComparison.Ordinal);

            (events, problem) = EventFile.Read(s_file.AsSpan(0, i));
            Assert.Equal(whole, events.Count);
            Assert.Equal(i == 0 || ends.Contains(i), problem.Length == 0);
        }
    }

    [Fact]
    public void A_file_of_another_kind_is_named()
    {
        Assert.Equal("the record at byte 0 is cut short or damaged", EventFile.Read("network,step,loss\n"u8).Problem);
        Assert.Equal("it does not begin with the version brain.Event:2", EventFile.Read(EventFile.Record(1, 2, ("a", 3f))).Problem);
    }
}
