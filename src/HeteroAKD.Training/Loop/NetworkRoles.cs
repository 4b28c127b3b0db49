namespace HeteroAKD.Training.Loop;

/// <summary>The words that checkpoints, metrics, summaries and pictures use for the networks of a distillation.</summary>
public static class NetworkRoles
{
    /// <summary>The network distilled from.</summary>
    public const string Teacher = "teacher";

    /// <summary>The student, trained alone.</summary>
    public const string Student = "student";

    /// <summary>The student with plain KD alone, the control of a distillation.</summary>
    public const string Kd = "kd";

    /// <summary>The student, distilled.</summary>
    public const string Distilled = "distilled";

    /// <summary>All, in the order in which a run trains them.</summary>
    public static IReadOnlyList<string> All { get; } = [Teacher, Student, Kd, Distilled];
}
