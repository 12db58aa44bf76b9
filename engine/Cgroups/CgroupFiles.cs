namespace Engine.Cgroups;

/// <summary>Reading of control files, which are small and come and go with their cgroup.</summary>
internal static class CgroupFiles
{
    /// <summary>Text of a file; null when the file or its cgroup does not exist, or the kernel has nothing to say (EOPNOTSUPP).</summary>
    public static string? ReadOrNull(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Words of a text that are apart by white space; none for null.</summary>
    public static string[] Words(string? text) => text is null ? [] : text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Directory of a cgroup below a mountpoint; "/" is the mountpoint itself.</summary>
    public static string Join(string mountpoint, string path) => path == "/" ? mountpoint : mountpoint + path;
}
