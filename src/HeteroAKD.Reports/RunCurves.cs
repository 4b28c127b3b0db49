using System.Globalization;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Reports;

/// <summary>Turns <c>metrics.csv</c> into the panels of <c>curves.png</c>.</summary>
internal static class RunCurves
{
    // Points that a loss curve is averaged over: single batches hide the trend.
    private const int Smoothing = 5;

    private static string Mean => $"mean of {Smoothing} logged steps";

    /// <summary>Panels: cross-entropy and validation mIoU of every network, and the terms of the distillation.</summary>
    /// <param name="path">The file.</param>
    /// <param name="terms">Columns of the distillation's losses, <see cref="Distillation.IObjective.CurveNames"/>.</param>
    public static IReadOnlyList<CurvePanel> Read(string path, IReadOnlyList<string> terms)
    {
        if (!File.Exists(path))
        {
            return [new CurvePanel("validation mIoU", "%", [])];
        }

        string[][] rows = [.. File.ReadLines(path).Select(l => l.Split(','))];
        string[] header = rows[0];
        List<Curve> Of(string column, string role, string name, double scale, int smoothing)
        {
            int at = Array.IndexOf(header, column);
            if (at < 0)
            {
                return [];
            }

            List<(double, double)> points = [];
            foreach (string[] row in rows.Skip(1).Where(r => r[0] == role && r[at].Length > 0))
            {
                points.Add((double.Parse(row[1], CultureInfo.InvariantCulture), scale * double.Parse(row[at], CultureInfo.InvariantCulture)));
            }

            return points.Count == 0 ? [] : [new Curve(name, Smooth(points, smoothing)) { Raw = smoothing > 1 ? points : [], Note = Last(points[^1].Item2) }];
        }

        string[] roles = [NetworkRoles.Teacher, NetworkRoles.Student, NetworkRoles.Kd, NetworkRoles.Distilled];
        List<CurvePanel> panels =
        [
            new("validation mIoU", "%", [.. roles.SelectMany(r => Of("val_miou", r, r, 100, 1))]),
            new($"cross-entropy (training), {Mean}", "nats", [.. roles.SelectMany(r => Of("ce", r, r, 1, Smoothing))]),
        ];
        Curve[] losses = [.. terms.SelectMany(t => Of(t, NetworkRoles.Distilled, t, 1, Smoothing))];
        if (losses.Length > 0)
        {
            panels.Add(new CurvePanel($"terms of the distillation, {Mean}", "nats", losses));
        }

        return panels;
    }

    private static string Last(double value) => string.Create(CultureInfo.InvariantCulture, $", last {value:G4}");

    private static List<(double, double)> Smooth(List<(double Step, double Value)> points, int width)
    {
        List<(double, double)> smooth = [];
        for (int i = 0; i < points.Count; i++)
        {
            int from = Math.Max(0, i - width + 1);
            smooth.Add((points[i].Step, points.GetRange(from, i - from + 1).Average(p => p.Value)));
        }

        return smooth;
    }
}
