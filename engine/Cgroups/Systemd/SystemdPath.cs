using Engine.Diagnostics;

namespace Engine.Cgroups.Systemd;

/// <summary>
/// linux.cgroupsPath as systemd's driver reads it: <c>slice:prefix:name</c>, a form that runc introduced and every caller
/// uses. The unit is <c>prefix-name.scope</c>, or the name itself where it ends in .slice; its cgroup is below the slice's,
/// which is below those of the slices that its name lists (systemd.slice(5)).
/// </summary>
/// <param name="Slice">Unit name of the slice.</param>
/// <param name="Unit">Unit name of the container's scope or slice.</param>
/// <param name="Path">Its cgroup below the mountpoints; starts with "/".</param>
public sealed record SystemdPath(string Slice, string Unit, string Path)
{
    private const string JsonPath = "linux.cgroupsPath";
    private const string DefaultSlice = "system.slice";
    private const string UserDefaultSlice = "user.slice";
    private const string DefaultPrefix = "engine";
    private const string SliceSuffix = ".slice";

    // UNIT_NAME_MAX of systemd, with its NUL.
    private const int MostBytes = 255;

    /// <summary>True where the unit is a slice: it holds no process of its own.</summary>
    public bool IsSlice => Unit.EndsWith(SliceSuffix, StringComparison.Ordinal);

    /// <summary>Reads the config's value.</summary>
    /// <param name="cgroupsPath">Null or empty for engine-ID.scope in system.slice, or in user.slice of a user's manager.</param>
    /// <param name="id">Container id.</param>
    /// <param name="manager">Cgroup of the manager that makes the unit; null for the machine's, which is the root.</param>
    /// <exception cref="CgroupException">Another form, or a name that systemd would not take.</exception>
    public static SystemdPath Parse(string? cgroupsPath, string id, string? manager = null)
    {
        string defaultSlice = manager is null ? DefaultSlice : UserDefaultSlice;
        string given = string.IsNullOrEmpty(cgroupsPath) ? $"{defaultSlice}:{DefaultPrefix}:{id}" : cgroupsPath;
        string[] parts = given.Split(':');
        if (parts.Length != 3)
        {
            throw new CgroupException(
                $"{JsonPath}: expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, got {Quote.Text(given)} instead",
                "or leave the systemd cgroup driver away");
        }

        string slice = parts[0].Length == 0 ? defaultSlice : parts[0];
        string name = parts[2];
        string unit = name.EndsWith(SliceSuffix, StringComparison.Ordinal) ? name : $"{parts[1]}-{name}.scope";
        if (name.Length == 0 || !IsUnitName(unit))
        {
            throw new CgroupException($"{JsonPath}: {Quote.Text(unit)} is no unit name", "letters, digits and :-_.\\@ are allowed, 255 bytes at most");
        }

        // A slice is where its own name says, whatever the first part is.
        string path = unit.EndsWith(SliceSuffix, StringComparison.Ordinal) ? Expand(unit) : (slice == "-.slice" ? "" : Expand(slice)) + "/" + unit;
        return new SystemdPath(slice, unit, manager?.TrimEnd('/') + path);
    }

    /// <summary>a-b.slice → /a.slice/a-b.slice</summary>
    private static string Expand(string slice)
    {
        string stem = slice.EndsWith(SliceSuffix, StringComparison.Ordinal) ? slice[..^SliceSuffix.Length] : "";
        string[] parts = stem.Split('-');
        if (!IsUnitName(slice) || parts.Any(part => part.Length == 0))
        {
            throw new CgroupException($"{JsonPath}: {Quote.Text(slice)} is no slice", "a name such as machine.slice or a-b.slice");
        }

        string path = "";
        for (int i = 1; i <= parts.Length; i++)
        {
            path += "/" + string.Join('-', parts[..i]) + SliceSuffix;
        }

        return path;
    }

    private static bool IsUnitName(string name) => name.Length <= MostBytes && name.All(c => char.IsAsciiLetterOrDigit(c) || ":-_.\\@".Contains(c));
}
