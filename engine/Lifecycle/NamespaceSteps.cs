using Engine.Rpc.Client;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Spec;

namespace Engine.Lifecycle;

/// <summary>Namespaces, id maps, and the container stage that is made in them.</summary>
public static class NamespaceSteps
{
    // OCI name → CLONE_NEW*, in the order of the specification's list.
    private static readonly (string Type, ulong Flag)[] Kinds =
    [
        ("pid", sched_h.CLONE_NEWPID), ("network", sched_h.CLONE_NEWNET), ("mount", sched_h.CLONE_NEWNS), ("ipc", sched_h.CLONE_NEWIPC),
        ("uts", sched_h.CLONE_NEWUTS), ("user", sched_h.CLONE_NEWUSER), ("cgroup", sched_h.CLONE_NEWCGROUP), ("time", sched_h.CLONE_NEWTIME),
    ];

    /// <summary>The namespace types of the specification.</summary>
    public static IEnumerable<string> Types => Kinds.Select(kind => kind.Type);

    /// <summary>CLONE_NEW* of an OCI namespace type.</summary>
    public static ulong FlagOf(string type) => Kinds.First(kind => kind.Type == type).Flag;

    internal static void Add(CreationPlan plan, PlanInput input)
    {
        ulong created = 0;
        var names = new List<string>();
        for (int i = 0; i < input.Linux.Namespaces.Length; i++)
        {
            NamespaceSpec ns = input.Linux.Namespaces[i];
            ulong flag = FlagOf(ns.Type);
            if (!ns.IsJoined)
            {
                created |= flag;
                names.Add(ns.Type);
                continue;
            }

            string path = ns.Path!;
            string jsonPath = $"linux.namespaces[{i}]";
            plan.Host("OpenNamespace", $"{ns.Type} {path}", jsonPath, host => host.OpenNamespace(flag, path, jsonPath));
        }

        SpawnRequest request = Request(input, created);
        plan.Barrier(PlanServer.Host, "Spawn", "new: " + (names.Count == 0 ? "none" : string.Join(' ', names)), "linux.namespaces", clients =>
        {
            clients.Pid = clients.Host.Spawn(request, "linux.namespaces").Wait();
            clients.Container.Hello();
        });
        NetDeviceSteps.Add(plan, input);
    }

    private static SpawnRequest Request(PlanInput input, ulong created)
    {
        SpawnFlags flags = SpawnFlags.None;
        if (input.Config.Process?.Terminal == true)
        {
            flags |= SpawnFlags.Terminal;
        }

        if (input.Config.Process?.OomScoreAdj is not null)
        {
            flags |= SpawnFlags.HasOomScoreAdj;
        }

        if (input.Linux.TimeOffsets.Count > 0)
        {
            flags |= SpawnFlags.HasTimeOffsets;
        }

        if ((created & sched_h.CLONE_NEWNET) != 0)
        {
            flags |= SpawnFlags.LoopbackUp;
        }

        TimeOffsetSpec monotonic = input.Linux.TimeOffsets.GetValueOrDefault("monotonic") ?? new TimeOffsetSpec();
        TimeOffsetSpec boottime = input.Linux.TimeOffsets.GetValueOrDefault("boottime") ?? new TimeOffsetSpec();
        return new SpawnRequest
        {
            Namespaces = created,
            Flags = flags,
            UidMap = Pack(input.Linux.UidMappings),
            GidMap = Pack(input.Linux.GidMappings),
            MonotonicSeconds = monotonic.Secs,
            MonotonicNanoseconds = monotonic.Nanosecs,
            BoottimeSeconds = boottime.Secs,
            BoottimeNanoseconds = boottime.Nanosecs,
            OomScoreAdj = input.Config.Process?.OomScoreAdj ?? 0,
        };
    }

    internal static uint[] Pack(IdMapping[] map) => [.. map.SelectMany(range => new[] { range.ContainerId, range.HostId, range.Size })];
}
