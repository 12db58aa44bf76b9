using Engine.Cgroups.Systemd;
using Engine.Shared.Protocol;
using Engine.Spec;

namespace Engine.Cgroups;

/// <summary>
/// What is to be done about cgroups, as data. Made by the unprivileged side from the config and what it can read; carried
/// out by the supervisor before the container stage exists, so that every limit holds from its first instruction.
/// </summary>
/// <param name="Slots">The container's directories, to be kept in its state. Empty on a machine without cgroups.</param>
/// <param name="Steps">Requests to the supervisor, in order.</param>
/// <param name="Checks">To be verified after the last step.</param>
/// <param name="Notes">What was asked for and changes nothing, with its JSON path.</param>
public sealed record CgroupPlan(
    IReadOnlyList<CgroupSlot> Slots, IReadOnlyList<CgroupStep> Steps, IReadOnlyList<CgroupCheck> Checks, IReadOnlyList<string> Notes)
{
    /// <summary>Where the container is paused: the v1 freezer if there is one, else cgroup2; null where pausing is impossible.</summary>
    public CgroupSlot? Freezer => FreezerOf(Slots);

    /// <summary>Plan of a creation.</summary>
    /// <param name="linux">For cgroupsPath and resources.</param>
    /// <param name="id">Container id.</param>
    /// <param name="layout">This machine.</param>
    /// <param name="readFile">Text of a control file, or null where there is none. Asked for what the tree holds already.</param>
    /// <param name="root">See <see cref="CgroupPath.Resolve"/>; ancestors above it are taken as they are.</param>
    /// <param name="unit">Where systemd makes the container's cgroup; null where the config's path is taken as it is.</param>
    /// <exception cref="CgroupException">Something that is asked for cannot be had; the message names its JSON path.</exception>
    public static CgroupPlan Create(
        LinuxSpec linux, string id, CgroupLayout layout, Func<string, string?>? readFile = null, string root = "/", SystemdPath? unit = null)
    {
        readFile ??= CgroupFiles.ReadOrNull;
        var path = unit?.Path ?? CgroupPath.Resolve(linux.CgroupsPath, id, root);
        var slots = SlotsOf(layout, path);
        var context = new ResourceContext(slots, layout, "linux.resources", readFile);
        PlanResources(context, linux.Resources ?? new ResourcesSpec());
        // On a hybrid machine little is on cgroup2 and its root is left as it is unless a resource needs more.
        var opening = new CgroupOpening(readFile, root, context.RequiredUnified, layout.Mode == CgroupMode.V2, FreezerOf(slots), unit is not null);
        foreach (var slot in slots)
            opening.Open(slot, linux.Resources);
        var limits = unit is null ? context.Steps : UnitHolder.LeaveRoom(context.Steps);
        return new CgroupPlan(slots, [.. opening.Steps, .. limits], context.Checks, [.. Unused(layout), .. context.Notes]);
    }

    /// <summary>Plan of an update: writes to the directories of a container that exists, in an order that the kernel takes from where it is now.</summary>
    /// <param name="slots">From the container's state.</param>
    /// <param name="resources">The update's document; its JSON paths begin with its own members.</param>
    /// <param name="readFile">As for <see cref="Create"/>.</param>
    /// <exception cref="CgroupException">As for <see cref="Create"/>.</exception>
    public static CgroupPlan Update(IReadOnlyList<CgroupSlot> slots, ResourcesSpec resources, Func<string, string?>? readFile = null)
    {
        readFile ??= CgroupFiles.ReadOrNull;
        // What a cgroup2 directory can do is decided by what its parent enabled, now.
        var present = slots.Select(s => s.Version == CgroupVersion.V2
            ? s with { Controllers = CgroupFiles.Words(readFile(s.Directory + "/cgroup.controllers")) }
            : s).ToList();
        var context = new ResourceContext(present, layout: null, "", readFile);
        PlanResources(context, resources);
        return new CgroupPlan(slots, context.Steps, context.Checks, context.Notes);
    }

    /// <summary>Devices come last but for the raw files: they take away what the steps before do not need.</summary>
    private static void PlanResources(ResourceContext context, ResourcesSpec resources)
    {
        if (resources.Memory is { } memory)
            MemoryResources.Plan(context, memory);
        if (resources.Cpu is { } cpu)
            CpuResources.Plan(context, cpu);
        if (resources.Pids is { } pids)
            OtherResources.PlanPids(context, pids);
        if (resources.BlockIo is { } io)
            BlockIoResources.Plan(context, io);
        OtherResources.PlanHugepages(context, resources.HugepageLimits);
        if (resources.Network is { } network)
            OtherResources.PlanNetwork(context, network);
        OtherResources.PlanRdma(context, resources.Rdma);
        DeviceResources.Plan(context, resources.Devices);
        UnifiedResources.Plan(context, resources.Unified);
    }

    /// <summary>Every hierarchy with controllers, systemd's own (so that it sees the container where it is), and cgroup2.</summary>
    private static List<CgroupSlot> SlotsOf(CgroupLayout layout, string path)
    {
        var slots = layout.Hierarchies.Where(IsJoined)
            .Select((h, i) => new CgroupSlot(i, h.Version, h.Mountpoint, path, h.Controllers)).ToList();
        return slots.Count <= Limits.CgroupSlots
            ? slots
            : throw new CgroupException($"there are {slots.Count} cgroup hierarchies, more than {Limits.CgroupSlots}", "mount several v1 controllers together, or use cgroup v2");
    }

    private static bool IsJoined(CgroupHierarchy h) => !h.ReadOnly && (h.Name is null || h.Name == "systemd");

    private static IEnumerable<string> Unused(CgroupLayout layout) => layout.Hierarchies
        .Where(h => h.ReadOnly).Select(h => $"{h.Mountpoint} ({h.Label}) is mounted read-only and not used");

    private static CgroupSlot? FreezerOf(IReadOnlyList<CgroupSlot> slots) =>
        slots.FirstOrDefault(s => s.Controllers.Contains("freezer")) ?? slots.FirstOrDefault(s => s.Version == CgroupVersion.V2);
}
