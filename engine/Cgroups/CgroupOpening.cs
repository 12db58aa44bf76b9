using Engine.Shared.Protocol;
using Engine.Spec;

namespace Engine.Cgroups;

/// <summary>
/// Steps that make and open a container's directories. A v1 cpuset is unusable until its cpus and mems are filled in from
/// above; a cgroup2 directory has the controllers that every ancestor enabled for its children.
/// </summary>
/// <param name="readFile">Text of a control file, or null.</param>
/// <param name="root">Ancestors above this path are not changed.</param>
/// <param name="requiredUnified">v2 controllers without which a resource cannot be honoured.</param>
/// <param name="all">Enable every v2 controller there is, not only what is required: an update may ask for any, and stats read most.</param>
/// <param name="freezer">The slot that pauses.</param>
/// <param name="given">systemd makes the directory, and a process that keeps it is in it already.</param>
internal sealed class CgroupOpening(
    Func<string, string?> readFile, string root, IReadOnlySet<string> requiredUnified, bool all, CgroupSlot? freezer, bool given)
{
    private static readonly string[] CpusetFiles = ["cpuset.cpus", "cpuset.mems"];

    private readonly List<CgroupStep> _steps = [];

    /// <summary>In order of execution.</summary>
    public IReadOnlyList<CgroupStep> Steps => _steps;

    /// <summary>Adds what one directory needs.</summary>
    public void Open(CgroupSlot slot, ResourcesSpec? resources)
    {
        var flags = CgroupFlags.Create | CgroupFlags.Attach | (given ? CgroupFlags.Given : CgroupFlags.Exclusive)
            | (slot.Version == CgroupVersion.V2 ? CgroupFlags.Unified : CgroupFlags.None)
            | (slot == freezer ? CgroupFlags.Freezer : CgroupFlags.None)
            | (slot.Controllers.Contains("memory") ? CgroupFlags.Memory : CgroupFlags.None);
        if (slot.Version == CgroupVersion.V2)
        {
            foreach (var ancestor in CgroupPath.Ancestors(slot.Path).Where(ancestor => CgroupPath.IsWithin(ancestor, root)))
                EnableControllers(slot, ancestor);
            _steps.Add(new OpenCgroupStep(slot.Slot, slot.Mountpoint, slot.Path, flags));
        }
        else if (slot.Controllers.Contains("cpuset"))
        {
            OpenCpuset(slot, flags, resources?.Cpu);
        }
        else
        {
            _steps.Add(new OpenCgroupStep(slot.Slot, slot.Mountpoint, slot.Path, flags));
        }
    }

    /// <summary>Enables controllers for the children of an ancestor.</summary>
    private void EnableControllers(CgroupSlot slot, string ancestor)
    {
        var directory = CgroupFiles.Join(slot.Mountpoint, ancestor);
        if (readFile(directory + "/cgroup.type")?.Trim() is { } type && type != "domain")
            throw new CgroupException($"linux.cgroupsPath: {directory} is of type '{type}'; a container cannot be put below it", "choose a path outside");
        var enabled = CgroupFiles.Words(readFile(directory + "/cgroup.subtree_control"));
        var missing = slot.Controllers.Where(c => all || requiredUnified.Contains(c)).Except(enabled).ToList();
        if (missing.Count == 0)
            return;
        if (HoldsProcesses(directory))
        {
            // The kernel enables nothing for the children of a cgroup with processes, the real root apart.
            if (missing.Find(requiredUnified.Contains) is { } needed)
            {
                throw new CgroupException(
                    $"linux.cgroupsPath: {directory} has processes of its own, so the controller '{needed}' cannot be enabled below it",
                    "choose a path outside, or move those processes into a child cgroup");
            }
            return;
        }
        _steps.Add(new OpenCgroupStep(
            slot.Slot, slot.Mountpoint, ancestor, CgroupFlags.Unified | (ancestor == "/" ? CgroupFlags.None : CgroupFlags.Create)));
        _steps.Add(new WriteCgroupStep(
            slot.Slot, directory, "cgroup.subtree_control", string.Join(' ', missing.Select(c => "+" + c)), false, null,
            "the controllers of cgroup.controllers must be free to be enabled here"));
    }

    /// <summary>The root of the real hierarchy has no cgroup.type, and is exempt from the rule.</summary>
    private bool HoldsProcesses(string directory) =>
        readFile(directory + "/cgroup.type") is not null && readFile(directory + "/cgroup.procs") is { } procs && procs.Trim().Length > 0;

    private void OpenCpuset(CgroupSlot slot, CgroupFlags flags, CpuSpec? cpu)
    {
        var inherited = new string?[CpusetFiles.Length];
        foreach (var ancestor in CgroupPath.Ancestors(slot.Path))
            InheritInto(slot, ancestor, inherited, opened: false, [false, false]);
        _steps.Add(new OpenCgroupStep(slot.Slot, slot.Mountpoint, slot.Path, flags));
        InheritInto(slot, slot.Path, inherited, opened: true, [!string.IsNullOrEmpty(cpu?.Cpus), !string.IsNullOrEmpty(cpu?.Mems)]);
    }

    /// <summary>Fills what is empty with the value of the nearest cgroup above, and takes note of what is there for those below.</summary>
    private void InheritInto(CgroupSlot slot, string path, string?[] inherited, bool opened, bool[] configured)
    {
        var directory = CgroupFiles.Join(slot.Mountpoint, path);
        // A parent that another container's end removes meanwhile is made anew, and then filled by the supervisor.
        var isParent = !opened;
        for (var i = 0; i < CpusetFiles.Length; i++)
        {
            if (readFile(directory + "/" + CpusetFiles[i])?.Trim() is { Length: > 0 } present)
            {
                inherited[i] = present;
                continue;
            }
            if (configured[i] || inherited[i] is not { } value)
                continue;
            if (!opened)
                _steps.Add(new OpenCgroupStep(slot.Slot, slot.Mountpoint, path, CgroupFlags.Create));
            opened = true;
            _steps.Add(new WriteCgroupStep(slot.Slot, directory, CpusetFiles[i], value, isParent, null, null));
        }
    }
}
