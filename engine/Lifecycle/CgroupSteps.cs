using Engine.Cgroups;
using Engine.Diagnostics;
using Engine.Shared.Protocol;
using Engine.State;

namespace Engine.Lifecycle;

/// <summary>The container's cgroups: made, limited and joined before the container stage runs its first instruction.</summary>
public static class CgroupSteps
{
    internal static CgroupPlan Resolve(PlanInput input) => CgroupPlan.Create(input.Linux, input.Order.Id, input.Layout, root: input.CgroupRoot, unit: input.SystemdPath);

    internal static void Add(CreationPlan plan, CgroupPlan cgroups)
    {
        AddSteps(plan, cgroups.Steps);
        if (cgroups.Checks.Count > 0)
        {
            plan.Barrier(PlanServer.Host, "check", "control files exist", "linux.resources", _ =>
            {
                foreach (CgroupCheck check in cgroups.Checks)
                {
                    check.Verify();
                }
            });
        }
    }

    internal static void Add(CreationPlan plan, ResctrlPlan resctrl)
    {
        foreach (CgroupStep step in resctrl.Steps)
        {
            switch (step)
            {
                case OpenCgroupStep open:
                    plan.Host(
                        "OpenCgroup", CgroupFiles.Join(open.Mountpoint, open.Path), "linux.intelRdt",
                        host => host.OpenCgroup((uint)open.Slot, open.Flags, open.Mountpoint, open.Path, "linux.intelRdt"));
                    break;
                case WriteCgroupStep write:
                    plan.Host(
                        "WriteCgroup", $"{write.File} = {write.Value.TrimEnd()}", write.JsonPath!,
                        host => host.WriteCgroup((uint)write.Slot, write.File, write.Value, context: Context(write, write.JsonPath!)));
                    break;
            }
        }
    }

    internal static CgroupRecord[] Records(CgroupPlan cgroups) =>
    [
        .. cgroups.Slots.Select(slot => new CgroupRecord
        {
            Mountpoint = slot.Mountpoint,
            Path = slot.Path,
            Unified = slot.Version == CgroupVersion.V2,
            Freezer = slot == cgroups.Freezer,
            Controllers = [.. slot.Controllers],
        }),
    ];

    private static void AddSteps(CreationPlan plan, IReadOnlyList<CgroupStep> steps)
    {
        foreach (CgroupStep step in steps)
        {
            uint slot = (uint)step.Slot;
            switch (step)
            {
                case OpenCgroupStep open:
                    plan.Host(
                        "OpenCgroup", CgroupFiles.Join(open.Mountpoint, open.Path), "linux.cgroupsPath",
                        host => host.OpenCgroup(slot, open.Flags, open.Mountpoint, open.Path, "linux.cgroupsPath"));
                    break;
                case WriteCgroupStep write:
                    string from = write.JsonPath ?? "linux.resources";
                    plan.Host(
                        "WriteCgroup", $"{write.File} = {write.Value}", from,
                        host => host.WriteCgroup(slot, write.File, write.Value, write.Optional, Context(write, from)));
                    break;
                case DeviceProgramStep program:
                    plan.Host(
                        "SetCgroupDevices", $"{program.Program.Length / 8} instructions", "linux.resources.devices",
                        host => host.SetCgroupDevices(slot, program.Program, "linux.resources.devices"));
                    break;
                default:
                    throw new EngineException($"unknown cgroup step {step.GetType().Name}");
            }
        }
    }

    private static string Context(WriteCgroupStep write, string from) => write.Advice is null ? from : $"{from} ({write.Advice})";
}
