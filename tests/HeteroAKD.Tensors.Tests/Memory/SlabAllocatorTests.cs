using System.Runtime.CompilerServices;
using HeteroAKD.Tensors.Memory;

namespace HeteroAKD.Tensors.Tests.Memory;

public sealed class SlabAllocatorTests
{
    private const long SlabBytes = 64 << 10;
    private const long Unit = SlabAllocator.Granularity;

    private readonly List<ArraySlab> _slabs = [];
    private readonly SlabAllocator _allocator;

    public SlabAllocatorTests() => _allocator = new SlabAllocator("test", NewSlab, SlabBytes);

    [Fact]
    public void Cuts_blocks_one_after_another_in_whole_units()
    {
        Block a = _allocator.Allocate(1);
        Block b = _allocator.Allocate(Unit + 1);
        Block c = _allocator.Allocate(0);
        Assert.Equal([0, Unit, 3 * Unit], new[] { a.Offset, b.Offset, c.Offset });
        Assert.Equal(4 * Unit, _allocator.InUse);
        Assert.Equal(3, _allocator.LiveBlocks);
        Assert.Equal(SlabBytes, _allocator.Reserved);
    }

    [Theory]
    [InlineData(0, 1, 2)]
    [InlineData(2, 1, 0)]
    [InlineData(1, 0, 2)]
    [InlineData(0, 2, 1)]
    public void Freed_neighbours_merge_in_any_order(params int[] order)
    {
        Block[] blocks = [_allocator.Allocate(Unit), _allocator.Allocate(2 * Unit), _allocator.Allocate(Unit)];
        foreach (int i in order)
        {
            _allocator.Free(blocks[i]);
        }

        Block whole = _allocator.Allocate(SlabBytes);
        Assert.Equal(0, whole.Offset);
        Assert.Single(_slabs);
    }

    [Fact]
    public void A_hole_is_used_by_what_fits_and_left_by_what_does_not()
    {
        Block first = _allocator.Allocate(2 * Unit);
        _allocator.Allocate(Unit);
        _allocator.Free(first);
        Assert.Equal(3 * Unit, _allocator.Allocate(3 * Unit).Offset);
        Assert.Equal(0, _allocator.Allocate(Unit).Offset);
        Assert.Equal(Unit, _allocator.Allocate(Unit).Offset);
    }

    [Fact]
    public void The_peak_is_the_most_in_use_at_once()
    {
        Block a = _allocator.Allocate(4 * Unit);
        Block b = _allocator.Allocate(2 * Unit);
        _allocator.Free(a);
        _allocator.Allocate(Unit);
        Assert.Equal(6 * Unit, _allocator.Peak);
        _allocator.ResetPeak();
        Assert.Equal(3 * Unit, _allocator.Peak);
        _allocator.Free(b);
        Assert.Equal(3 * Unit, _allocator.Peak);
    }

    [Fact]
    public void Asks_the_system_for_a_slab_only_when_none_fits()
    {
        _allocator.Allocate(SlabBytes - Unit);
        _allocator.Allocate(2 * Unit);
        Block large = _allocator.Allocate((3 * SlabBytes) + 1);
        Assert.Equal(3, _allocator.SystemAllocations);
        Assert.Equal((3 * SlabBytes) + Unit, large.Slab.Bytes);
    }

    [Fact]
    public void The_same_requests_get_the_same_places_and_ask_the_system_for_nothing()
    {
        long[] first = Step();
        long slabs = _allocator.SystemAllocations;
        long before = GC.GetAllocatedBytesForCurrentThread();
        long garbage = 0;
        for (int step = 0; step < 1000; step++)
        {
            before = GC.GetAllocatedBytesForCurrentThread();
            Block a = _allocator.Allocate(10 * Unit);
            Block b = _allocator.Allocate(Unit);
            _allocator.Free(a);
            Block c = _allocator.Allocate(3 * Unit);
            _allocator.Free(b);
            _allocator.Free(c);
            garbage += GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(first, Step());
        Assert.Equal(slabs, _allocator.SystemAllocations);
        Assert.Equal(0, _allocator.InUse);
        Assert.Equal(0, garbage);
    }

    [Fact]
    public void Trim_gives_back_slabs_without_a_block_in_use()
    {
        Block a = _allocator.Allocate(SlabBytes);
        Block b = _allocator.Allocate(SlabBytes);
        _allocator.Free(a);
        _allocator.Trim();
        Assert.Equal([true, false], _slabs.Select(s => s.Freed));
        Assert.Equal(SlabBytes, _allocator.Reserved);
        _allocator.Free(b);
        _allocator.FreeAll();
        Assert.All(_slabs, s => Assert.True(s.Freed));
    }

    [Fact]
    public void The_report_lists_the_largest_first_with_its_place()
    {
        _allocator.Allocate(Unit);
        _allocator.TrackPlaces = true;
        AllocateFor(4 * Unit);
        string[] lines = _allocator.LiveReport().Split(Environment.NewLine);
        Assert.StartsWith("  2.0 KiB allocated", lines[0]);
        Assert.Contains(nameof(The_report_lists_the_largest_first_with_its_place), _allocator.LiveReport());
        Assert.Contains("0.5 KiB (turn on TrackPlaces to see where)", lines[^1]);
    }

    [Fact]
    public void Memory_that_the_system_refuses_is_named_with_its_users()
    {
        SlabAllocator poor = new("poor", _ => throw new OutOfMemoryException(), SlabBytes);
        OutOfDeviceMemoryException error = Assert.Throws<OutOfDeviceMemoryException>(() => poor.Allocate(3 << 20));
        Assert.Contains("out of memory on 'poor': asked for 3.0 MiB with 0.0 MiB in use", error.Message);
        Assert.Contains("Use a smaller batch", error.Message);
    }

    [Theory]
    [InlineData(1, "0.5 KiB")]
    [InlineData(100_000, "98.0 KiB")]
    [InlineData(3L << 30, "3,072.0 MiB")]
    public void What_was_refused_comes_in_true_figures_with_what_the_process_holds(long bytes, string asked)
    {
        SlabAllocator poor = new("cpu", _ => throw new OutOfMemoryException(), SlabBytes);
        string message = Assert.Throws<OutOfDeviceMemoryException>(() => poor.Allocate(bytes)).Message;
        Assert.Contains($"asked for {asked} with 0.0 MiB in use", message);
        Assert.Matches(@"the process holds [1-9][\d,]*\.\d MiB of memory, .*[1-9][\d,]*\.\d MiB of managed heap \(limit [1-9][\d,]*\.\d MiB\)", message);
    }

    [Fact]
    public void The_limit_is_what_is_taken_of_the_system()
    {
        _allocator.Limit = 2 * SlabBytes;
        Block first = _allocator.Allocate(SlabBytes);
        _allocator.Allocate(SlabBytes);
        Assert.Throws<OutOfDeviceMemoryException>(() => _allocator.Allocate(Unit));
        _allocator.Free(first);
        Assert.Equal(Unit, _allocator.Allocate(Unit).Bytes);
    }

    [Fact]
    public void A_refusal_takes_back_free_slabs_and_tries_once_more()
    {
        SlabAllocator tight = Tight(3 * SlabBytes);
        Block kept = tight.Allocate(SlabBytes);
        Block passing = tight.Allocate(SlabBytes);
        tight.Free(passing);
        Block large = tight.Allocate(2 * SlabBytes);
        Assert.Equal([false, true, false], _slabs.Select(s => s.Freed));
        Assert.Equal(3 * SlabBytes, tight.Reserved);
        Assert.Same(_slabs[2], large.Slab);
        Assert.Same(_slabs[0], kept.Slab);
    }

    [Fact]
    public void Free_slabs_stay_while_the_system_gives_more()
    {
        SlabAllocator ample = Tight(8 * SlabBytes);
        ample.Free(ample.Allocate(SlabBytes));
        ample.Allocate(2 * SlabBytes);
        Assert.All(_slabs, s => Assert.False(s.Freed));
        Assert.Same(_slabs[0], ample.Allocate(Unit).Slab);
    }

    [Fact]
    public void The_rest_of_the_memory_serves_a_request_smaller_than_a_slab()
    {
        SlabAllocator tight = Tight(SlabBytes + (2 * Unit));
        tight.Allocate(SlabBytes);
        Assert.Equal(2 * Unit, tight.Allocate(2 * Unit).Slab.Bytes);
        Assert.Throws<OutOfDeviceMemoryException>(() => tight.Allocate(1));
    }

    [Fact]
    public void Out_of_memory_says_what_was_asked_what_is_left_and_who_has_the_rest()
    {
        SlabAllocator tight = Tight(4 << 20);
        tight.Allocate(1 << 20).Owner = "teacher.stem.weight";
        tight.Allocate(2 << 20).Owner = "batch images";
        OutOfDeviceMemoryException error = Assert.Throws<OutOfDeviceMemoryException>(() => tight.Allocate(3 << 20));
        Assert.Contains("asked for 3.0 MiB with 3.0 MiB in use, 3.0 MiB reserved and 1.0 MiB free on the card", error.Message);
        Assert.Contains("Largest: 2.0 MiB batch images; 1.0 MiB teacher.stem.weight", error.Message);
        Assert.Contains("smaller batch, crop or model, or end other processes on the card", error.Message);
        Assert.IsType<OutOfMemoryException>(error.InnerException);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(101)]
    [InlineData(511)]
    [InlineData(512 + 511)]
    public void A_guard_sees_a_write_behind_a_block(int at)
    {
        _allocator.Guarded = true;
        Block block = _allocator.Allocate(100);
        block.Slab.HostBytes(block.Offset, 100).Clear();
        block.Slab.HostBytes(block.Offset + at, 1)[0] = 0;
        Assert.Contains($"byte {at} of a tensor of 100 bytes", Assert.Throws<MemoryGuardException>(() => _allocator.Free(block)).Message);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_guard_sees_a_write_before_a_block(bool neighbourInUse)
    {
        _allocator.Guarded = true;
        Block neighbour = _allocator.Allocate(Unit);
        Block block = _allocator.Allocate(100);
        if (!neighbourInUse)
        {
            _allocator.Free(neighbour);
        }

        block.Slab.HostBytes(block.Offset - 3, 1)[0] = 0;
        Assert.Contains("the byte 3 before a tensor of 100 bytes", Assert.Throws<MemoryGuardException>(() => _allocator.Free(block)).Message);
    }

    [Fact]
    public void A_guarded_block_starts_as_NaN_and_leaves_no_trace()
    {
        _allocator.Guarded = true;
        for (int round = 0; round < 2; round++)
        {
            Block block = _allocator.Allocate(Unit);
            Assert.Equal(-1, block.Slab.HostBytes(block.Offset, Unit).IndexOfAnyExcept((byte)0xFF));
            block.Slab.HostBytes(block.Offset, Unit).Clear();
            _allocator.Free(block);
        }
    }

    // A place starts at the caller of whoever asked the allocator: a tensor is not told that Tensor made it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private Block AllocateFor(long bytes) => _allocator.Allocate(bytes);

    private long[] Step()
    {
        Block[] blocks = [_allocator.Allocate(3 * Unit), _allocator.Allocate(Unit), _allocator.Allocate(40 * Unit), _allocator.Allocate(90 * Unit)];
        long[] places = [.. blocks.Select(b => b.Offset)];
        foreach (Block block in blocks)
        {
            _allocator.Free(block);
        }

        return places;
    }

    /// <summary>An allocator on hardware with so much memory.</summary>
    private SlabAllocator Tight(long memory)
    {
        long Left() => memory - _slabs.Where(s => !s.Freed).Sum(s => s.Bytes);
        return new SlabAllocator("tight", bytes => bytes <= Left() ? NewSlab(bytes) : throw new OutOfMemoryException(), SlabBytes, Left);
    }

    private ArraySlab NewSlab(long bytes)
    {
        ArraySlab slab = new(bytes);
        _slabs.Add(slab);
        return slab;
    }

    private sealed class ArraySlab(long bytes) : Slab
    {
        private readonly byte[] _bytes = new byte[bytes];

        public bool Freed { get; private set; }

        public override long Bytes => bytes;

        public override Span<byte> HostBytes(long offset, long count) => _bytes.AsSpan((int)offset, (int)count);

        public override void Free() => Freed = true;
    }
}
