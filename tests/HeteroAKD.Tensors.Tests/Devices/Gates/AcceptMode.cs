namespace HeteroAKD.Tensors.Tests.Devices.Gates;

/// <summary>Whether tests write down what they find instead of holding it against what was written down.</summary>
internal static class AcceptMode
{
    /// <summary>How to turn it on, for messages.</summary>
    public const string Hint = "If the change is meant, run the tests once with HETEROAKD_ACCEPT_SNAPSHOTS=1, look at the difference that git shows, and "
        + "say in the file why it changed";

    /// <summary>Whether it is on.</summary>
    public static bool IsOn => Environment.GetEnvironmentVariable("HETEROAKD_ACCEPT_SNAPSHOTS") == "1";
}
