using Engine.Diagnostics;
using Engine.Shared.Protocol;

namespace Engine.Spec;

/// <summary>linux.namespaces, the id mappings and the clock offsets.</summary>
internal static class NamespaceChecks
{
    public static void Namespaces(RuntimeSpec spec, Findings findings)
    {
        var namespaces = spec.Linux?.Namespaces ?? [];
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < namespaces.Length; i++)
        {
            if (!seen.Add(namespaces[i].Type))
                findings.Error($"linux.namespaces[{i}].type", $"{namespaces[i].Type} appears twice");
            if (namespaces[i].IsJoined)
                CheckText.AbsolutePath(namespaces[i].Path!, $"linux.namespaces[{i}].path", findings);
        }
    }

    public static void Mappings(RuntimeSpec spec, Findings findings)
    {
        if (spec.Linux is not { } linux)
            return;
        Ranges(linux.UidMappings, "linux.uidMappings", findings);
        Ranges(linux.GidMappings, "linux.gidMappings", findings);
        var user = linux.Namespace("user");
        if (user is null)
        {
            WithoutNamespace(linux.UidMappings, "linux.uidMappings", findings);
            WithoutNamespace(linux.GidMappings, "linux.gidMappings", findings);
        }
        // A joined namespace has its mappings; podman writes a dummy beside it, which nobody uses.
        else if (!user.IsJoined)
        {
            NewNamespace(linux.UidMappings, "linux.uidMappings", findings);
            NewNamespace(linux.GidMappings, "linux.gidMappings", findings);
            if (spec.Process is not null)
                Mapped(spec.Process.User, linux, findings);
        }
    }

    /// <summary>What the kernel takes for a uid_map or gid_map (user_namespaces(7)).</summary>
    public static void Ranges(IdMapping[] mappings, string at, Findings findings)
    {
        if (mappings.Length > Limits.IdMapWords / 3)
            findings.Error(at, $"has more than {Limits.IdMapWords / 3} ranges");
        for (var i = 0; i < mappings.Length; i++)
        {
            var where = $"{at}[{i}]";
            if (mappings[i].Size == 0)
                findings.Error(where + ".size", "must not be 0");
            // The last id of all is no id, on either side.
            if ((ulong)mappings[i].ContainerId + mappings[i].Size > uint.MaxValue)
                findings.Error(where, $"ends beyond the last container id: {mappings[i].ContainerId} + {mappings[i].Size}");
            if ((ulong)mappings[i].HostId + mappings[i].Size > uint.MaxValue)
                findings.Error(where, $"ends beyond the last host id: {mappings[i].HostId} + {mappings[i].Size}");
        }
        Overlaps(mappings, static mapping => mapping.ContainerId, "container", at, findings);
        Overlaps(mappings, static mapping => mapping.HostId, "host", at, findings);
    }

    private static void Overlaps(IdMapping[] mappings, Func<IdMapping, uint> start, string side, string at, Findings findings)
    {
        var order = new int[mappings.Length];
        for (var i = 0; i < order.Length; i++)
            order[i] = i;
        Array.Sort(order, (a, b) => start(mappings[a]).CompareTo(start(mappings[b])));
        for (var i = 1; i < order.Length; i++)
        {
            var before = mappings[order[i - 1]];
            if ((ulong)start(before) + before.Size > start(mappings[order[i]]))
                findings.Error($"{at}[{order[i]}]", $"overlaps {at}[{order[i - 1]}] in {side} ids");
        }
    }

    private static void WithoutNamespace(IdMapping[] mappings, string at, Findings findings)
    {
        if (mappings.Length > 0)
            findings.Error(at, "needs a user namespace (linux.namespaces)");
    }

    private static void NewNamespace(IdMapping[] mappings, string at, Findings findings)
    {
        if (mappings.Length == 0)
            findings.Error(at, "is required for a new user namespace");
        else if (!Contains(mappings, 0))
            findings.Error(at, "must map id 0: the container is set up by its root");
    }

    private static void Mapped(UserSpec user, LinuxSpec linux, Findings findings)
    {
        Id(linux.UidMappings, user.Uid, "process.user.uid", "linux.uidMappings");
        Id(linux.GidMappings, user.Gid, "process.user.gid", "linux.gidMappings");
        for (var i = 0; i < user.AdditionalGids.Length; i++)
            Id(linux.GidMappings, user.AdditionalGids[i], $"process.user.additionalGids[{i}]", "linux.gidMappings");

        void Id(IdMapping[] mappings, uint id, string at, string where)
        {
            if (mappings.Length > 0 && !Contains(mappings, id))
                findings.Error(at, $"{id} is not mapped by {where}");
        }
    }

    private static bool Contains(IdMapping[] mappings, uint id)
    {
        foreach (var mapping in mappings)
        {
            if (id >= mapping.ContainerId && id - mapping.ContainerId < mapping.Size)
                return true;
        }
        return false;
    }

    /// <summary>timeOffsets: they can be written only while the namespace is new and empty.</summary>
    public static void Clocks(RuntimeSpec spec, Findings findings)
    {
        if (spec.Linux is not { TimeOffsets.Count: > 0 } linux)
            return;
        var time = linux.Namespace("time");
        if (time is null)
            findings.Error("linux.timeOffsets", "needs a time namespace (linux.namespaces)");
        else if (time.IsJoined)
            findings.Error("linux.timeOffsets", $"cannot be set in a namespace that is joined ({Quote.Text(time.Path)})");
        foreach (var (clock, offset) in linux.TimeOffsets)
        {
            var at = JsonPath.Property("linux.timeOffsets", clock);
            if (clock is not ("monotonic" or "boottime"))
                findings.Error(at, "is no clock of a time namespace; those are monotonic and boottime");
            if (offset.Nanosecs > 999_999_999)
                findings.Error(at + ".nanosecs", $"must be below 1000000000, is {offset.Nanosecs}");
        }
    }
}
