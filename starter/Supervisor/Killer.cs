using Engine.Shared.Protocol;
using Engine.Starter.Server;
using Engine.Starter.Supervisor.Cgroups;

namespace Engine.Starter.Supervisor;

/// <summary>Kill: signals to the payload, or to every process of the container.</summary>
internal static unsafe class Killer
{
    /// <summary>
    /// Sends the signal. A frozen container gets it when it runs again; SIGKILL on v1, where the freezer would hold it back
    /// as well, thaws at once.
    /// </summary>
    public static bool Kill(int signal, bool all)
    {
        if (signal < 0 || signal > SIGRTMAX)
            return Failure.Call("kill"u8, EINVAL) || Failure.Explain("no such signal"u8);

        bool sent = all ? All(signal) : StageProcess.Signal(signal);
        if (signal == SIGKILL)
            Freezer.ThawForKill();
        return sent;
    }

    private static bool All(int signal)
    {
        bool own = PidNamespace.IsOwn(Facts.Pid);

        // With the first process of a pid namespace all others end; the cgroup ends those that are in it and not in the namespace.
        if (signal == SIGKILL)
        {
            bool killed = own && StageProcess.Signal(SIGKILL);
            return CgroupProcesses.Signal(SIGKILL) || killed || PidNamespace.Signal(Facts.Pid, SIGKILL);
        }

        // Frozen while the list is walked, none can fork out of it.
        bool hold = Facts.Status == ContainerStatus.Running && Freezer.Freeze();
        bool sent = CgroupProcesses.Signal(signal) || (own && PidNamespace.Signal(Facts.Pid, signal));
        if (hold)
            Freezer.ThawQuietly();
        if (sent)
            return true;
        Failure.Call("kill"u8, EOPNOTSUPP);
        return Failure.Explain("the container has neither a cgroup nor a pid namespace of its own that would tell which processes are its"u8);
    }
}
