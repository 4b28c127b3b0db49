using System.Globalization;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Cli.Progress;

/// <summary>The figures of a step, with units, as every progress display words them.</summary>
internal static class ProgressText
{
    /// <summary>Loss, learning rate, step time and the data's part of it, two spaces before each; a figure that does not exist is left out.</summary>
    public static string Figures(in StepProgress progress)
    {
        string text = double.IsNaN(progress.Loss) ? "" : "  loss " + progress.Loss.ToString("F4", CultureInfo.InvariantCulture);
        if (!double.IsNaN(progress.LearningRate))
        {
            text += "  lr " + progress.LearningRate.ToString("0.00e0", CultureInfo.InvariantCulture);
        }

        if (!double.IsNaN(progress.StepMilliseconds))
        {
            text += "  " + progress.StepMilliseconds.ToString("F0", CultureInfo.InvariantCulture) + " ms/step";
        }

        return double.IsNaN(progress.DataMilliseconds) ? text
            : text + "  data " + progress.DataMilliseconds.ToString("F0", CultureInfo.InvariantCulture) + " ms";
    }

    /// <summary>Time that the rest takes if it goes on as since the start; zero where nothing is done yet.</summary>
    /// <param name="elapsed">Time since the start.</param>
    /// <param name="done">Steps since the start.</param>
    /// <param name="left">Steps to come.</param>
    public static TimeSpan Remaining(TimeSpan elapsed, double done, double left) => done <= 0 ? TimeSpan.Zero : elapsed * (left / done);

    /// <summary>m:ss, with hours where there are any.</summary>
    public static string Duration(TimeSpan time) => time.ToString(time.TotalHours >= 1 ? @"h\:mm\:ss" : @"m\:ss", CultureInfo.InvariantCulture);
}
