namespace HeteroAKD.Experiments.Configuration;

/// <summary>A word that meant this member of an enumeration in files of earlier versions, and is still read.</summary>
[AttributeUsage(AttributeTargets.Field)]
internal sealed class FormerWordAttribute(string word) : Attribute
{
    /// <summary>The word.</summary>
    public string Word { get; } = word;
}
