namespace Engine.Cgroups;

/// <summary>One line of /proc/PID/mountinfo (Documentation/filesystems/proc.rst, section 3.5), unescaped.</summary>
internal sealed record MountLine(int Id, int Parent, string Root, string Mountpoint, bool ReadOnly, string FsType, string[] SuperOptions);

/// <summary>Reads mountinfo text and tells which mounts a path lookup still reaches.</summary>
internal sealed class CgroupMountTable
{
    private readonly List<MountLine> _mounts = [];

    private CgroupMountTable()
    {
    }

    /// <summary>Parses the text; a line that is not understood is left out, since the file also lists what other programs mount.</summary>
    public static CgroupMountTable Parse(string mountinfo)
    {
        var table = new CgroupMountTable();
        foreach (var line in mountinfo.Split('\n'))
        {
            if (ParseLine(line) is { } mount)
                table._mounts.Add(mount);
        }
        return table;
    }

    /// <summary>Mounts of one of these types that no later mount hides, in file order.</summary>
    public IEnumerable<MountLine> Visible(params string[] fsTypes) =>
        _mounts.Where(m => fsTypes.Contains(m.FsType) && ReachedAt(m.Mountpoint) == m.Id);

    /// <summary>Id of the mount on which a lookup of the path ends. Walks as the kernel does: at each component it enters what is mounted there.</summary>
    private int ReachedAt(string path)
    {
        var ids = _mounts.Select(m => m.Id).ToHashSet();
        var root = _mounts.Find(m => m.Mountpoint == "/" && (m.Parent == m.Id || !ids.Contains(m.Parent)));
        if (root is null)
            return -1;
        var current = Enter(root.Id, "/");
        var at = "";
        foreach (var component in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            at += "/" + component;
            current = Enter(current, at);
        }
        return current;
    }

    /// <summary>Follows stacked mounts at one mountpoint to the topmost; no further than there are mounts, for a torn table may go in circles.</summary>
    private int Enter(int mount, string at)
    {
        for (var i = 0; i < _mounts.Count && _mounts.FindLast(m => m.Parent == mount && m.Id != mount && m.Mountpoint == at) is { } child; i++)
            mount = child.Id;
        return mount;
    }

    private static MountLine? ParseLine(string line)
    {
        var halves = line.Split(" - ", 2);
        if (halves.Length != 2)
            return null;
        var left = halves[0].Split(' ');
        var right = halves[1].Split(' ');
        if (left.Length < 6 || right.Length < 3 || !int.TryParse(left[0], out var id) || !int.TryParse(left[1], out var parent))
            return null;
        var superOptions = right[2].Split(',');
        var readOnly = left[5].Split(',').Contains("ro") || superOptions.Contains("ro");
        var mountpoint = Unescape(left[4]);
        return mountpoint.StartsWith('/') ? new MountLine(id, parent, Unescape(left[3]), mountpoint, readOnly, right[0], superOptions) : null;
    }

    /// <summary>The kernel writes space, tab, newline and backslash as three octal digits.</summary>
    private static string Unescape(string text)
    {
        if (!text.Contains('\\'))
            return text;
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        var to = 0;
        for (var from = 0; from < bytes.Length; to++)
        {
            if (bytes[from] == '\\' && from + 3 < bytes.Length && IsOctal(bytes[from + 1]) && IsOctal(bytes[from + 2]) && IsOctal(bytes[from + 3]))
            {
                bytes[to] = (byte)(((bytes[from + 1] - '0') << 6) | ((bytes[from + 2] - '0') << 3) | (bytes[from + 3] - '0'));
                from += 4;
            }
            else
            {
                bytes[to] = bytes[from++];
            }
        }
        return System.Text.Encoding.UTF8.GetString(bytes, 0, to);
    }

    private static bool IsOctal(byte b) => b is >= (byte)'0' and <= (byte)'7';
}
