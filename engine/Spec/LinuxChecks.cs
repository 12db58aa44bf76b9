using Engine.Diagnostics;
using static Engine.Shared.Linux.stat_h;

namespace Engine.Spec;

/// <summary>linux.devices, maskedPaths, readonlyPaths, cgroupsPath.</summary>
internal static class LinuxChecks
{
    /// <summary>The kernel's dev_t: 12 bits of major number, 20 of minor.</summary>
    public const long LastMajor = (1 << 12) - 1;
    public const long LastMinor = (1 << 20) - 1;

    public static void Devices(RuntimeSpec spec, Findings findings)
    {
        var devices = spec.Linux?.Devices ?? [];
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < devices.Length; i++)
        {
            var device = devices[i];
            var at = $"linux.devices[{i}]";
            CheckText.AbsolutePath(device.Path, at + ".path", findings);
            if (device.Type != "p")
            {
                Number(device.Major, LastMajor, at + ".major", findings);
                Number(device.Minor, LastMinor, at + ".minor", findings);
            }
            Mode(device, at + ".fileMode", findings);
            ProcessChecks.Id(device.Uid, at + ".uid", findings);
            ProcessChecks.Id(device.Gid, at + ".gid", findings);
            // Twice the same node is one node; two nodes at one path are none.
            var path = CheckText.Normalize(device.Path);
            if (!seen.TryAdd(path, i) && !IsSameNode(devices[seen[path]], device))
                findings.Error(at + ".path", $"{Quote.Text(device.Path)} is another device in linux.devices[{seen[path]}]");
        }
    }

    private static void Mode(DeviceSpec device, string at, Findings findings)
    {
        var type = device.Type switch { "b" => S_IFBLK, "p" => S_IFIFO, _ => S_IFCHR };
        if (device.FileMode is { } mode && mode != device.Permissions && mode != ((uint)type | device.Permissions))
            findings.Error(at, $"must be from 0 to 511 (0777; JSON numbers are decimal), or that with the bits of type {device.Type}, is {mode}");
    }

    private static bool IsSameNode(DeviceSpec a, DeviceSpec b) => a.Type == b.Type && a.Major == b.Major && a.Minor == b.Minor;

    private static void Number(long? number, long last, string at, Findings findings)
    {
        if (number is null)
            findings.Error(at, "is required unless type is p");
        else if (number < 0 || number > last)
            findings.Error(at, $"must be from 0 to {last}, is {number}");
    }

    public static void Paths(RuntimeSpec spec, Findings findings)
    {
        if (spec.Linux is not { } linux)
            return;
        for (var i = 0; i < linux.MaskedPaths.Length; i++)
            CheckText.AbsolutePath(linux.MaskedPaths[i], $"linux.maskedPaths[{i}]", findings);
        for (var i = 0; i < linux.ReadonlyPaths.Length; i++)
            CheckText.AbsolutePath(linux.ReadonlyPaths[i], $"linux.readonlyPaths[{i}]", findings);
    }

    /// <summary>A place below the hierarchy's root, and one that /proc/PID/cgroup can show on a line.</summary>
    public static void CgroupsPath(RuntimeSpec spec, Findings findings)
    {
        if (spec.Linux?.CgroupsPath is not { Length: > 0 } path)
            return;
        CheckText.PathLength(path, "linux.cgroupsPath", findings);
        if (path.Split('/').Contains(".."))
            findings.Error("linux.cgroupsPath", $"must not contain \"..\", is {Quote.Text(path)}");
        if (path.Any(char.IsControl))
            findings.Error("linux.cgroupsPath", $"must not contain control characters, is {Quote.Text(path)}");
        if (CheckText.Normalize(path) == "/")
            findings.Error("linux.cgroupsPath", "must not be the root of the hierarchy");
    }
}
