using HeteroAKD.Data;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Experiments.Configuration;

/// <summary>Where images and labels come from.</summary>
public enum DataKind
{
    /// <summary>Procedural scenes, made on the fly.</summary>
    Scenes,

    /// <summary>List files with one <c>image label</c> pair a line.</summary>
    List,

    /// <summary>Cityscapes in its official layout.</summary>
    Cityscapes,

    /// <summary>Pascal VOC 2012, with the augmented training set where it is there.</summary>
    Voc,

    /// <summary>ADE20K, 150 classes.</summary>
    Ade20k,

    /// <summary>CamVid in SegNet's layout.</summary>
    Camvid,

    /// <summary>COCO-Stuff 164K.</summary>
    Cocostuff,

    /// <summary>Folders <c>images</c> and <c>masks</c> with a class file.</summary>
    Folder,
}

/// <summary>What the label files of a list or a folder store.</summary>
public enum StoredLabels
{
    /// <summary>Class ids.</summary>
    Classes,

    /// <summary>Cityscapes' labelIds.</summary>
    Cityscapes,

    /// <summary>0 for ignored, k for class k-1, as ADE20K.</summary>
    Ade20k,

    /// <summary>0 and anything else, the two classes of masks with 0 and 255.</summary>
    Binary,

    /// <summary>The colours of the class file.</summary>
    Color,
}

/// <summary>Where decoded images are kept.</summary>
public enum CacheKind
{
    /// <summary>Nowhere: every load decodes.</summary>
    [FormerWord("false")]
    Off,

    /// <summary>In memory.</summary>
    [FormerWord("true")]
    Ram,

    /// <summary>In files that need no decoding.</summary>
    Disk,
}

/// <summary>The <c>data</c> section.</summary>
public sealed record DataConfig
{
    /// <summary>Procedural scenes, lists, or the official layout of a data set.</summary>
    public DataKind Kind { get; init; } = DataKind.Scenes;

    /// <summary>Folder of the data set; see <see cref="DataRoot"/> for where a relative one is looked for.</summary>
    public string Root { get; init; } = "";

    /// <summary>Training list, relative to the root.</summary>
    public string Train { get; init; } = "train.txt";

    /// <summary>Validation list, relative to the root.</summary>
    public string Val { get; init; } = "val.txt";

    /// <summary>Test list, relative to the root; empty where there is none. The default need not be there.</summary>
    public string Test { get; init; } = "test.txt";

    /// <summary>Class file of a list data set, relative to the root: <c>id name R G B</c> a line.</summary>
    public string Classes { get; init; } = "classes.txt";

    /// <summary>Label id that counts nowhere; it must be the one that the class file names.</summary>
    [InRange("[0, 255]")]
    public int IgnoreLabel { get; init; } = 255;

    /// <summary>What the label files of a list or a folder store.</summary>
    public StoredLabels StoredLabels { get; init; } = StoredLabels.Classes;

    /// <summary>The library that decodes images. Label files are read by this program itself.</summary>
    public ImageCodecKind Codec { get; init; } = ImageCodec.Usual.Kind;

    /// <summary>Whether photos are turned as their EXIF orientation says. A mask turns only by its own.</summary>
    public bool ExifOrientation { get; init; } = true;

    /// <summary>Share of the images that validate where <see cref="DataKind.Folder"/> finds no splits; <see cref="Seed"/> chooses them.</summary>
    [InRange("(0, 1)")]
    public double ValFraction { get; init; } = 0.1;

    /// <summary>Training window and scene size in pixels.</summary>
    public PixelSize Size { get; init; } = new();

    /// <summary>The student sees every n-th training image; the teacher sees all.</summary>
    [InRange("[1, 1000000]")]
    public int StudentEvery { get; init; } = 1;

    /// <summary>The student sees at most so many training images; 0 for no limit.</summary>
    [InRange("[0, 100000000]")]
    public int StudentLimit { get; init; }

    /// <summary>
    /// Images without labels for the distilled student: empty for none, <see cref="UnlabelledScenes"/>, a folder of images, or a list file with the path of one
    /// image a line. Paths are relative to the root, or to the working folder where there is no root.
    /// </summary>
    public string Unlabelled { get; init; } = "";

    /// <summary>The word for procedural scenes in <see cref="Unlabelled"/>.</summary>
    public const string UnlabelledScenes = "scenes";

    /// <summary>
    /// How many unlabelled procedural scenes there are: the training scenes of the same world that come after the first <see cref="TrainCount"/>.
    /// </summary>
    [InRange("[1, 100000000]")]
    public int UnlabelledCount { get; init; } = 2000;

    /// <summary>Unlabelled images a step sees beside the labelled ones; 0 takes <c>training.batchSize</c>.</summary>
    [InRange("[0, 65536]")]
    public int UnlabelledBatch { get; init; }

    /// <summary>
    /// From this probability on the teacher's class is the label of an unlabelled pixel, for the distillation's terms alone; 0 leaves such pixels without one.
    /// </summary>
    [InRange("[0, 1)")]
    public double UnlabelledThreshold { get; init; }

    /// <summary>Seed of the procedural scenes, another seed is another world of the same kind, and of the images of a folder that validate.</summary>
    [InRange("[0, 2147483647]")]
    public int Seed { get; init; } = 1;

    /// <summary>Procedural scenes to train on.</summary>
    [InRange("[1, 100000000]")]
    public int TrainCount { get; init; } = 2000;

    /// <summary>Procedural scenes to validate on.</summary>
    [InRange("[1, 100000000]")]
    public int ValCount { get; init; } = 200;

    /// <summary>Procedural scenes to test on.</summary>
    [InRange("[0, 100000000]")]
    public int TestCount { get; init; } = 200;

    /// <summary>How careless the annotator of the procedural training scenes is; validation and test scenes keep the truth.</summary>
    [InRange("[0, 1]")]
    public double AnnotationNoise { get; init; }

    /// <summary>Width times height that an image or label file may announce; a larger one is refused before it has memory.</summary>
    [InRange("[1, 200000000]")]
    public int MaxPixels { get; init; } = ImageLimits.DefaultMaxPixels;

    /// <summary>Where decoded images are kept.</summary>
    public CacheKind Cache { get; init; } = CacheKind.Ram;

    /// <summary>
    /// Where the outputs of a frozen teacher are kept for whole images, which then stand for those of windows: an approximation. Off asks the teacher for every
    /// batch.
    /// </summary>
    public CacheKind TeacherCache { get; init; } = CacheKind.Off;

    /// <summary>Folder of the cache on disk; empty for <c>$XDG_CACHE_HOME/heteroakd/data</c>.</summary>
    public string CacheFolder { get; init; } = "";

    /// <summary>Threads that make batches, 0 for the training thread itself; batches do not depend on it.</summary>
    [InRange("[0, 256]")]
    public int Workers { get; init; } = 1;

    /// <summary>Batches prepared ahead of the step that uses them.</summary>
    [InRange("[1, 64]")]
    public int Prefetch { get; init; } = 2;
}

/// <summary>The <c>augmentation</c> section. Colours are in [0, 1]; every range is drawn uniformly, once an image.</summary>
public sealed record AugmentationConfig
{
    /// <summary>Smallest scale.</summary>
    [InRange("(0, 16]")]
    public double ScaleMin { get; init; } = 0.75;

    /// <summary>Largest scale.</summary>
    [InRange("(0, 16]")]
    public double ScaleMax { get; init; } = 1.5;

    /// <summary>Probability of a horizontal flip.</summary>
    [InRange("[0, 1]")]
    public double Flip { get; init; } = 0.5;

    /// <summary>What stands where the scaled image does not reach.</summary>
    public PadMode Pad { get; init; } = PadMode.Edge;

    /// <summary>Pixels are multiplied by exp(U(-g, g)).</summary>
    [InRange("[0, 4]")]
    public double BrightnessGain { get; init; }

    /// <summary>U(-o, o) is added to pixels.</summary>
    [InRange("[0, 1]")]
    public double BrightnessOffset { get; init; }

    /// <summary>Contrast about mid-grey is multiplied by exp(U(-c, c)).</summary>
    [InRange("[0, 1]")]
    public double Contrast { get; init; }

    /// <summary>Saturation is multiplied by exp(U(-s, s)).</summary>
    [InRange("[0, 1]")]
    public double Saturation { get; init; }

    /// <summary>Mean of red, green and blue that normalisation subtracts.</summary>
    [InRange("[0, 1]")]
    public IReadOnlyList<double> Mean { get; init; } = [0.485, 0.456, 0.406];

    /// <summary>Deviation of red, green and blue that normalisation divides by.</summary>
    [InRange("(0, 10]")]
    public IReadOnlyList<double> Std { get; init; } = [0.229, 0.224, 0.225];
}
