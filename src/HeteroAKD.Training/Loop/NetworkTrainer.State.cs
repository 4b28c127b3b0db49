using HeteroAKD.Distillation;
using HeteroAKD.Nn;
using HeteroAKD.Training.Optimization;

namespace HeteroAKD.Training.Loop;

/// <content>What changes from step to step.</content>
public sealed partial class NetworkTrainer
{
    /// <summary>What a checkpoint holds of a training in progress.</summary>
    private sealed class State
    {
        public State(TrainingJob job, Optimizer optimizer, IBatchSource batches, LearningRateSchedule schedule)
        {
            Job = job;
            Optimizer = optimizer;
            Batches = batches;
            Schedule = schedule;
            Read = ReadResult;
        }

        public TrainingJob Job { get; }

        public Optimizer Optimizer { get; }

        public IBatchSource Batches { get; }

        public WeightAverage? Average { get; init; }

        public LearningRateSchedule Schedule { get; }

        public List<(string Column, double Value)> Terms { get; } = [];

        public int Step { get; set; }

        /// <summary>The batch that the next step begins with.</summary>
        public long DataPosition { get; set; }

        /// <summary>Whether weights and statistics are those after <see cref="Step"/> steps: not in the middle of one.</summary>
        public bool IsWhole { get; set; } = true;

        /// <summary>Whether what follows the step, its evaluation first of all, is still to be done.</summary>
        public bool Unfinished { get; set; }

        /// <summary>Steps that the last checkpoint holds.</summary>
        public int Saved { get; set; }

        public double BestMetric { get; set; } = double.NaN;

        public double Seconds { get; set; }

        public double Loss { get; set; }

        // Reading the loss back is free on the host, but a stall on an accelerator: there the guard looks when the loss is logged.
        public bool ReadsLoss { get; set; }

        public bool ReadsTerms { get; set; }

        // One delegate for all steps: a step should make no garbage.
        public Action<ObjectiveResult> Read { get; }

        private void ReadResult(ObjectiveResult result)
        {
            if (ReadsLoss)
            {
                Loss = result.Total.Item();
            }

            if (ReadsTerms)
            {
                Terms.Clear();
                foreach (LossTerm term in result.Terms)
                {
                    Terms.Add((term.Name, term.Read()));
                }
            }
        }
    }
}
