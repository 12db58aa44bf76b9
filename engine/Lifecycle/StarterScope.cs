using Engine.Cgroups;
using Engine.Cgroups.Systemd;
using Engine.Diagnostics;

namespace Engine.Lifecycle;

/// <summary>
/// Where an ordinary user's starter stands in the cgroup tree. It can put a process into a cgroup only from a place below the same
/// delegated part of the tree; a login session's scope is not below the user's manager, and neither is a cron job. From there the manager
/// takes the starter over, before it gets its order; the command itself stays where it is. Runs in the command, with the caller's rights.
/// </summary>
internal static class StarterScope
{
    /// <summary>Makes sure that <paramref name="starter"/> can put its children into the cgroup.</summary>
    /// <param name="starter">Without its order yet.</param>
    /// <param name="id">Of the container, for people.</param>
    /// <param name="path">The container's cgroup below the mountpoint of cgroup2.</param>
    /// <exception cref="EngineException">It cannot, and the user's manager does not help.</exception>
    public static void Admit(StarterProcess starter, string id, string path)
    {
        if (!SystemdManager.IsUsers)
        {
            return;
        }

        CgroupLayout layout = CgroupLayout.Read();
        if (DelegatedCgroup.Reaches(layout, path))
        {
            return;
        }

        try
        {
            SystemdScope.Adopt(starter.Pid, "engine starter of " + id);
        }
        catch (CgroupException error)
        {
            throw new CgroupException(
                $"no process can be put into the cgroup {path} from {layout.Unified?.OwnPath}, which is outside of what is delegated to you, and your systemd does not help: {(error.InnerException ?? error).Message}",
                "call it from inside (systemd-run --user --scope COMMAND), or with the XDG_RUNTIME_DIR of a login session", error);
        }
    }
}
