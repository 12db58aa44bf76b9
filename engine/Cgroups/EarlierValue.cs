namespace Engine.Cgroups;

/// <summary>
/// What must be written to a control file so that it says again what it said before a write. Most files are written as they
/// are read; the others are in the table.
/// </summary>
internal static class EarlierValue
{
    /// <summary>
    /// Files with one line for each device, of which a write changes one: how a device that had no line is written away. The
    /// end of the name, for io.bfq.weight is as io.weight.
    /// </summary>
    private static readonly (string End, string Absent)[] Keyed =
    [
        ("_bps_device", "0"),
        ("_iops_device", "0"),
        ("weight_device", "default"),
        ("io.weight", "default"),
        ("bfq.weight", "default"),
        ("io.max", "rbps=max wbps=max riops=max wiops=max"),
        ("io.latency", "target=0"),
        ("rdma.max", "hca_handle=max hca_object=max"),
    ];

    /// <summary>The value that undoes a write; null when that cannot be known.</summary>
    /// <param name="file">One component.</param>
    /// <param name="written">The value that is about to be written.</param>
    /// <param name="before">Text of the file; null when it cannot be read (memory.reclaim, devices.allow).</param>
    public static string? Of(string file, string written, string? before)
    {
        if (before is null)
            return null;
        var text = before.Trim();
        if (file == "memory.oom_control")
            return CgroupFiles.Words(text) is ["oom_kill_disable", var disabled, ..] ? disabled : null;
        var absent = Keyed.FirstOrDefault(row => file.EndsWith(row.End, StringComparison.Ordinal)).Absent;
        // A weight without a device is the default's, and so is the only number of a v1 file.
        var key = written.Contains(' ') ? written[..written.IndexOf(' ')] : absent is null ? null : "default";
        if (absent is null && !text.Contains('\n'))
            return text.Length > 0 ? text : "\n";
        if (key is null)
            return null;
        if (text.Split('\n').FirstOrDefault(l => l.StartsWith(key + " ", StringComparison.Ordinal)) is { } line)
            return line;
        if (key == "default")
            return text.Contains(' ') || text.Contains('\n') ? null : text;
        return absent is null ? null : $"{key} {absent}";
    }
}
