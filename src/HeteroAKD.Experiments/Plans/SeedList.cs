using System.Globalization;

namespace HeteroAKD.Experiments.Plans;

/// <summary>Seeds as a plan writes them: <c>4</c>, <c>1-3</c>, or several of these with commas.</summary>
internal static class SeedList
{
    private const int Most = 10_000;

    /// <summary>The seeds of a text in order, or null and what is wrong with it.</summary>
    public static (IReadOnlyList<int>? Seeds, string Problem) Parse(string text)
    {
        List<int> seeds = [];
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            string[] ends = part.Split('-', StringSplitOptions.TrimEntries);
            int last = 0;
            bool numbers = Number(ends[0], out int first) && (ends.Length == 1 || (ends.Length == 2 && Number(ends[1], out last)));
            if (!numbers)
            {
                return (null, $"seeds are numbers and ranges like 1-3, not '{part}'");
            }

            last = ends.Length == 1 ? first : last;
            if (last < first || last - first >= Most)
            {
                return (null, $"'{part}' must go upwards and hold at most {Most} seeds");
            }

            seeds.AddRange(Enumerable.Range(first, last - first + 1));
        }

        int twice = seeds.GroupBy(s => s).FirstOrDefault(g => g.Count() > 1)?.Key ?? -1;
        return twice < 0 ? (seeds, "") : (null, $"seed {twice} is named twice");
    }

    private static bool Number(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
