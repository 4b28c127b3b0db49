using HeteroAKD.Tensors;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Experiments.Configuration;

/// <summary>
/// Everything that decides an experiment. <c>configs/default.yaml</c> lists every option with its comment and default;
/// a test holds the two together.
/// </summary>
public sealed record ExperimentConfig
{
    /// <summary>Seed of initial weights, data order, augmentation and dropout.</summary>
    [InRange("[0, 2147483647]")]
    public int Seed { get; init; } = 1;

    /// <summary>Where tensors live: auto, cpu, cuda, opencl or ilgpu-cpu.</summary>
    public string Device { get; init; } = "auto";

    /// <summary>Worker threads of the cpu device; 0 takes every core. Results do not depend on it.</summary>
    [InRange("[0, 1024]")]
    public int Threads { get; init; }

    /// <summary>How products, convolutions and attention round their factors; sums, parameters and everything else stay float32.</summary>
    public MatrixPrecision Precision { get; init; } = MatrixPrecision.Fp32;

    /// <summary>Whether NVIDIA's cuBLAS computes matrix products, where it is installed; steps are then not replayed.</summary>
    public bool Cublas { get; init; }

    /// <summary>Run folder; empty makes the next free <c>runs/NAME-NNN</c>.</summary>
    public string Out { get; init; } = "";

    /// <summary>Data sets and what the student sees of them.</summary>
    public DataConfig Data { get; init; } = new();

    /// <summary>Random changes to training images, and normalisation of all.</summary>
    public AugmentationConfig Augmentation { get; init; } = new();

    /// <summary>The network distilled from.</summary>
    public TeacherConfig Teacher { get; init; } = new();

    /// <summary>The network distilled into.</summary>
    public StudentConfig Student { get; init; } = new();

    /// <summary>Update rule.</summary>
    public OptimizerOptions Optimizer { get; init; } = new();

    /// <summary>Learning rate over the steps.</summary>
    public ScheduleOptions Schedule { get; init; } = new();

    /// <summary>Length and rhythm of training.</summary>
    public TrainingOptions Training { get; init; } = new();

    /// <summary>How results are measured.</summary>
    public EvaluationOptions Evaluation { get; init; } = new();

    /// <summary>Supervised loss.</summary>
    public LossConfig Loss { get; init; } = new();

    /// <summary>Distillation method and its options.</summary>
    public DistillationConfig Distillation { get; init; } = new();

    /// <summary>What a run leaves beside its tables and pictures.</summary>
    public ReportConfig Report { get; init; } = new();
}
