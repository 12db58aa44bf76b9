namespace Engine.Tests.Integration.Support;

/// <summary>Deletes a directory tree without ever crossing a mount: a leaked bind mount must not cost the machine its files.</summary>
public static class SafeTree
{
    /// <summary>Mount points of the test process at or below a path, innermost first.</summary>
    public static IReadOnlyList<string> MountsBelow(string path, string mountinfo = "/proc/self/mountinfo") =>
        File.ReadLines(mountinfo).Select(l => Unescape(l.Split(' ')[4]))
            .Where(m => m == path || m.StartsWith(path + "/", StringComparison.Ordinal)).Reverse().ToList();

    /// <summary>Unmounts what is below, then deletes. Throws when a mount stays.</summary>
    public static void Delete(string path)
    {
        if (!Directory.Exists(path))
        {
            return;
        }
        foreach (var mount in MountsBelow(path))
        {
            _ = Native.umount2(mount, Native.MNT_DETACH | Native.UMOUNT_NOFOLLOW);
        }
        if (MountsBelow(path) is { Count: > 0 } left)
        {
            throw new IOException($"{path} is not deleted: still mounted: {string.Join(", ", left)}");
        }
        Directory.Delete(path, recursive: true);
    }

    // mountinfo writes space, tab, newline and backslash as octal.
    private static string Unescape(string field) =>
        field.Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal)
            .Replace("\\012", "\n", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal);
}
