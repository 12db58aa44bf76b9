using Engine.Diagnostics;
using Engine.Mounts;
using Engine.Shared.Protocol;
using static Engine.Shared.Linux.mount_h;

namespace Engine.Spec;

/// <summary>mounts.</summary>
internal static class MountChecks
{
    /// <summary>fsconfig copies at most 255 bytes and a NUL of a key or a value (fs/fsopen.c).</summary>
    private const int LongestParameter = 255;

    // Files of procfs that may be covered: they show the host's numbers, and tools like lxcfs show better ones. Anything
    // else below /proc that is not procfs's own deceives whoever trusts it, us included (CVE-2019-16884).
    private static readonly string[] CoverableProcFiles =
    [
        "/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat", "/proc/swaps", "/proc/uptime", "/proc/loadavg",
        "/proc/slabinfo", "/proc/sys/kernel/ns_last_pid", "/proc/sys/crypto/fips_enabled",
    ];

    /// <param name="list">Path of the list; empty where it is the document.</param>
    public static void Run(RuntimeSpec spec, Findings findings, string list = "mounts")
    {
        for (var i = 0; i < spec.Mounts.Length; i++)
        {
            var mount = spec.Mounts[i];
            var at = $"{list}[{i}]";
            var options = MountOptions.Parse(mount.Type, mount.Options);
            Destination(mount, options, at, findings);
            Source(mount, options, at, findings);
            Options(mount, options, at, findings);
            NamespaceChecks.Ranges(mount.UidMappings, at + ".uidMappings", findings);
            NamespaceChecks.Ranges(mount.GidMappings, at + ".gidMappings", findings);
            IdMap(spec, mount, options, at, findings);
        }
        Duplicates(spec.Mounts, findings, list);
    }

    /// <summary>Mounts for a container that runs; paths begin at the list.</summary>
    public static void Additions(RuntimeSpec spec, Findings findings)
    {
        Run(spec, findings, "");
        Count(spec.Mounts, findings);
        for (var i = 0; i < spec.Mounts.Length; i++)
        {
            // What a mount was before could not be given back to it if a later one of the list failed.
            if (spec.Mounts[i].Destination.Length > 0 && MountOptions.Parse(spec.Mounts[i].Type, spec.Mounts[i].Options) is { Kind: MountKind.Change } change && (change.Remount || change.Propagation != 0))
                findings.Error($"[{i}].options", "changes a mount that is there already; only new mounts can be added to a container that runs");
        }
    }

    /// <summary>Mounts to take away from a container that runs, of which the destination counts; paths begin at the list.</summary>
    public static void Removals(MountSpec[] mounts, Findings findings)
    {
        Count(mounts, findings);
        for (var i = 0; i < mounts.Length; i++)
        {
            var at = $"[{i}].destination";
            CheckText.PathLength(mounts[i].Destination, at, findings);
            if (mounts[i].Destination.Length == 0)
                findings.Error(at, "must not be empty");
            else if (CheckText.Normalize(mounts[i].Destination) == "/")
                findings.Error(at, "must not be \"/\": the root is not taken away from a container that runs");
        }
    }

    private static void Count(MountSpec[] mounts, Findings findings)
    {
        if (mounts.Length > Limits.Sources)
            findings.Error("", $"has more than {Limits.Sources} entries");
    }

    private static void Destination(MountSpec mount, MountOptions options, string at, Findings findings)
    {
        at += ".destination";
        if (mount.Destination.Length == 0)
        {
            findings.Error(at, "must not be empty");
            return;
        }
        CheckText.PathLength(mount.Destination, at, findings);
        // Deprecated, and by the specification relative to "/".
        if (!mount.Destination.StartsWith('/'))
            findings.Warn(at, $"is relative; taken as {Quote.Text(CheckText.Normalize(mount.Destination))}");
        var path = CheckText.Normalize(mount.Destination);
        if (path == "/" && options.Kind != MountKind.Change)
            findings.Error(at, "must not be \"/\": the mount would hide the whole root filesystem; see root.path");
        Proc(path, mount, options, at, findings);
    }

    private static void Proc(string path, MountSpec mount, MountOptions options, string at, Findings findings)
    {
        if (options.Kind == MountKind.Change)
            return;
        // Whether the source of a bind on /proc is procfs is known only when it is opened.
        if (path == "/proc" && options.Kind == MountKind.Filesystem && mount.Type != "proc")
            findings.Error(at, $"/proc takes a proc filesystem, not {Quote.Text(mount.Type)}");
        else if (path.StartsWith("/proc/", StringComparison.Ordinal) && !CoverableProcFiles.Contains(path))
            findings.Error(at, $"is below /proc, where only {string.Join(", ", CoverableProcFiles)} may be covered, is {Quote.Text(path)}");
    }

    private static void IdMap(RuntimeSpec spec, MountSpec mount, MountOptions options, string at, Findings findings)
    {
        var isMapped = mount.UidMappings.Length > 0 || mount.GidMappings.Length > 0;
        if ((mount.UidMappings.Length == 0) != (mount.GidMappings.Length == 0))
            findings.Error(at, "uidMappings and gidMappings must be given together");
        if (!isMapped && options.IdMap == IdMapKind.None)
            return;
        if (options.Kind != MountKind.Bind)
            findings.Error(isMapped ? at + ".uidMappings" : at + ".options", "ids can be mapped in a bind mount only");
        else if (!isMapped && spec.Linux?.Namespace("user") is null)
            findings.Error(at + ".options", "idmap needs uidMappings and gidMappings of the mount, or a user namespace to take them from");
    }

    private static void Source(MountSpec mount, MountOptions options, string at, Findings findings)
    {
        if (mount.Source is not null)
            CheckText.PathLength(mount.Source, at + ".source", findings);
        switch (options.Kind)
        {
            case MountKind.Bind when string.IsNullOrEmpty(mount.Source):
                findings.Error(at + ".source", "is required for a bind mount");
                break;
            case MountKind.Filesystem when mount.Type!.Length > Limits.Name:
                findings.Error(at + ".type", $"is longer than {Limits.Name} bytes");
                break;
            case MountKind.Change when !options.Remount && options.Propagation == 0:
                findings.Error(at + ".type", "is required unless options has bind, rbind, remount or a propagation");
                break;
        }
    }

    private static void Options(MountSpec mount, MountOptions options, string at, Findings findings)
    {
        ulong propagation = 0;
        for (var j = 0; j < mount.Options.Length; j++)
        {
            var option = mount.Options[j];
            var row = MountOptionTable.Find(option);
            var where = $"{at}.options[{j}]";
            if (option.Length == 0)
                findings.Error(where, "must not be empty");
            else if (row.Kind == OptionKind.Data)
                Data(option, options, where, findings);
            else if (row.Kind == OptionKind.Superblock && row.SuperblockSet is not (0 or MS_SILENT) && options.Kind == MountKind.Bind)
                findings.Error(where, $"{option} is of the filesystem, which a bind mount cannot change");
            else if (row.Kind == OptionKind.CopyUp && (options.Kind != MountKind.Filesystem || mount.Type != "tmpfs"))
                findings.Error(where, "tmpcopyup is for type tmpfs");
            else if (row.Kind == OptionKind.Propagation)
                propagation = OnePropagation(propagation, row, option, where, findings);
        }
        if (options.FilesystemOptions.Count() > Limits.MountOptions)
            findings.Error(at + ".options", $"has more than {Limits.MountOptions} options for the filesystem");
    }

    private static ulong OnePropagation(ulong before, MountOption row, string option, string where, Findings findings)
    {
        var now = row.Set | (row.Recursive ? (ulong)MS_REC : 0);
        if (before != 0 && before != now)
            findings.Error(where, $"{option} contradicts an earlier propagation");
        return now;
    }

    private static void Data(string option, MountOptions options, string where, Findings findings)
    {
        if (options.Kind == MountKind.Bind)
            findings.Error(where, $"unknown option {Quote.Text(option)}, and a bind mount has no filesystem to give it to");
        if (options.Kind == MountKind.Change && !options.Remount)
            findings.Error(where, $"unknown option {Quote.Text(option)}, and a change of propagation has no filesystem to give it to");
        var separator = option.IndexOf('=');
        var key = separator < 0 ? option : option[..separator];
        var value = separator < 0 ? "" : option[(separator + 1)..];
        if (key.Length == 0)
            findings.Error(where, $"has no name before the '=': {Quote.Text(option)}");
        if (Encoding(key) > LongestParameter || Encoding(value) > LongestParameter)
            findings.Error(where, $"has a name or a value of more than {LongestParameter} bytes, which the kernel's mount interface does not take");
    }

    private static int Encoding(string text) => System.Text.Encoding.UTF8.GetByteCount(text);

    // Mounting on top of an earlier mount is legal, and containerd's clients do it to replace a default. Twice the very
    // same is a mistake in whatever wrote the list.
    private static void Duplicates(MountSpec[] mounts, Findings findings, string list)
    {
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < mounts.Length; i++)
        {
            var mount = mounts[i];
            var identity = string.Join('\0', [CheckText.Normalize(mount.Destination), mount.Type ?? "", mount.Source ?? "", .. mount.Options]);
            if (!seen.TryAdd(identity, i))
                findings.Error($"{list}[{i}]", $"is the same as {list}[{seen[identity]}]");
        }
    }
}
