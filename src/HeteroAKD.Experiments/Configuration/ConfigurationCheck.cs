using HeteroAKD.Distillation;
using HeteroAKD.Distillation.Terms;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Evaluation;

namespace HeteroAKD.Experiments.Configuration;

/// <summary>Rules that hold between options, checked once every layer is in place.</summary>
internal static class ConfigurationCheck
{
    private static readonly string[] s_devices = ["auto", "cpu", "cuda", "opencl", "ilgpu-cpu"];

    /// <summary>Throws on the first rule that is broken.</summary>
    public static void Check(ExperimentConfig config, string source)
    {
        OneOf("device", config.Device, s_devices);
        OneOf("teacher.model", config.Teacher.Model, ModelZoo.Names);
        OneOf("student.model", config.Student.Model, ModelZoo.Names);
        OneOf("distillation.method", config.Distillation.Method, Recipes.Names);

        AugmentationConfig augmentation = config.Augmentation;
        Require(augmentation.ScaleMin <= augmentation.ScaleMax,
            $"augmentation.scaleMin ({augmentation.ScaleMin}) is above augmentation.scaleMax ({augmentation.ScaleMax})");
        Require(augmentation.Mean.Count == 3, $"augmentation.mean needs 3 values, red green blue, not {augmentation.Mean.Count}");
        Require(augmentation.Std.Count == 3, $"augmentation.std needs 3 values, red green blue, not {augmentation.Std.Count}");
        Require(
            (config.Teacher.Mean.Count, config.Teacher.Std.Count) is (0, 0) or (3, 3),
            $"teacher.mean and teacher.std need 3 values each, red green blue, or none, not {config.Teacher.Mean.Count} and {config.Teacher.Std.Count}");
        Require(config.Optimizer.Betas.Count == 2, $"optimizer.betas needs 2 values, not {config.Optimizer.Betas.Count}");
        Require(!config.Optimizer.Nesterov || config.Optimizer.Momentum > 0, "optimizer.nesterov needs optimizer.momentum above 0");
        Require(config.Schedule.MinLr <= config.Optimizer.Lr, $"schedule.minLr ({config.Schedule.MinLr}) is above optimizer.lr ({config.Optimizer.Lr})");

        Require(
            config.Teacher.Checkpoint.Length == 0 || config.Teacher.Pretrained.Length == 0,
            "teacher.checkpoint has every weight already; leave teacher.pretrained empty");
        Require(config.Teacher.Onnx.Length == 0 || config.Teacher.Logits.Length == 0, "teacher.onnx and teacher.logits are two teachers; leave one out");
        Require(
            !config.Teacher.IsGiven || (config.Teacher.Checkpoint.Length == 0 && config.Teacher.Pretrained.Length == 0),
            "teacher.onnx and teacher.logits are teachers by themselves; leave teacher.checkpoint and teacher.pretrained empty");
        Require(
            config.Teacher.Onnx.Length > 0 || (config.Teacher.OnnxFeatures.Count == 0 && config.Teacher.OnnxClassifierInput.Length == 0),
            "teacher.onnxFeatures and teacher.onnxClassifierInput name outputs of teacher.onnx, which is empty");
        Require(
            config.Teacher.OnnxFeatures.Count <= FeatureMaps.MaxCount,
            $"teacher.onnxFeatures names {config.Teacher.OnnxFeatures.Count} maps; up to {FeatureMaps.MaxCount} are taken");
        Require(
            config.Teacher.IsGiven || config.Teacher.ClassMap.Count == 0,
            "teacher.classMap belongs to teacher.onnx and teacher.logits; a network of this program has the classes of the data");
        Require(
            !config.Teacher.IsGiven || config.Data.TeacherCache == CacheKind.Off,
            "data.teacherCache keeps what a network of this program says; leave it off with teacher.onnx and teacher.logits");
        Require(
            config.Student.Checkpoint.Length == 0 || config.Student.Pretrained.Length == 0,
            "student.checkpoint has every weight already; leave student.pretrained empty");

        DataConfig data = config.Data;
        string kind = ConfigurationKeys.Word(typeof(DataKind), data.Kind.ToString());
        Require(data.Kind == DataKind.Scenes || data.Root.Length > 0, $"data.root must name the data set's folder when data.kind is {kind}");
        Require(data.Kind != DataKind.Scenes || data.Cache != CacheKind.Disk, "data.cache disk keeps decoded files, and scenes have none; write ram or off");
        Require(
            data.Kind is DataKind.List or DataKind.Folder || data.StoredLabels == StoredLabels.Classes,
            $"data.storedLabels belongs to data.kind list and folder; {kind} knows its own");
        Require(data.Kind != DataKind.List || data.Train.Length > 0, "data.train must name a list file when data.kind is list");

        Require(
            data.Kind == DataKind.Scenes || data.Unlabelled != DataConfig.UnlabelledScenes,
            $"data.unlabelled scenes belongs to data.kind scenes; for {kind} name a folder or a list of images");
        Require(data.UnlabelledThreshold == 0 || data.Unlabelled.Length > 0, "data.unlabelledThreshold is given, but data.unlabelled names no images");

        EvaluationOptions evaluation = config.Evaluation;
        Require(evaluation.Scales.Count > 0, "evaluation.scales needs at least one scale, for example [1]");
        Require(
            evaluation.Stride.Width <= evaluation.Crop.Width && evaluation.Stride.Height <= evaluation.Crop.Height,
            $"evaluation.stride ({evaluation.Stride.Width} x {evaluation.Stride.Height}) is larger than evaluation.crop ({evaluation.Crop.Width} x "
                + $"{evaluation.Crop.Height}): pixels between windows would be seen by none");

        LossConfig loss = config.Loss;
        HeteroAkdTermOptions heteroAkd = config.Distillation.Terms.Of<HeteroAkdTermOptions>();
        bool weighted = heteroAkd.ClassWeights || config.Distillation.Terms.Of<KdTermOptions>().ClassWeights;
        Require(
            !weighted || loss.ClassWeights != ClassWeighting.None,
            "classWeights of a distillation term takes the weights of the task loss; set loss.classWeights");
        Require(
            heteroAkd.Source != KnowledgeSource.Logits
                || heteroAkd is { ProjectorWarmup: 0, ProjectorInit: ProjectorInitialization.Random, Features: ProjectedFeatures.Encoder },
            "distillation.terms.heteroakd.source logits has no projectors; leave out projectorWarmup and projectorInit, and set features to encoder, where "
                + "preset tuned sets all");
        bool listed = loss.ClassWeights == ClassWeighting.List;
        Require(!listed || loss.ClassWeightList.Count > 0, "loss.classWeightList must give one weight a class when loss.classWeights is list");
        Require(listed || loss.ClassWeightList.Count == 0, "loss.classWeightList is given, but loss.classWeights is not list");

        void Require(bool holds, string problem)
        {
            if (!holds)
            {
                throw new ConfigurationException(source, 0, problem);
            }
        }

        void OneOf(string key, string value, IEnumerable<string> names)
        {
            if (!names.Contains(value))
            {
                string hint = NearestName.Of(value, names) is { } near ? $"; did you mean {near}?" : "";
                throw new ConfigurationException(source, 0, $"{key} must be one of {string.Join(", ", names)}, not '{value}'{hint}");
            }
        }
    }
}
