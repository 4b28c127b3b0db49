using System.Diagnostics;
using HeteroAKD.Data;
using HeteroAKD.Distillation;
using HeteroAKD.Distillation.Terms;
using HeteroAKD.Experiments;
using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Evaluation;
using HeteroAKD.Training.Loop;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Bench.Whole;

/// <summary>How a training ended.</summary>
/// <param name="Seconds">Of all steps, loading of images included.</param>
/// <param name="MeanIoU">On the test images, 0 to 1.</param>
internal readonly record struct WholeResult(double Seconds, double MeanIoU);

/// <summary>The training of an experiment's student with plain KD: the same initial weights, batches, teacher and schedule for both sides.</summary>
internal sealed class WholeTraining : IDisposable
{
    private readonly ExperimentConfig _config;
    private readonly ExperimentData _data;
    private readonly Device _device;
    private readonly JobFactory _jobs;
    private readonly SegmentationModel _teacher;

    /// <summary>Opens data and teacher.</summary>
    public WholeTraining(ExperimentConfig config)
    {
        _config = config;
        RequireTold(config);
        _data = new ExperimentData(config);
        _device = Device.Open(config.Device, config.Threads, config.Precision);
        _jobs = new JobFactory(config, _data, _device, Console.WriteLine);
        _teacher = _jobs.Network(NetworkRole.Teacher).Model;
    }

    /// <summary>Trains with this engine, as <c>distill</c> does.</summary>
    public WholeResult Ours()
    {
        using SegmentationModel student = _jobs.Network(NetworkRole.Student).Model;
        PlannedTraining training = _jobs.Distilled(_teacher, student);
        using (training.Job.Objective)
        {
            using JoinedLoaders batches = training.Batches(_config.Data);
            long start = Stopwatch.GetTimestamp();
            new NetworkTrainer(new Unheard()).Run(training.Job with { Validation = null }, batches);
            return new WholeResult(Stopwatch.GetElapsedTime(start).TotalSeconds, Score(student, training.Job.Evaluation));
        }
    }

    /// <summary>Trains with libtorch. Its weights are scored in our network: the same evaluation for both.</summary>
    public WholeResult Theirs()
    {
        using SegmentationModel student = _jobs.Network(NetworkRole.Student).Model;
        PlannedTraining training = _jobs.Distilled(_teacher, student);
        using (training.Job.Objective)
        {
            using TorchTraining torchSide = new(_teacher, training.Job, _config.Distillation.Lambda1, _config.Loss.AuxWeight, _data.Classes.IgnoreIndex);
            using JoinedLoaders batches = training.Batches(_config.Data);
            long start = Stopwatch.GetTimestamp();
            torchSide.Run(batches);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            torchSide.CopyTo(student);
            return new WholeResult(seconds, Score(student, training.Job.Evaluation));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _teacher.Dispose();
        _device.Dispose();
    }

    // What the other side is not told would make another training of it.
    private static void RequireTold(ExperimentConfig config)
    {
        OptimizerOptions optimizer = config.Optimizer;
        LossConfig loss = config.Loss;
        bool onlyKd = config.Distillation.WeightedTerms() is [{ Name: Recipes.Kd } kd] && kd.Options is KdTermOptions options && options == new KdTermOptions();
        if (optimizer.Kind != OptimizerKind.AdamW || optimizer.GradientClip != 0 || optimizer.Accumulate != 1 || loss.ClassWeights != ClassWeighting.None
            || loss.LabelSmoothing != 0
            || config.Distillation.Decay != 1 || config.Data.Unlabelled.Length > 0 || config.Teacher.Mean.Count > 0 || config.Data.TeacherCache != CacheKind.Off
            || !onlyKd)
        {
            throw new HeteroAkdException(
                "whole: libtorch's side knows AdamW, the task loss without class weights or smoothing, and plain KD with its defaults; leave "
                    + "optimizer.kind, gradientClip, accumulate, loss.classWeights, loss.labelSmoothing, "
                + "distillation.decay, data.unlabelled, data.teacherCache, teacher.mean and the terms of the distillation as they are");
        }
    }

    private double Score(SegmentationModel student, EvaluationOptions options)
    {
        ISegmentationDataset images = _data.Test ?? _data.Validation;
        return new Evaluator(options).Run(student, new EvaluatedDataset(images, _jobs.Prepared(NetworkRole.Student, _data.Evaluation))).MeanIoU;
    }

    private sealed class Unheard : ITrainingObserver;
}
