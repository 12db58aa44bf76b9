using Engine.Cgroups;
using Engine.Cgroups.Systemd;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Spec;

namespace Engine.Lifecycle;

/// <summary>
/// The unit of a container that is being created. systemd takes orders from root, not from the master, so the caller's command
/// has it made before it starts the starter; from then on its cgroup is one like any other. A scope without a process is
/// removed at once: until the container stage is in it, a starter that gets no order keeps it. That one ends with this object,
/// or with this process.
/// </summary>
internal sealed class SystemdUnit : IDisposable
{
    private static readonly TimeSpan EndTime = TimeSpan.FromSeconds(10);

    private readonly string _id;
    private readonly SystemdPath _path;
    private readonly StarterProcess _holder;
    private readonly IReadOnlyList<CgroupStep> _late;

    private SystemdUnit(string id, SystemdPath path, StarterProcess holder, IReadOnlyList<CgroupStep> late, string? manager)
    {
        Manager = manager;
        _id = id;
        _path = path;
        _holder = holder;
        _late = late;
    }

    /// <summary>Cgroup of the user's manager, which made it; null for the machine's.</summary>
    public string? Manager { get; }

    /// <summary>Has the unit made when <paramref name="wanted"/>; null otherwise.</summary>
    /// <param name="wanted">The caller asked for systemd's driver.</param>
    /// <param name="id">Container id.</param>
    /// <param name="config">The bytes of config.json.</param>
    /// <exception cref="EngineException">The config cannot be used, or systemd does not make the unit.</exception>
    public static SystemdUnit? Make(bool wanted, string id, byte[] config)
    {
        if (!wanted)
        {
            return null;
        }

        RuntimeSpec spec = ConfigLoader.LoadRunnable(config, "config.json", HostNamespaces.Facts, out _);
        LinuxSpec linux = spec.Linux ?? new LinuxSpec();
        string? manager = SystemdScope.ManagerOfUser();
        SystemdPath path = SystemdPath.Parse(linux.CgroupsPath, id, manager);
        CgroupLayout layout = CgroupLayout.Read();
        CgroupPlan plan = manager is null
            ? CgroupPlan.Create(linux, id, layout, unit: path)
            : CgroupPlan.Create(linux, id, layout.Below(manager, CgroupFiles.ReadOrNull), root: manager, unit: path);
        StarterProcess holder = StarterProcess.Start("hold", id, SpawnStdio.Null);
        var unit = new SystemdUnit(id, path, holder, UnitHolder.Tighten(plan.Steps, linux.Resources?.Pids?.Limit), manager);
        try
        {
            SystemdScope.Ensure(path, holder.Pid, spec.Annotations, plan.Steps);
            return unit;
        }
        catch
        {
            unit.Dispose();
            throw;
        }
    }

    /// <summary>Lets the container's starter put processes into the unit.</summary>
    /// <param name="starter">Without its order yet.</param>
    /// <exception cref="EngineException">It cannot.</exception>
    public void Admit(StarterProcess starter) => StarterScope.Admit(starter, _id, _path.Path);

    /// <summary>The container is created: its own process keeps the scope from now on.</summary>
    public void Release()
    {
        EndHolder();
        SystemdScope.Update(_path.Unit, _late);
    }

    /// <summary>The container is not created: nothing is left of the unit.</summary>
    public void Undo()
    {
        try
        {
            SystemdScope.Remove(_path.Unit);
        }
        catch (EngineException)
        {
            // The failure of the creation is what the caller has to know. Without its processes the scope ends by itself.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        EndHolder();
        _holder.Dispose();
    }

    // Waited for: a caller that adopts orphans is not to find it among them.
    private void EndHolder()
    {
        _holder.HangUp();
        _holder.WaitForEnd(EndTime);
    }
}
