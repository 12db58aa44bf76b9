using Engine.Cgroups;
using Engine.Cgroups.Systemd;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Spec;
using Engine.State;

namespace Engine.Lifecycle;

/// <summary>What a plan is built from. Nothing in it is changed by the building.</summary>
/// <param name="Config">Loaded and validated.</param>
/// <param name="Order">The CLI's order.</param>
/// <param name="Layout">The cgroup hierarchies in which the container gets a cgroup.</param>
/// <param name="Machine">Those that the machine has: what a mount of cgroups shows.</param>
/// <param name="CgroupRoot">Cgroup below which relative and default paths lie.</param>
public sealed record PlanInput(RuntimeSpec Config, CreateOrder Order, CgroupLayout Layout, CgroupLayout Machine, string CgroupRoot = "/")
{
    /// <summary><c>linux</c>, empty when absent.</summary>
    public LinuxSpec Linux { get; } = Config.Linux ?? new LinuxSpec();

    /// <summary>The container is there already; only mounts are planned.</summary>
    public bool IsRunning { get; init; }

    /// <summary>The unit that systemd makes for the container; null without systemd's driver.</summary>
    public SystemdPath? SystemdPath { get; } = Order.SystemdCgroup ? SystemdPath.Parse(Config.Linux?.CgroupsPath, Order.Id, Order.SystemdManager) : null;

    /// <summary>True when the container is in another user namespace than the machine's: it gets or joins one, or the starter is in one.</summary>
    public bool HasUserNamespace => Linux.Namespace("user") is not null || Order.Rootless is not null || Identity.IsInUserNamespace;

    /// <summary>An ordinary user's, through the set-uid starter: sources are opened here, with his rights, and travel as descriptors.</summary>
    public bool IsSetuid => Order.Workflow == WorkflowChoice.NameOf(Workflow.Setuid);

    /// <summary>The object that a mount's source names, as the starter takes it: null where it opens the path itself.</summary>
    public SafeFd? OpenSource(string path) => IsSetuid ? Files.Open(path, fcntl_h.O_PATH) : null;

    /// <summary>A path of the config that is relative to the bundle.</summary>
    public string InBundle(string path) => Path.GetFullPath(path, Order.Bundle);
}

/// <summary>
/// The order of a creation. Its fixed points: the record with the cgroup paths is on disk before the first cgroup is
/// made; nothing is mounted before the root's propagation is set; devices come after /dev is mounted; prestart,
/// createRuntime and createContainer hooks run when the mounts are made, where the host has the root file system, and before it is
/// entered; what covers parts of /proc and /sys comes after the root switch, when nothing can be mounted over
/// it any more; the process is prepared last.
/// </summary>
public static class CreationPlanBuilder
{
    /// <summary>Builds the plan; nothing is done yet.</summary>
    /// <exception cref="Diagnostics.EngineException">The config asks for what this machine cannot give.</exception>
    public static CreationPlan Build(PlanInput input, List<string> warnings)
    {
        var plan = new CreationPlan();
        var sources = new SourceSlots();
        CgroupPlan cgroups = CgroupSteps.Resolve(input);
        warnings.AddRange(cgroups.Notes);

        ResctrlPlan resctrl = ResctrlPlan.Create(input.Linux.IntelRdt, input.Order.Id, cgroups.Slots.Count, Resctrl.Mountpoint, CgroupFiles.ReadOrNull);
        StatePrefix state = ComposeState(input, cgroups, resctrl);
        plan.Host("SaveState", "creating", "", host => host.SaveState(state.Oci, state.Own));
        CgroupSteps.Add(plan, cgroups);
        CgroupSteps.Add(plan, resctrl);
        NamespaceSteps.Add(plan, input);

        RootSteps.AddAttach(plan, input, sources);
        MountSteps.Add(plan, input, cgroups, sources);
        DeviceSteps.Add(plan, input, sources);
        HookSteps.AddBeforeRoot(plan, input);
        RootSteps.AddEnter(plan, input);
        IsolationSteps.Add(plan, input);
        HookSteps.AddAtStart(plan, input);
        ProcessSteps.Add(plan, input, sources, warnings);
        return plan;
    }

    private static StatePrefix ComposeState(PlanInput input, CgroupPlan cgroups, ResctrlPlan resctrl)
    {
        var own = new EngineState
        {
            BootId = Liveness.BootId(),
            BootOffset = TimeNamespace.BootTicks is var ticks and not 0 ? ticks : null,
            Unmonitored = input.Order.Unmonitored,
            Instance = input.Order.Instance,
            Workflow = input.Order.Workflow,
            Terminal = input.Config.Process?.Terminal ?? false,
            LogPath = input.Order.LogPath,
            LogFormat = input.Order.LogFormat,
            PidFile = input.Order.PidFile,
            Uid = input.Order.Uid,
            Rootfs = input.InBundle(input.Config.Root!.Path),
            Cgroups = CgroupSteps.Records(cgroups),
            SystemdUnit = input.SystemdPath?.Unit,
            ResctrlGroups = resctrl.Groups.Count == 0 ? null : [.. resctrl.Groups],
            ResctrlOwn = resctrl.Own,
        };
        return StatePrefix.Of(input.Order, OciVersions.Newest, input.Config.Annotations, own);
    }
}

/// <summary>Hands out the numbers under which mounts travel from the supervisor to the container stage.</summary>
public sealed class SourceSlots
{
    private uint _next;

    /// <summary>The next free number.</summary>
    /// <exception cref="Diagnostics.EngineException">More than <see cref="Limits.Sources"/> are asked for.</exception>
    public uint Next(string jsonPath) => _next < Limits.Sources
        ? _next++
        : throw new Diagnostics.EngineException($"config.json: {jsonPath}: more than {Limits.Sources} bind mounts");
}
