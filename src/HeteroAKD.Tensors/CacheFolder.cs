namespace HeteroAKD.Tensors;

/// <summary>Where this program keeps what it can make again.</summary>
internal static class CacheFolder
{
    /// <summary>
    /// <c>heteroakd</c> in <c>$XDG_CACHE_HOME</c> or <c>~/.cache</c>, on Windows in the local application data; null where the user has no home folder.
    /// </summary>
    public static string? OfUser()
    {
        string? root = OperatingSystem.IsWindows()
            ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        root = !string.IsNullOrEmpty(root) ? root : home.Length > 0 ? Path.Combine(home, ".cache") : null;
        return root is null ? null : Path.Combine(root, "heteroakd");
    }
}
