using System.Globalization;

namespace Engine.Cgroups.Systemd;

/// <summary>
/// The unit of a container: systemd makes its cgroup, delegates it, and knows its limits. Everything else about the cgroup is
/// as without systemd. Runs in the command line with the caller's rights.
/// </summary>
public static class SystemdScope
{
    /// <summary>The cgroup below which the caller's manager makes units; null for the machine's manager, which is the root.</summary>
    /// <exception cref="CgroupException">No systemd.</exception>
    public static string? ManagerOfUser()
    {
        if (!SystemdManager.IsUsers)
            return null;
        using SystemdManager manager = SystemdManager.Connect();
        return manager.ControlGroup();
    }

    /// <summary>
    /// Makes the unit. A scope lives as long as it holds a process, so it is made around one: <paramref name="holder"/> must
    /// stay until the container's own is in the cgroup.
    /// </summary>
    /// <param name="path">From the config.</param>
    /// <param name="holder">Pid of a process that systemd moves into the scope; for a slice it is not needed.</param>
    /// <param name="annotations">The config's.</param>
    /// <param name="steps">Of the container's plan: the limits among them become properties.</param>
    /// <exception cref="CgroupException">No systemd, a refusal of it, or annotations that are not allowed.</exception>
    public static void Ensure(SystemdPath path, int holder, IReadOnlyDictionary<string, string>? annotations, IReadOnlyList<CgroupStep> steps)
    {
        List<UnitProperty> wanted = UnitAnnotations.Read(annotations);
        List<UnitProperty> properties =
        [
            new("Description", "engine container " + path.Unit),
            path.IsSlice ? new UnitProperty("Wants", new[] { path.Slice }) : new UnitProperty("Slice", path.Slice),
            .. path.IsSlice ? Array.Empty<UnitProperty>() : [new("Delegate", true), new("PIDs", new[] { (uint)holder })],
            new("MemoryAccounting", true),
            new("CPUAccounting", true),
            new("IOAccounting", true),
            new("TasksAccounting", true),
            new("DefaultDependencies", false),
            .. UnitLimits.Of(steps),
        ];
        // What an annotation says takes the place of the default.
        properties.RemoveAll(property => wanted.Any(other => other.Name == property.Name));
        properties.AddRange(wanted);
        using SystemdManager manager = SystemdManager.Connect();
        manager.Start(path.Unit, properties);
    }

    /// <summary>Has the manager take a process of the caller's over, into a scope that ends with it.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="description">For people.</param>
    /// <exception cref="CgroupException">No systemd, or a refusal of it.</exception>
    public static void Adopt(int pid, string description)
    {
        using SystemdManager manager = SystemdManager.Connect();
        manager.Start(
            string.Create(CultureInfo.InvariantCulture, $"engine-starter-{pid}.scope"),
            [new("Description", description), new("PIDs", new[] { (uint)pid }), new("CollectMode", "inactive-or-failed")]);
    }

    /// <summary>Tells systemd of limits that were changed.</summary>
    /// <param name="unit">From the container's state.</param>
    /// <param name="steps">Of the update's plan.</param>
    /// <exception cref="CgroupException">No systemd, or a refusal of it.</exception>
    public static void Update(string unit, IReadOnlyList<CgroupStep> steps)
    {
        List<UnitProperty> properties = UnitLimits.Of(steps);
        if (properties.Count > 0)
        {
            using SystemdManager manager = SystemdManager.Connect();
            manager.Set(unit, properties);
        }
    }

    /// <summary>Stops the unit, which ends every process in it. One that is gone is fine.</summary>
    /// <param name="unit">From the container's state.</param>
    /// <exception cref="CgroupException">No systemd, or it cannot stop the unit.</exception>
    public static void Remove(string unit)
    {
        using SystemdManager manager = SystemdManager.Connect();
        manager.Stop(unit);
    }
}
