namespace Engine.Cgroups;

/// <summary>The resctrl filesystem of this machine (Documentation/filesystems/resctrl.rst).</summary>
internal static class Resctrl
{
    /// <summary>Where it is mounted and can be reached; null where it is not.</summary>
    public static string? Mountpoint() =>
        CgroupMountTable.Parse(File.ReadAllText("/proc/self/mountinfo")).Visible("resctrl").FirstOrDefault(m => !m.ReadOnly)?.Mountpoint;

    /// <summary>Removes a group that a container left behind; its tasks, if there are any, fall back to the group above. A group that is gone is no failure.</summary>
    public static void Remove(string? group)
    {
        if (group is null)
            return;
        try
        {
            Directory.Delete(group);
        }
        catch (DirectoryNotFoundException)
        {
            // The supervisor did it.
        }
    }
}
