using System.Diagnostics;

namespace HeteroAKD.Bench.Peers;

/// <summary>Times both sides by turns, so that what slows the machine for a while slows both.</summary>
internal sealed class Duel(double seconds)
{
    private const int LeastRounds = 5;
    private const int MostRounds = 101;
    private const int MostIterations = 20_000;
    private const double SampleSeconds = 0.005;

    // The runtime compiles a method anew after 30 calls and a pause of 100 ms, in the background.
    private const int WarmUpIterations = 60;
    private const double LeastWarmUpSeconds = 0.4;
    private const double MostWarmUpSeconds = 2;

    // libtorch's OpenMP threads go on spinning for some milliseconds after a parallel loop; they would sit on a core that the next side needs.
    private static readonly TimeSpan s_settle = TimeSpan.FromMilliseconds(20);

    // After the pause caches and clocks are cold. An iteration that lasts this long has warmed itself up.
    private const double NeedsNoWarmUp = 0.05;

    /// <summary>Times our side, and theirs where there is one.</summary>
    public (Timing Ours, Timing? Theirs) Run(IContender ours, IContender? theirs)
    {
        Side first = new(ours);
        Side? second = theirs is null ? null : new Side(theirs);
        long start = Stopwatch.GetTimestamp();
        for (int round = 0; round < MostRounds && (round < LeastRounds || Stopwatch.GetElapsedTime(start).TotalSeconds < seconds); round++)
        {
            bool swapped = round % 2 == 1;
            (swapped ? second : first)?.Sample();
            (swapped ? first : second)?.Sample();
        }

        return (Timing.Of(first.Samples), second is null ? null : Timing.Of(second.Samples));
    }

    private sealed class Side
    {
        private readonly IContender _contender;
        private readonly double _estimate; // seconds of an iteration
        private readonly int _iterations;

        public Side(IContender contender)
        {
            _contender = contender;
            _estimate = WarmUp();
            _iterations = (int)Math.Clamp(Math.Ceiling(SampleSeconds / _estimate), 1, MostIterations);
        }

        /// <summary>Mean iterations, in seconds.</summary>
        public List<(double Forward, double Full)> Samples { get; } = [];

        public void Sample()
        {
            Thread.Sleep(s_settle);
            if (_estimate < NeedsNoWarmUp)
            {
                _contender.Run();
            }

            long forward = 0;
            long full = 0;
            for (int i = 0; i < _iterations; i++)
            {
                Lap lap = _contender.Run();
                forward += lap.Forward;
                full += lap.Full;
            }

            double scale = 1.0 / ((double)_iterations * Stopwatch.Frequency);
            Samples.Add((forward * scale, full * scale));
        }

        private double WarmUp()
        {
            long start = Stopwatch.GetTimestamp();
            double best = double.PositiveInfinity;
            double elapsed = 0;
            for (int i = 0; elapsed < LeastWarmUpSeconds || (i < WarmUpIterations && elapsed < MostWarmUpSeconds); i++)
            {
                best = Math.Min(best, (double)_contender.Run().Full / Stopwatch.Frequency);
                elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
            }

            return best;
        }
    }
}
