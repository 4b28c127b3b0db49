using HeteroAKD.Nn;

namespace HeteroAKD.Distillation.Terms;

/// <summary>One projector for each network: what training has beside the student.</summary>
public sealed class ProjectorPair : Module
{
    /// <summary>Builds them.</summary>
    public ProjectorPair(in Site site, int teacherChannels, int studentChannels, int classes, bool relu)
        : base(site)
    {
        Teacher = Add(new Projector(site.At("teacher"), teacherChannels, classes, relu));
        Student = Add(new Projector(site.At("student"), studentChannels, classes, relu));
    }

    /// <summary>From the teacher's features.</summary>
    public Projector Teacher { get; }

    /// <summary>From the student's features.</summary>
    public Projector Student { get; }
}
