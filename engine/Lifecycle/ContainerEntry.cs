using System.Globalization;
using Engine.Cgroups;
using Engine.Linux;
using Engine.Rootless;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.State;

namespace Engine.Lifecycle;

/// <summary>
/// The way of a one-shot starter into a running container (decision 0011): the pidfd of its first process, the namespaces and the cgroups to
/// join. The descriptor is opened before anything is looked at, and the process is seen to be the recorded one with it in hand.
/// </summary>
internal sealed class ContainerEntry : IDisposable
{
    private readonly ContainerHandle _container;
    private readonly string _purpose;

    private ContainerEntry(ContainerHandle container, string purpose, SafeFd init)
    {
        _container = container;
        _purpose = purpose;
        Init = init;
    }

    /// <summary>pidfd of the container's first process.</summary>
    public SafeFd Init { get; }

    /// <summary>Its pid on the host.</summary>
    public int Pid => _container.State.Pid!.Value;

    /// <summary>The namespaces to join, as CLONE_NEW* flags; known once the starter was started.</summary>
    public ulong Namespaces { get; private set; }

    /// <summary>Opens the way.</summary>
    /// <param name="container">A container whose status allows it.</param>
    /// <param name="purpose">The verb, for messages and for ps.</param>
    /// <exception cref="ContainerException">Its process is gone.</exception>
    public static ContainerEntry Open(ContainerHandle container, string purpose)
    {
        SafeFd init = OpenProcess(container.State.Pid ?? 0) ?? throw Gone(container, purpose);
        if (Liveness.PayloadLives(container.State))
        {
            return new ContainerEntry(container, purpose, init);
        }

        init.Dispose();
        throw Gone(container, purpose);
    }

    /// <summary>Starts a starter with the container's workflow, for an ordinary user in the container's user namespace.</summary>
    /// <param name="stdio">What it gets.</param>
    /// <param name="makesMounts">An ordinary user's starter gets a mount namespace of its own, in which it may clone mounts.</param>
    /// <exception cref="Diagnostics.EngineException">It finds no way in, or cannot put a process into the container's cgroup.</exception>
    public StarterProcess Start(SpawnStdio stdio, bool makesMounts = false)
    {
        Workflow workflow = WorkflowChoice.Of(_container.State);
        using RootlessEntry? rootless = workflow == Workflow.Rootless ? RootlessEntry.ForProcess(Pid, makesMounts) : null;
        Namespaces = JoinMask(Pid, rootless);
        StarterProcess starter = StarterProcess.Start(_purpose, _container.Id, stdio, rootless, workflow == Workflow.Setuid);
        try
        {
            if (workflow != Workflow.Setuid && _container.Slots().FirstOrDefault(slot => slot.Version == CgroupVersion.V2) is { } unified)
            {
                StarterScope.Admit(starter, _container.Id, unified.Path);
            }

            return starter;
        }
        catch
        {
            starter.Dispose();
            throw;
        }
    }

    /// <summary>Sends the second datagram.</summary>
    /// <param name="starter">From <see cref="Start"/>, with the launch record sent.</param>
    /// <param name="cgroups">The container's cgroups, or some below them.</param>
    public void SendCgroups(StarterProcess starter, SubCgroups cgroups)
    {
        IReadOnlyList<CgroupSlot> slots = _container.Slots();
        uint unified = 0;
        for (int i = 0; i < slots.Count; i++)
        {
            unified |= slots[i].Version == CgroupVersion.V2 ? 1u << i : 0;
        }

        List<SafeFd> directories = cgroups.Open(slots, Pid);
        try
        {
            foreach (string group in _container.State.Engine?.ResctrlGroups ?? [])
            {
                directories.Add(Files.Open(group, fcntl_h.O_PATH | O_DIRECTORY | O_NOFOLLOW));
            }

            starter.SendCgroups(directories, unified);
        }
        finally
        {
            directories.ForEach(directory => directory.Dispose());
        }
    }

    /// <summary>The container's process has ended meanwhile.</summary>
    public static ContainerException Gone(ContainerHandle container, string purpose, Exception? inner = null) =>
        new(ContainerProblem.NotRunning, $"cannot {purpose} in container \"{container.Id}\": its process is gone", inner);

    /// <summary>A pidfd; null when there is no such process.</summary>
    public static SafeFd? OpenProcess(int pid)
    {
        try
        {
            return Pidfds.Open(pid);
        }
        catch (SyscallException error) when (error.Errno is Errno.ESRCH or Errno.EINVAL)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Init.Dispose();

    // The namespaces of the process that are not ours: joining one's own fails or does nothing.
    private static ulong JoinMask(int pid, RootlessEntry? rootless)
    {
        ulong mask = 0;
        foreach ((string file, string type) in new[]
                 {
                     ("mnt", "mount"), ("pid", "pid"), ("net", "network"), ("ipc", "ipc"), ("uts", "uts"), ("user", "user"), ("cgroup", "cgroup"), ("time", "time"),
                 })
        {
            string theirs = Files.ReadLink(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/ns/{file}"));
            if (theirs.Length > 0 && theirs != Files.ReadLink("/proc/self/ns/" + file))
            {
                mask |= NamespaceSteps.FlagOf(type);
            }
        }

        // The starter joins that one before everything else.
        bool isIn = rootless?.Namespace is { } user && UserNamespaces.Has(user, pid);
        return isIn ? mask & ~NamespaceSteps.FlagOf("user") : mask;
    }
}
