using HeteroAKD.Experiments.Commands;
using HeteroAKD.Experiments.Configuration;
using HeteroAKD.Experiments.Runs;
using HeteroAKD.Experiments.Tests.Support;
using HeteroAKD.Training.Loop;

namespace HeteroAKD.Experiments.Tests;

/// <summary><c>report.html</c> of runs.</summary>
public sealed class RunPageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Distillation_shows_scores_scenes_knowledge_confusions_settings_and_command()
    {
        ExperimentConfig config = TinyExperiment.Config(Path.Combine(_folder.Path, "run"));
        new TrainingService().Run(new DistillRequest(config, "tiny", RunMode.New), new SilentSink(), CancellationToken.None);
        string html = Page(config);
        Assert.Contains(
            "<h1>tiny-mit-student → tiny-cnn-student, seed 5</h1>", html.Replace("&#8594;", "→", StringComparison.Ordinal), StringComparison.Ordinal);
        foreach (string heading in new[]
                 {
                     "Scores", "Classes", "Curves", "Predictions", "Reliability", "What is mixed and weighed", "Confusions, teacher", "Confusions, distilled",
                     "Cost", "Settings", "To repeat it",
                 })
        {
            Assert.Contains($"<h2>{heading}</h2>", html, StringComparison.Ordinal);
        }

        // Three scenes of four layers: image, truth, teacher, distilled.
        Assert.Equal(3, Count(html, "<figure class=\"wipe\">"));
        Assert.Equal(3 * 4, Count(html, "<img alt="));
        Assert.Contains(
            "<td class=\"word\">teacher.model</td><td class=\"word\">tiny-mit-student</td><td class=\"word\">tiny-mit-teacher</td>",
            html,
            StringComparison.Ordinal);
        Assert.Contains($"<pre>heteroakd distill {config.Out}/config.yaml --out NEW_FOLDER</pre>", html, StringComparison.Ordinal);
    }

    [Fact]
    public void A_training_alone_has_a_page_too()
    {
        ExperimentConfig config = TinyExperiment.Config(Path.Combine(_folder.Path, "run"));
        new TrainingService().Run(new TrainRequest(config, "tiny", RunMode.New, NetworkRole.Student), new SilentSink(), CancellationToken.None);
        string html = Page(config);
        Assert.Contains("<h1>student tiny-cnn-student, seed 5</h1>", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<h2>Reliability</h2>", html, StringComparison.Ordinal);
        Assert.Contains($"--network {NetworkRoles.Student} --out NEW_FOLDER</pre>", html, StringComparison.Ordinal);
    }

    private static string Page(ExperimentConfig config) => File.ReadAllText(Path.Combine(config.Out, RunPage.Name));

    private static int Count(string text, string part) => text.Split(part).Length - 1;
}
