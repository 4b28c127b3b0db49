using HeteroAKD.Tensors;

namespace HeteroAKD.Experiments.Configuration;

/// <summary>The <c>teacher</c> section. A value of 0 takes the student's.</summary>
public sealed record TeacherConfig
{
    /// <summary>Name of the architecture, see <see cref="Nn.Models.ModelZoo"/>.</summary>
    public string Model { get; init; } = "tiny-mit-teacher";

    /// <summary>Trained weights; empty trains the teacher first.</summary>
    public string Checkpoint { get; init; } = "";

    /// <summary>A file of weights in any form that <c>import</c> reads; the encoder starts from them.</summary>
    public string Pretrained { get; init; } = "";

    /// <summary>Training steps of the teacher.</summary>
    [InRange("[0, 100000000]")]
    public int Steps { get; init; }

    /// <summary>Peak learning rate of the teacher.</summary>
    [InRange("[0, 100]")]
    public double Lr { get; init; }

    /// <summary>Images a teacher step sees.</summary>
    [InRange("[0, 65536]")]
    public int BatchSize { get; init; }

    /// <summary>Seed of the teacher alone, so that one teacher serves many student seeds; -1 takes the experiment's.</summary>
    [InRange("[-1, 2147483647]")]
    public int Seed { get; init; } = -1;

    /// <summary>Mean of red, green and blue that its images are normalised by; empty takes what its checkpoint says, else <c>augmentation.mean</c>.</summary>
    [InRange("[0, 1]")]
    public IReadOnlyList<double> Mean { get; init; } = [];

    /// <summary>Deviation, likewise.</summary>
    [InRange("(0, 10]")]
    public IReadOnlyList<double> Std { get; init; } = [];

    /// <summary>A segmentation graph of any origin in place of a network of this program.</summary>
    public string Onnx { get; init; } = "";

    /// <summary>Outputs of the graph that are feature maps, finest first: they stand for the stages of an encoder.</summary>
    public IReadOnlyList<string> OnnxFeatures { get; init; } = [];

    /// <summary>The output of the graph that its classifier sees; empty where it has none.</summary>
    public string OnnxClassifierInput { get; init; } = "";

    /// <summary>A folder of logits that another program wrote, in place of a network.</summary>
    public string Logits { get; init; } = "";

    /// <summary>For those two: what their classes, by id or name, are here; empty where both are the same.</summary>
    public IReadOnlyDictionary<string, string> ClassMap { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether the teacher is no network of this program.</summary>
    internal bool IsGiven => Onnx.Length > 0 || Logits.Length > 0;
}

/// <summary>The <c>student</c> section.</summary>
public sealed record StudentConfig
{
    /// <summary>Name of the architecture, see <see cref="Nn.Models.ModelZoo"/>.</summary>
    public string Model { get; init; } = "tiny-cnn-student";

    /// <summary>Weights to start from; empty starts from the seed.</summary>
    public string Checkpoint { get; init; } = "";

    /// <summary>A file of weights in any form that <c>import</c> reads; the encoder starts from them.</summary>
    public string Pretrained { get; init; } = "";
}
