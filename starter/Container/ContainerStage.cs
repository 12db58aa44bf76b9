// Process:      container stage: a fork of the supervisor inside the container's namespaces; becomes the payload by execve
// Ids:          root of the container's user namespace (the host's root when that was not unshared)
// Capabilities: all, in that user namespace, until Payload sets the configured ones
// Namespaces:   the container's; the cgroup namespace is unshared here, after the supervisor has put the process into its cgroups
// Trusts:       the supervisor (stage link); the master's requests only as far as they stay inside the container (RootPath, Phase)
// Gives up:     the host's mounts at EnterRoot, the RPC socket at Finish, everything else on the way to execve

using Engine.Shared.Protocol;
using Engine.Starter.Payload;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Container;

/// <summary>The container stage from its first instruction to the payload's: set-up, RPC server, wait for Start.</summary>
internal static unsafe class ContainerStage
{
    // Exit codes that nobody but the supervisor sees, and only when the note with the reason did not get through.
    private const int Refused = 255;

    private static StageContext s_context;
    private static int s_link;

    /// <summary>The container's root is this process's root.</summary>
    public static bool Entered { get; set; }

    /// <summary>The payload gets a terminal.</summary>
    public static bool Terminal => s_context.Terminal;

    /// <summary>Runs the stage. Never returns.</summary>
    public static void Run(ref StageContext context)
    {
        Stage.Enter(StageId.Container);
        s_context = context;
        s_link = StageContext.Link;
        if (!Begin())
            End();
        if (!ContainerServer.Run(Phase.Fresh))
            End();
        if (!StartOrder.Await())
            End();
        if (!StartHooks.Run())
            End();

        Stage.Enter(StageId.Payload);
        bool userNamespace = Owns(CLONE_NEWUSER);
        if (!PayloadStdio.Take(s_context.Terminal) || !PayloadProcess.Apply(userNamespace, ref s_link))
            End();
        PayloadProcess.Execute(s_link);
        End();
    }

    /// <summary>Start comes from the supervisor; otherwise the stage outlives it.</summary>
    public static bool Monitored => s_context.Monitored;

    /// <summary>
    /// True for a namespace of the container's own: made for it, or joined and not the supervisor's. Only in those may anything be changed
    /// that others would see.
    /// </summary>
    public static bool Owns(ulong kind) => ((s_context.NewNamespaces | s_context.JoinedNamespaces) & kind) != 0;

    /// <summary>The supervisor is gone: nobody would take care of this process. Does not return.</summary>
    public static void Orphaned() => Sys.exit_group(Refused);

    // The failure goes to the supervisor and from there to the one who asked; a supervisor that is gone makes no difference any more.
    private static void End()
    {
        StageLink.SendFailure(s_link, StageNoteKind.Failed);
        Sys.exit_group(PayloadProcess.ExitCode);
    }

    private static bool Begin()
    {
        // Every mode in this stage is meant exactly.
        Sys.umask(0);
        if ((s_context.Terminal && !PayloadStdio.Reserve()) || !StartOrder.AwaitGo() || !TakeIdentity())
            return false;

        if ((s_context.NewNamespaces & CLONE_NEWCGROUP) != 0)
        {
            int result = Sys.unshare(CLONE_NEWCGROUP);
            if (result < 0)
                return Failure.Call("unshare(CLONE_NEWCGROUP)"u8, result);
        }

        int session = Sys.setsid();
        // EPERM: the supervisor's fork is a process group leader already.
        if (session < 0 && session != -EPERM)
            return Failure.Call("setsid"u8, session);
        return !s_context.LoopbackUp || Loopback.Up();
    }

    // In a user namespace this process is nobody until the maps are there. Its supervisor's ids are not mapped, and a process with
    // unmapped ids could be traced by the namespace's root (CVE-2015-8709).
    private static bool TakeIdentity()
    {
        if (!Owns(CLONE_NEWUSER))
            return true;
        if (!Privileges.Become(0, 0, null, 0, true) || !Privileges.RaiseEffective())
            return false;
        // A change of ids clears it.
        int result = Sys.prctl(PR_SET_PDEATHSIG, SIGKILL);
        return result >= 0 ? StartOrder.SupervisorLives() : Failure.Call("prctl(PR_SET_PDEATHSIG)"u8, result);
    }
}
