namespace Engine.Cgroups;

/// <summary>The resctrl filesystem of this machine (Documentation/filesystems/resctrl.rst).</summary>
internal static class Resctrl
{
    /// <summary>Where it is mounted and can be reached; null where it is not.</summary>
    public static string? Mountpoint() =>
        CgroupMountTable.Parse(File.ReadAllText("/proc/self/mountinfo")).Visible("resctrl").FirstOrDefault(m => !m.ReadOnly)?.Mountpoint;

    /// <summary>Sets schemata of a control group, "L3:0=f;1=f" or "MB:0=20", one write each. Ends at the first that the kernel refuses.</summary>
    /// <exception cref="CgroupException">Says which, and what the kernel said (info/last_cmd_status).</exception>
    public static void SetSchemata(string group, IEnumerable<string> schemata)
    {
        foreach (string schema in schemata)
        {
            try
            {
                using var file = new FileStream(Path.Combine(group, "schemata"), FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
                file.Write(System.Text.Encoding.ASCII.GetBytes(schema + "\n"));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new CgroupException($"write {Diagnostics.Quote.Text(schema)} to {group}/schemata: {error.Message}", "info/last_cmd_status of resctrl has the kernel's reason", error);
            }
        }
    }

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
