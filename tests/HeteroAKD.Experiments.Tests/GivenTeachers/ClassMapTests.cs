using HeteroAKD.Data;
using HeteroAKD.Experiments.GivenTeachers;
using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Tests.GivenTeachers;

public sealed class ClassMapTests
{
    private static readonly string[] s_names = ["road", "car", "sky"];
    private static readonly ClassSet s_classes = new(s_names, [(0, 0, 0), (1, 1, 1), (2, 2, 2)], 255);

    [Fact]
    public void Probabilities_of_classes_that_come_together_are_summed()
    {
        // Theirs: asphalt, bus, truck, cloud, bird, of which bird means nothing here.
        Dictionary<string, string> words = new() { ["0"] = "road", ["1"] = "car", ["2"] = "car", ["cloud"] = "2" };
        ClassMap map = ClassMap.Of(words, 5, ["asphalt", "bus", "truck", "cloud", "bird"], s_classes, "the teacher");
        float[] theirs = [1, 3, 0.5f, 0, 2, -1, 0, 4, 9, 9]; // [5, 2]
        float[] ours = map.Apply(theirs, 2);
        for (int i = 0; i < 2; i++)
        {
            double[] e = [.. Enumerable.Range(0, 4).Select(c => Math.Exp(theirs[(c * 2) + i]))];
            double[] expected = [e[0] / e.Sum(), (e[1] + e[2]) / e.Sum(), e[3] / e.Sum()];
            double[] found = [.. Enumerable.Range(0, 3).Select(c => Math.Exp(ours[(c * 2) + i]))];
            Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second / found.Sum(), 1e-6));
        }

        Assert.Equal(
            ["road: asphalt (0)", "car: bus (1) + truck (2)", "sky: cloud (3)", "left out: bird (4)"], map.Lines(["asphalt", "bus", "truck", "cloud", "bird"]));
    }

    [Fact]
    public void A_class_that_the_teacher_does_not_know_has_no_probability()
    {
        ClassMap map = ClassMap.Of(new Dictionary<string, string> { ["0"] = "road", ["1"] = "sky" }, 2, [], s_classes, "the teacher");
        float[] ours = map.Apply([1, 2], 1);
        Assert.Equal((1, 2), (ours[0], ours[2]));
        Assert.True(Math.Exp(ours[1] - 2) < 1e-12);
        Assert.Contains("car: no class of the teacher; its probability is 0", map.Lines([]));
    }

    [Fact]
    public void Equal_classes_need_no_map_and_others_do()
    {
        float[] logits = [1, 2, 3];
        ClassMap same = ClassMap.Of(new Dictionary<string, string>(), 3, [], s_classes, "the teacher");
        Assert.Same(logits, same.Apply(logits, 1));
        Assert.Empty(same.Lines([]));
        Assert.Contains("the teacher has 19 classes, the data has 3; say with teacher.classMap what they mean here",
            Assert.Throws<HeteroAkdException>(
                () => ClassMap.Of(new Dictionary<string, string>(), 19, [], s_classes, "the teacher")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_in_another_order_and_classes_that_stand_twice_are_refused()
    {
        Dictionary<string, string> none = [];
        Assert.Contains("has the classes of the data in another order (car, road, ... against road, car, ...)",
            Assert.Throws<HeteroAkdException>(() => ClassMap.Of(none, 3, ["car", "road", "sky"], s_classes, "the teacher")).Message, StringComparison.Ordinal);
        Assert.True(ClassMap.Of(none, 3, ["street", "vehicle", "sky"], s_classes, "the teacher").IsIdentity); // other words say nothing
        Dictionary<string, string> twice = new() { ["0"] = "road", ["street"] = "car" };
        Assert.Contains("class street of the teacher stands there twice",
            Assert.Throws<HeteroAkdException>(
                () => ClassMap.Of(twice, 3, ["street", "vehicle", "sky"], s_classes, "the teacher")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0", "raod", "teacher.classMap: the data has no class 'raod'; did you mean road?")]
    [InlineData("5", "road", "teacher.classMap: the teacher has no class '5'; its classes are 0 to 4")]
    [InlineData("-1", "road", "teacher.classMap: the teacher has no class '-1'")]
    public void Unknown_classes_are_named(string theirs, string ours, string message) =>
        Assert.Contains(
            message,
            Assert.Throws<HeteroAkdException>(() => ClassMap.Of(new Dictionary<string, string> { [theirs] = ours }, 5, [], s_classes, "the teacher")).Message,
            StringComparison.Ordinal);
}
