using System.Diagnostics;

namespace HeteroAKD.Reliability;

/// <summary>Kills an experiment at random times, one to three in a row, lets it end, and holds what is left against the unbroken one.</summary>
internal sealed class KillCheck(string root, int threads)
{
    private const int MostKills = 3;

    /// <summary>Runs the check; returns the number of failures.</summary>
    /// <param name="count">How many experiments are killed.</param>
    /// <param name="seed">Seed of the times.</param>
    public int Run(int count, int seed)
    {
        SmallExperiment unbroken = new(Path.Combine(root, "unbroken"), threads);
        Stopwatch clock = Stopwatch.StartNew();
        unbroken.Start().Well();
        double seconds = clock.Elapsed.TotalSeconds;
        Random random = new(seed);
        int failures = 0;
        for (int i = 0; i < count; i++)
        {
            // Another number of threads must not matter.
            SmallExperiment experiment = new(Path.Combine(root, $"killed-{i}"), 1 + random.Next(threads));
            int kills = 1 + random.Next(MostKills);
            for (int k = 0; k < kills; k++)
            {
                experiment.KillAfter(TimeSpan.FromSeconds(seconds * random.NextDouble()));
            }

            string problem = experiment.GoOnTo(unbroken);
            if (problem.Length > 0)
            {
                failures++;
                Console.WriteLine($"experiment {i}, {kills} kills: {problem}");
            }
            else
            {
                Directory.Delete(Path.GetDirectoryName(experiment.Folder)!, recursive: true);
            }
        }

        Console.WriteLine($"kills: {count - failures} of {count} ended with the bits of the unbroken experiment");
        return failures;
    }
}
