using System.IO.Compression;
using System.Text;
using HeteroAKD.Weights.Formats;

namespace HeteroAKD.Weights.Tests.Formats;

public sealed class TorchFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_torch_save_writes_is_read()
    {
        // torch.save(OrderedDict(w=..., n=tensor(7)), f) instruction by instruction, with the memo and the _metadata of a state dict.
        const string Pickle =
            "\u0080\u0002ccollections\nOrderedDict\nq\u0000)Rq\u0001("
            + "X\u0001\u0000\u0000\u0000wq\u0002ctorch._utils\n_rebuild_tensor_v2\nq\u0003((X\u0007\u0000\u0000\u0000"
            + "storageq\u0004ctorch\nFloatStorage\nq\u0005"
            + "X\u0001\u0000\u0000\u00000q\u0006X\u0003\u0000\u0000\u0000cpuq\u0007K\u0004tq\u0008QK\u0000K\u0002K\u0002\u0086q\u0009"
            + "K\u0002K\u0001\u0086q\u000a\u0089h\u0000)Rq\u000btq\u000cRq\u000d"
            + "X\u0001\u0000\u0000\u0000nq\u000eh\u0003((h\u0004ctorch\nLongStorage\nq\u000f"
            + "X\u0001\u0000\u0000\u00001q\u0010h\u0007K\u0001tq\u0011QK\u0000))\u0089h\u0000)Rq\u0012tq\u0013Rq\u0014"
            + "u}q\u0015X\u0009\u0000\u0000\u0000_metadataq\u0016h\u0000)Rq\u0017sb.";
        (IReadOnlyList<HostTensor> tensors, int others) = Read(Zip(Pickle, Storage("0", [1f, 2f, 3f, 4f]), ("data/1", BitConverter.GetBytes(7L))));
        Assert.Equal(["w", "n"], tensors.Select(t => t.Name));
        Assert.Equal([2, 2], tensors[0].Sizes);
        Assert.Equal([1f, 2f, 3f, 4f], tensors[0].Floats.ToArray());
        Assert.Equal([7], tensors[1].ToInts());
        Assert.Empty(tensors[1].Sizes);
        Assert.Equal(0, others);
    }

    [Fact]
    public void What_is_written_comes_back_from_aligned_storages()
    {
        HostTensor[] written =
        [
            HostTensor.Of("a.weight", [2, 3], [1f, -2f, 3f, float.NaN, float.PositiveInfinity, -0f]),
            HostTensor.Of("ключ", [1], [Math.PI]),
            HostTensor.Of("labels", [2, 1, 2], [1, -100, int.MaxValue, 0]),
            HostTensor.Of("empty", [0, 4], ReadOnlySpan<float>.Empty),
            new("bytes", "U8", [3], [0, 128, 255]),
            new("num_batches_tracked", "I64", [], [5, 0, 0, 0, 0, 0, 0, 0]),
        ];
        byte[] file = Written(written);
        IReadOnlyList<HostTensor> tensors = Read(file).Tensors;
        Assert.Equal(written.Select(t => (t.Name, t.DType)), tensors.Select(t => (t.Name, t.DType)));
        Assert.All(written.Zip(tensors), pair => Assert.Equal(pair.First.Bytes, pair.Second.Bytes));
        Assert.All(written.Zip(tensors), pair => Assert.Equal(pair.First.Sizes, pair.Second.Sizes));
        for (int i = 0; i < written.Length; i++)
        {
            // Local header: ... name length, extra length, name, extra, content.
            int name = file.AsSpan().IndexOf(Encoding.ASCII.GetBytes($"archive/data/{i}"));
            int content = name + $"archive/data/{i}".Length + BitConverter.ToUInt16(file, name - 2);
            Assert.Equal(0, content % 64);
            Assert.True(file.AsSpan(content).StartsWith(written[i].Bytes));
        }
    }

    [Fact]
    public void Equal_tensors_make_equal_files() =>
        Assert.Equal(Written([HostTensor.Of("a", [1], [1f])]), Written([HostTensor.Of("a", [1], [1f])]));

    [Theory]
    [InlineData("state_dict")]
    [InlineData("model")]
    [InlineData("model_state")]
    public void A_state_dict_is_found_in_a_training_checkpoint(string key)
    {
        string pickle = Program(
            $"}}({Text("epoch")}K\u0007{Text(key)}}}({Text("w")}{Tensor([2])}{Text("note")}{Text("x")}u"
            + $"{Text("lr")}G\u003f\u00f0\u0000\u0000\u0000\u0000\u0000\u0000u");
        (IReadOnlyList<HostTensor> tensors, int others) = Read(Zip(pickle, Storage("0", [1f, 2f])));
        Assert.Equal([1f, 2f], Assert.Single(tensors).Floats.ToArray());
        Assert.Equal(3, others);
    }

    [Fact]
    public void Views_take_their_elements_by_stride_and_offset()
    {
        string transposed = Tensor([3, 2], strides: [1, 3], count: 7, offset: 1);
        string pickle = Program($"}}({Text("t")}{transposed}{Text("row")}{Tensor([3], count: 7, offset: 4)}u");
        IReadOnlyList<HostTensor> tensors = Read(Zip(pickle, Storage("0", [0f, 1f, 2f, 3f, 4f, 5f, 6f]))).Tensors;
        Assert.Equal([1f, 4f, 2f, 5f, 3f, 6f], tensors[0].Floats.ToArray());
        Assert.Equal([4f, 5f, 6f], tensors[1].Floats.ToArray());
    }

    [Fact]
    public void Half_precision_is_widened()
    {
        string pickle = Program($"}}({Text("h")}{Tensor([2], type: "HalfStorage")}{Text("b")}{Tensor([1], type: "BFloat16Storage", key: "1")}u");
        IReadOnlyList<HostTensor> tensors = Read(Zip(pickle, ("data/0", [0x00, 0x3e, 0x00, 0xc0]), ("data/1", [0x40, 0xc0]))).Tensors;
        Assert.Equal([1.5f, -2f], tensors[0].Floats.ToArray());
        Assert.Equal([-3f], tensors[1].Floats.ToArray());
    }

    [Fact]
    public void Instructions_of_later_protocols_are_read()
    {
        // Protocol 4: frame, short texts, memoize, stack global, tuples.
        string tensor = "\u008c\u000ctorch._utils\u0094\u008c\u0012_rebuild_tensor_v2\u0094\u0093\u0094"
            + "((\u008c\u0007storage\u0094\u008c\u0005torch\u0094\u008c\u000cFloatStorage\u0094\u0093"
            + "\u0094\u008c\u00010\u0094\u008c\u0003cpu\u0094K\u0002t\u0094Q"
            + "K\u0000K\u0002\u0085\u0094K\u0001\u0085\u0094\u0089}\u0094t\u0094R\u0094";
        string pickle = $"\u0080\u0004\u0095\u0000\u0001\u0000\u0000\u0000\u0000\u0000\u0000}}\u0094\u008c\u0001w\u0094{tensor}s.";
        Assert.Equal([1f, 2f], Read(Zip(pickle, Storage("0", [1f, 2f]))).Tensors[0].Floats.ToArray());
    }

    [Theory]
    [InlineData("cos\nsystem\n(X\u0002\u0000\u0000\u0000lstR", "it is an object of 'os.system'")]
    [InlineData("cos\nsystem\n", "it is a plain value")]
    [InlineData("\u008c\u0008builtins\u008c\u0004eval\u0093\u008c\u00011\u0085R", "it is an object of 'builtins.eval'")]
    [InlineData("ctorchvision.models.resnet\nResNet\n)\u0081", "it is an object of 'torchvision.models.resnet.ResNet'")]
    [InlineData("ctorch\nFloatStorage\n)R", "it is an object of 'torch.FloatStorage'")]
    [InlineData("K\u0001)R", "calls a value that is no function")]
    [InlineData("ctorch._utils\n_rebuild_tensor_v2\nK\u0001\u0085R", "arguments that do not belong to it")]
    [InlineData("X\u0001\u0000\u0000\u0000aQ", "outside the pickle that is no storage")]
    [InlineData("K\u0001}b", "state of something that has none")]
    [InlineData("R", "empty stack")]
    [InlineData("(R", "empty stack")]
    [InlineData("}(s", "empty stack")]
    [InlineData("t", "a mark that it never set")]
    [InlineData("h\u0005", "recalls value 5, which it never noted")]
    [InlineData("}(]K\u0001u", "holds no tensor by name: it is a dictionary of")]
    [InlineData("}(K\u0001u", "a key without a value")]
    [InlineData("K\u0001K\u0001a", "appends to something that is no list")]
    [InlineData("K\u0001K\u0001K\u0001s", "something that is no dictionary")]
    [InlineData("X\u00ff\u00ff\u00ff\u00ffa", "in the middle of an instruction")]
    [InlineData("\u008d\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ffa", "in the middle of an instruction")]
    [InlineData("ccollections", "in the middle of a name")]
    [InlineData("X\u0001\u0000\u0000\u0000\u00ff", "not UTF-8")]
    [InlineData("\u0080\u0001", "protocol 1")]
    [InlineData("L1L\n", "instruction 0x4c")]
    [InlineData("Ix\n", "something else where a number belongs")]
    [InlineData("\u0082\u0001", "instruction 0x82")]
    [InlineData("]", "it is a list")]
    [InlineData("}", "it is an empty dictionary")]
    public void A_hostile_pickle_is_refused(string body, string message) => AssertRefused(Zip(Program(body)), message);

    [Theory]
    [InlineData("cos\nsystem\nX\u0002\u0000\u0000\u0000ls\u0085R")]
    [InlineData("c__builtin__\nset\n](K\u0001K\u0002e\u0085R")]
    [InlineData("\u008f(K\u0001K\u0002\u0090")]
    [InlineData("(K\u0001\u0091")]
    [InlineData("cx\nC\n)\u0081}(X\u0001\u0000\u0000\u0000aK\u0001ub")]
    [InlineData("cx\nC\n)}\u0092")]
    [InlineData("cx\nList\n)R(K\u0001K\u0002e")]
    [InlineData("cx\nDict\n)R(K\u0001K\u0002u")]
    [InlineData("C\u0003abc")]
    [InlineData("\u008e\u0003\u0000\u0000\u0000\u0000\u0000\u0000\u0000abc")]
    [InlineData("U\u0001\u00ff")]
    [InlineData("}(K\u0001\u0085K\u0001u")]
    public void What_is_no_tensor_is_passed_over(string value)
    {
        (IReadOnlyList<HostTensor> tensors, int others) = Read(Zip(Program($"}}({Text("w")}{Tensor([2])}{Text("x")}{value}u"), Storage("0", [1f, 2f])));
        Assert.Equal([1f, 2f], Assert.Single(tensors).Floats.ToArray());
        Assert.Equal(1, others);
    }

    [Fact]
    public void Tables_that_hold_one_another_come_to_an_end()
    {
        // Each of 40 dictionaries holds the one before it twice: 2^40 ways down. The same of modules.
        string dicts = string.Concat(Enumerable.Range(0, 40).Select(i => $"}}q{(char)(i + 1)}({Text("a")}h{(char)i}{Text("b")}h{(char)i}u"));
        Assert.Single(Read(Zip(Program($"}}q\u0000({Text("w")}{Tensor([1])}u{dicts}"), Storage("0", [1f]))).Tensors);
        string modules = string.Concat(
            Enumerable.Range(0, 40).Select(i => $"c__torch__\nM\n)\u0081q{(char)(i + 1)}}}({Text("a")}h{(char)i}{Text("b")}h{(char)i}ub"));
        AssertRefused(Zip(Program($"c__torch__\nM\n)\u0081q\u0000}}({Text("w")}{Tensor([1])}ub{modules}"), Storage("0", [1f])), "without end");
    }

    [Fact]
    public void Objects_that_hold_their_parents_are_passed_over()
    {
        // As in a configuration of OmegaConf: every node of a tree refers to the one above it.
        StringBuilder nodes = new();
        for (int i = 1; i < 200; i++)
        {
            nodes.Append($"cx\nNode\n)\u0081r{Int(i)}}}({Text("_parent")}j{Int(i - 1)}{Text("_content")}}}({Text("a")}j{Int(i - 1)}{Text("b")}K\u0001uub");
        }

        string root = $"cx\nNode\n)\u0081r{Int(0)}}}({Text("_parent")}N{Text("_content")}}}ub";
        (IReadOnlyList<HostTensor> tensors, _) = Read(
            Zip(Program($"}}({Text("state_dict")}}}({Text("w")}{Tensor([1])}u{Text("config")}]({root}{nodes}e{Text("last")}j{Int(199)}u"), Storage("0", [1f])));
        Assert.Equal("w", Assert.Single(tensors).Name);
    }

    [Fact]
    public void A_table_under_many_names_is_kept_once()
    {
        StringBuilder names = new();
        for (int i = 0; i < 20_000; i++)
        {
            names.Append(Text($"n{i}")).Append("h\u0001");
        }

        string tensors = string.Concat(Enumerable.Range(0, 1000).Select(i => $"{Text($"w{i}")}h\u0000"));
        byte[] file = Zip(Program($"{Tensor([1], count: 1000)}q\u00000}}({tensors}uq\u00010}}({names}u"), Storage("0", new float[1000]));
        Assert.Equal(1000, Read(file).Tensors.Count);
    }

    [Fact]
    public void A_tensor_that_repeats_itself_is_read()
    {
        IReadOnlyList<HostTensor> tensors = Read(Zip(Program($"}}({Text("w")}{Tensor([3, 2], strides: [0, 0], count: 1)}u"), Storage("0", [7f]))).Tensors;
        Assert.Equal(Enumerable.Repeat(7f, 6), tensors[0].Floats.ToArray());
    }

    [Fact]
    public void The_table_of_a_key_is_taken()
    {
        byte[] file = Zip(Program($"}}({Text("w")}{Tensor([1])}{Text("ema")}}}({Text("module")}}}({Text("v")}{Tensor([1])}uuu"), Storage("0", [1f]));
        string path = Path.Combine(_folder.Path, "x.pth");
        File.WriteAllBytes(path, file);
        Assert.Equal("v", Assert.Single(TorchFile.Read(path, "ema.module").Tensors).Name);
        Assert.Equal(("w", "."), (Assert.Single(TorchFile.Read(path, ".").Tensors).Name, TorchFile.Read(path).Table));
        Assert.Contains(
            "has no table of tensors 'ema'; there are '.' (1 tensors), 'ema.module' (1 tensors)",
            Assert.Throws<TorchFileException>(() => TorchFile.Read(path, "ema")).Message);
    }

    [Fact]
    public void A_class_inside_a_class_is_passed_over()
    {
        string value = $"c__builtin__\ngetattr\n(cx\nOuter\n{Text("Inner")}tR)\u0081}}b";
        Assert.Single(Read(Zip(Program($"}}({Text("w")}{Tensor([1])}{Text("x")}{value}u"), Storage("0", [1f]))).Tensors);
    }

    [Fact]
    public void A_name_without_end_is_refused() => AssertRefused(Zip(Program($"c{new string('m', 600)}\nN\n")), "longer than the 512 characters that are read");

    [Fact]
    public void A_module_that_holds_itself_comes_to_an_end()
    {
        string self = Program($"c__torch__\nM\n)\u0081q\u0000}}({Text("w")}{Tensor([1])}{Text("self")}h\u0000ub");
        Assert.Single(Read(Zip(self, Storage("0", [1f]))).Tensors);
    }

    [Fact]
    public void A_pickle_that_never_ends_is_refused()
    {
        AssertRefused(Zip("\u0080\u0002}"), "in the middle of an instruction");
        AssertRefused(Zip(Program("}" + new string('2', 1 << 21))), "needs a stack of more than");
        AssertRefused(Zip(Program("}" + new string('(', 1 << 21))), "needs a stack of more than");
    }

    [Theory]
    [InlineData(new[] { 2L }, new[] { 1L }, 4L, 3L, "does not lie in its storage of 4")]
    [InlineData(new[] { 2L }, new[] { 5L }, 4L, 0L, "does not lie in its storage of 4")]
    [InlineData(new[] { 2L }, new[] { -1L }, 4L, 3L, "is no tensor")]
    [InlineData(new[] { 2L }, new[] { 1L }, 4L, -1L, "is no tensor")]
    [InlineData(new[] { -2L }, new[] { 1L }, 4L, 0L, "is no tensor")]
    [InlineData(new[] { 2L, 2L }, new[] { 1L }, 4L, 0L, "is no tensor")]
    [InlineData(new[] { 1L << 40 }, new[] { 0L }, 4L, 0L, "is no tensor")]
    [InlineData(new[] { 1L << 31, 1L << 31, 1L << 31, 0L }, new[] { 1L, 1L, 1L, 1L }, 4L, 0L, "is no tensor")]
    [InlineData(new[] { 1000L, 1000L }, new[] { 0L, 0L }, 4L, 0L, "more than 8 times the file")]
    [InlineData(new[] { 2L, 2L }, new[] { long.MaxValue, long.MaxValue }, 4L, 0L, "does not lie in its storage of 4")]
    [InlineData(new[] { 2L }, new[] { 1L }, 5L, 0L, "needs entry 'data/0' of 20 bytes, there are 16")]
    [InlineData(new[] { 2L }, new[] { 1L }, 1L << 62, 0L, "there are 16")]
    public void A_tensor_outside_its_storage_is_refused(long[] sizes, long[] strides, long count, long offset, string message) =>
        AssertRefused(Zip(Program($"}}({Text("w")}{Tensor(sizes, strides, count, offset)}u"), Storage("0", [1f, 2f, 3f, 4f])), message);

    [Fact]
    public void A_storage_of_two_lengths_is_refused()
    {
        // 4 bytes an element: in 64 bits 2^62 + 4 elements are as many bytes as 4.
        string second = Tensor([1], count: (1L << 62) + 4, offset: 1L << 62);
        AssertRefused(
            Zip(Program($"}}({Text("w")}{Tensor([4])}{Text("v")}{second}u"), Storage("0", [1f, 2f, 3f, 4f])), "storage '0' of tensor 'v' has two lengths");
    }

    [Fact]
    public void A_list_that_is_copied_again_and_again_is_refused()
    {
        // 40,000 pairs in memo 0, of which forty calls would make forty dictionaries.
        string pairs = string.Concat(
            Enumerable.Range(0, 40_000).Select(i => $"{Text(i.ToString("x4", System.Globalization.CultureInfo.InvariantCulture))}N\u0086"));
        string calls = string.Concat(Enumerable.Repeat("ccollections\nOrderedDict\nh\u0000\u0085R", 40));
        AssertRefused(Zip(Program($"]q\u0000({pairs}e{calls}")), "lists with more than 1048576 entries in all");
    }

    [Fact]
    public void A_dictionary_of_pairs_is_read()
    {
        string pickle = Program($"ccollections\nOrderedDict\n]({Text("w")}{Tensor([2])}\u0086](K\u0001K\u0002ee\u0085R");
        (IReadOnlyList<HostTensor> tensors, int others) = Read(Zip(pickle, Storage("0", [1f, 2f])));
        Assert.Equal([1f, 2f], Assert.Single(tensors).Floats.ToArray());
        Assert.Equal(1, others);
    }

    [Fact]
    public void Dimensions_and_names_have_limits()
    {
        long[] ones = [.. Enumerable.Repeat(1L, 65)];
        AssertRefused(Zip(Program($"}}({Text("w")}{Tensor(ones, ones)}u"), Storage("0", [1f])), "has a tensor of 65 dimensions; up to 64 are read");
        Assert.Equal(64, Read(Zip(Program($"}}({Text("w")}{Tensor(ones[..64], ones[..64])}u"), Storage("0", [1f]))).Tensors[0].Sizes.Length);
        string name = new('w', 1025);
        AssertRefused(
            Zip(Program($"}}({Text(name)}{Tensor([1])}u"), Storage("0", [1f])), $"'{name[..60]}...' whose name has 1025 characters; up to 1024 are read");
        Assert.Equal(name[1..], Read(Zip(Program($"}}({Text(name[1..])}{Tensor([1])}u"), Storage("0", [1f]))).Tensors[0].Name);
    }

    [Fact]
    public void Numbers_as_keys_are_only_counted()
    {
        // The hash of a long is its halves, folded: all of these would be in one bucket, and take minutes.
        string keys = string.Concat(Enumerable.Range(0, 200_000).Select(i => $"{Long(((long)i << 32) | (uint)i)}N"));
        (IReadOnlyList<HostTensor> tensors, int others) = Read(Zip(Program($"}}({Text("w")}{Tensor([1])}{keys}u"), Storage("0", [1f])));
        Assert.Equal([1f], Assert.Single(tensors).Floats.ToArray());
        Assert.Equal(200_000, others);
    }

    [Fact]
    public void A_missing_storage_is_named() =>
        AssertRefused(Zip(Program($"}}({Text("w")}{Tensor([2])}u")), "tensor 'w' needs entry 'data/0' of 8 bytes, which is not there");

    [Fact]
    public void A_storage_shared_a_thousand_times_is_refused()
    {
        StringBuilder body = new("}(");
        for (int i = 0; i < 1000; i++)
        {
            body.Append(Text($"w{i}")).Append(Tensor([100_000]));
        }

        AssertRefused(Zip(Program($"{body}u"), Storage("0", new float[100_000])), "share storages so often");
    }

    [Fact]
    public void A_zip_bomb_is_refused()
    {
        using MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add(zip, "a/data.pkl", Latin(Program($"}}({Text("w")}{Tensor([10_000_000])}u")), CompressionLevel.NoCompression);
            Add(zip, "a/data/0", new byte[40_000_000], CompressionLevel.SmallestSize);
        }

        Assert.True(stream.Length < 100_000);
        AssertRefused(stream.ToArray(), "entry 'a/data/0' is compressed, or larger than the file");
    }

    [Fact]
    public void A_file_cut_short_anywhere_is_refused()
    {
        byte[] file = Written([HostTensor.Of("a", [2], [1f, 2f]), HostTensor.Of("b", [1], [3])]);
        for (int length = 0; length < file.Length; length++)
        {
            AssertRefused(file[..length], "");
        }
    }

    [Fact]
    public void No_changed_byte_does_worse_than_an_error()
    {
        byte[] file = Written([HostTensor.Of("a", [2], [1f, 2f]), HostTensor.Of("b", [1], [3])]);
        Random random = new(1);
        for (int i = 0; i < 500; i++)
        {
            byte[] changed = [.. file];
            changed[random.Next(file.Length)] = (byte)random.Next(256);
            changed[random.Next(file.Length)] = (byte)random.Next(256);
            try
            {
                Read(changed);
            }
            catch (TorchFileException)
            {
                // The only kind of exception that may come.
            }
        }
    }

    [Fact]
    public void No_changed_byte_of_a_pickle_does_worse_than_an_error()
    {
        byte[] pickle = Latin(Program($"}}({Text("w")}{Tensor([2])}{Text("v")}{Tensor([2], offset: 1, count: 4, key: "1")}u"));
        Random random = new(2);
        for (int i = 0; i < 500; i++)
        {
            byte[] changed = [.. pickle];
            changed[random.Next(pickle.Length)] = (byte)random.Next(256);
            changed[random.Next(pickle.Length)] = (byte)random.Next(256);
            try
            {
                Read(Zip(Encoding.Latin1.GetString(changed), Storage("0", [1f, 2f]), Storage("1", [1f, 2f, 3f, 4f])));
            }
            catch (TorchFileException)
            {
                // The only kind of exception that may come.
            }
        }
    }

    [Fact]
    public void A_changed_weight_is_found_by_its_checksum()
    {
        byte[] file = Written([HostTensor.Of("a", [2], [1f, 2f])]);
        file[file.AsSpan().IndexOf(BitConverter.GetBytes(2f))] ^= 1;
        AssertRefused(file, "entry 'data/0' does not match its checksum");
    }

    [Fact]
    public void Other_forms_are_refused_with_a_way_out()
    {
        AssertRefused([0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.'], "in the middle of an instruction");
        byte[] tar = new byte[1024];
        "ustar"u8.CopyTo(tar.AsSpan(257));
        AssertRefused(tar, "tar form of PyTorch before 0.1.10, which is not read. Write it anew: torch.save(torch.load(f");
        AssertRefused([1, 2, 3], "no file of PyTorch");
        AssertRefused(Zip(Program("}"), ("byteorder", Latin("big"))), "big-endian");
        Assert.Contains("cannot be read", Assert.Throws<TorchFileException>(() => TorchFile.Read("nowhere/x.pth")).Message);
    }

    private static string Program(string body) => $"\u0080\u0002{body}.";

    private static string Text(string text) => $"X{Int(text.Length)}{text}";

    private static string Int(long value) => Encoding.Latin1.GetString(BitConverter.GetBytes((int)value));

    // LONG1 of 8 bytes
    private static string Long(long value) => $"\u008a\u0008{Encoding.Latin1.GetString(BitConverter.GetBytes(value))}";

    private static string Tensor(long[] sizes, long[]? strides = null, long? count = null, long offset = 0, string type = "FloatStorage", string key = "0") =>
        $"ctorch._utils\n_rebuild_tensor_v2\n(({Text("storage")}ctorch\n{type}\n"
        + $"{Text(key)}{Text("cpu")}{Long(count ?? sizes.Aggregate(1L, (a, b) => a * b))}tQ{Long(offset)}"
        + $"({string.Concat(sizes.Select(Long))}t({string.Concat((strides ?? [1]).Select(Long))}t\u0089}}tR";

    private static (string Name, byte[] Bytes) Storage(string key, float[] values) => ($"data/{key}", [.. values.SelectMany(BitConverter.GetBytes)]);

    private static byte[] Zip(string pickle, params (string Name, byte[] Bytes)[] entries)
    {
        using MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add(zip, "a/data.pkl", Latin(pickle), CompressionLevel.NoCompression);
            foreach ((string name, byte[] bytes) in entries)
            {
                Add(zip, "a/" + name, bytes, CompressionLevel.NoCompression);
            }
        }

        return stream.ToArray();
    }

    private static void Add(ZipArchive zip, string name, byte[] bytes, CompressionLevel level)
    {
        using Stream entry = zip.CreateEntry(name, level).Open();
        entry.Write(bytes);
    }

    private static byte[] Latin(string text) => Encoding.Latin1.GetBytes(text);

    private static byte[] Written(HostTensor[] tensors)
    {
        using MemoryStream stream = new();
        TorchFile.Write(stream, tensors);
        return stream.ToArray();
    }

    private (IReadOnlyList<HostTensor> Tensors, int Others) Read(byte[] file)
    {
        string path = Path.Combine(_folder.Path, "x.pth");
        File.WriteAllBytes(path, file);
        TorchContent content = TorchFile.Read(path);
        return (content.Tensors, content.Others);
    }

    private void AssertRefused(byte[] file, string message)
    {
        TorchFileException error = Assert.Throws<TorchFileException>(() => Read(file));
        Assert.StartsWith(_folder.Path, error.Message);
        Assert.Contains(message, error.Message);
    }
}
