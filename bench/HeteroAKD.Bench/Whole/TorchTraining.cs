using HeteroAKD.Bench.Libtorch;
using HeteroAKD.Bench.Libtorch.Models;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Training.Loop;
using HeteroAKD.Training.Optimization;
using TorchSharp;
using TorchSharp.Modules;

namespace HeteroAKD.Bench.Whole;

/// <summary>A training of ours, told to libtorch: L_task and plain KD (Eq. 1, temperature 1), AdamW with its groups, the learning rate of every step.</summary>
internal sealed class TorchTraining : IDisposable
{
    private readonly TrainingJob _job;
    private readonly double _lambda1;
    private readonly double _auxWeight;
    private readonly int _ignoreIndex;
    private readonly string _teacherName;
    private readonly Parameters _teacher;
    private readonly Parameters _student;
    private readonly List<torch.optim.Optimizer> _optimizers = []; // one a group

    /// <summary>Copies both networks.</summary>
    public TorchTraining(SegmentationModel teacher, TrainingJob job, double lambda1, double auxWeight, int ignoreIndex)
    {
        _job = job;
        _lambda1 = lambda1;
        _auxWeight = auxWeight;
        _ignoreIndex = ignoreIndex;
        _teacherName = teacher.Name;
        _teacher = new Parameters(teacher, torch.ScalarType.Float32);
        _student = new Parameters(job.Model, torch.ScalarType.Float32);
        Dictionary<string, Parameter> trained = _student.Trained.ToDictionary(p => p.Name, p => p.Tensor);
        foreach (ParameterGroup group in job.ParameterGroups())
        {
            _optimizers.Add(torch.optim.AdamW(
                group.Parameters.Select(p => trained[p.Name!]), job.Optimizer.Lr, job.Optimizer.Betas[0], job.Optimizer.Betas[1], job.Optimizer.Eps,
                group.WeightDecay));
        }
    }

    /// <summary>Takes all steps.</summary>
    public void Run(IBatchSource batches)
    {
        LearningRateSchedule schedule = new(_job.Schedule, _job.Optimizer.Lr, _job.Training.Steps);
        for (int step = 0; step < _job.Training.Steps; step++)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            Batch batch = batches.Next();
            Shape grid = new(batch.Count, batch.Height, batch.Width);
            torch.Tensor images = TorchData.Values(
                batch.Images[..(3 * grid.Count)], new Shape(batch.Count, 3, batch.Height, batch.Width), torch.ScalarType.Float32);
            torch.Tensor labels = TorchData.Labels(batch.Labels[..grid.Count], grid);
            Step(images, labels, schedule.At(step));
            images.Dispose();
            labels.Dispose();
        }
    }

    /// <summary>Copies what was trained, and the running statistics, into a network of ours.</summary>
    public void CopyTo(SegmentationModel student)
    {
        foreach (StateEntry entry in student.State())
        {
            entry.Tensor.CopyFrom(Array.ConvertAll(TorchData.ToDoubles(_student[entry.Name]), value => (float)value));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizers.ForEach(o => o.Dispose());
        _teacher.Dispose();
        _student.Dispose();
    }

    private void Step(torch.Tensor images, torch.Tensor labels, double rate)
    {
        foreach (torch.optim.Optimizer optimizer in _optimizers)
        {
            optimizer.zero_grad();
            foreach (torch.optim.ILearningRateController? group in optimizer.ParamGroups)
            {
                group.LearningRate = rate;
            }
        }

        torch.Tensor teacher;
        using (torch.no_grad())
        {
            teacher = TorchNetworks.Of(_teacherName)(new Layers(_teacher, training: false), images).Logits;
        }

        TorchOutput student = TorchNetworks.Of(_job.Model.Name)(new Layers(_student, training: true), images);
        torch.Tensor kd = DistillationLosses.PixelKl(student.Logits, Layers.ResizeTo(teacher, student.Logits));
        torch.Tensor loss = DistillationLosses.Task(student, labels, _ignoreIndex, _auxWeight) + (_lambda1 * kd);
        loss.backward();
        _optimizers.ForEach(o => o.step());
    }
}
