using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Setuid;
using Engine.Shared.Linux;
using Engine.Spec;
using Engine.State;

namespace Engine.Lifecycle;

/// <summary>How the starter comes by its privilege.</summary>
public enum Workflow
{
    /// <summary>The caller is uid 0, of the machine or of the user namespace that this process is in.</summary>
    Root,

    /// <summary>An ordinary user through the set-uid starter: no user namespace; the site's rules decide.</summary>
    Setuid,

    /// <summary>An ordinary user as root of a user namespace: the kernel decides.</summary>
    Rootless,
}

/// <summary>
/// The one place that says which workflow a command uses. Root needs none of the others. An ordinary user's container is rootless when its
/// configuration has a user namespace or no usable set-uid starter is installed, else set-uid; the caller may name one. What is recorded
/// with a container holds for every later command on it.
/// </summary>
public static class WorkflowChoice
{
    // ST_NOSUID, sys/statvfs.h.
    private const ulong NoSuid = 2;

    /// <summary>The names, as the command line and the state have them.</summary>
    public static readonly (string Name, Workflow Workflow)[] Names =
        [("root", Workflow.Root), ("setuid", Workflow.Setuid), ("rootless", Workflow.Rootless)];

    /// <summary>The workflow of a container that is to be created.</summary>
    /// <param name="asked">What the caller named; null for nothing.</param>
    /// <param name="config">The bytes of config.json; parsed only where the answer depends on it.</param>
    /// <exception cref="EngineException">The caller named one that is not to be had.</exception>
    public static Workflow ForContainer(Workflow? asked, byte[] config)
    {
        if (Identity.EffectiveUid == 0)
        {
            return asked is null or Workflow.Root
                ? Workflow.Root
                : throw new EngineException($"--workflow {NameOf(asked.Value)}: it is for ordinary users, and you are root");
        }

        string? obstacle = SetuidObstacle();
        return asked switch
        {
            Workflow.Root => throw new EngineException("--workflow root: you are not root"),
            Workflow.Setuid => obstacle is null ? Workflow.Setuid : throw new EngineException($"--workflow setuid: {obstacle}"),
            Workflow.Rootless => Workflow.Rootless,
            _ => (obstacle ?? SiteObstacle()) is null && !HasUserNamespace(config) ? Workflow.Setuid : Workflow.Rootless,
        };
    }

    /// <summary>The workflow of a container that exists.</summary>
    public static Workflow Of(StateDocument state)
    {
        int known = Array.FindIndex(Names, entry => entry.Name == state.Engine?.Workflow);
        return known >= 0 ? Names[known].Workflow : Workflow.Root;
    }

    /// <summary>As the command line and the state have it.</summary>
    public static string NameOf(Workflow workflow) => Names.First(entry => entry.Workflow == workflow).Name;

    /// <summary>Absolute path of the set-uid starter, whether it is there or not.</summary>
    public static string SetuidPath => Installation.PathOf(Installation.SetuidStarter);

    /// <summary>
    /// Why the set-uid starter cannot be used; null when it can. Looks at this process and at the file: what the site allows is
    /// <see cref="SiteObstacle"/>'s, and the starter's to say.
    /// </summary>
    public static string? SetuidObstacle()
    {
        if (Identity.IsInUserNamespace || Identity.HasNoNewPrivileges)
        {
            return Identity.IsInUserNamespace ? "in a user namespace the set-uid bit gives nothing" : "no_new_privs is set for this process: the set-uid bit gives nothing";
        }

        string path = SetuidPath;
        try
        {
            using SafeFd file = Files.Open(path, fcntl_h.O_PATH | O_NOFOLLOW);
            FileStat stat = Files.Stat(file);
            if (!stat.IsRegular || stat.Uid != 0 || (stat.Mode & stat_h.S_ISUID) == 0)
            {
                return $"{path} is not a set-uid program of root's; './build.sh install --setuid' makes it one";
            }

            return (Files.MountFlags(file) & NoSuid) == 0 ? null : $"{path} is on a mount with the option nosuid";
        }
        catch (SyscallException error)
        {
            return $"{error.Message}; './build.sh install --setuid' installs it";
        }
    }

    /// <summary>Why engine.conf, as far as this user can read it, does not offer the set-uid workflow; null when it may.</summary>
    public static string? SiteObstacle()
    {
        SiteFile site = SiteFile.Read(SiteFile.DefaultPath);
        return site.AllowsSetuid || site.IsHidden ? null : site.Problems.Count > 0 ? site.Problems[0] : $"{SiteFile.DefaultPath} does not say allow_setuid = yes";
    }

    private static bool HasUserNamespace(byte[] config) => ConfigLoader.Load(config, "config.json").Linux?.Namespace("user") is not null;
}
