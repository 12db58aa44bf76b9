// Process:      one hook, between fork and execve
// Ids:          those of the process that runs it: root in the host's namespaces (supervisor) or in the container's (container stage); set-uid: the caller's
// Capabilities: its parent's; set-uid: none
// Namespaces:   its parent's
// Trusts:       path, arguments and environment, which the config names; in the root workflow the config is root's word
// Gives up:     every descriptor but stdin (the state document), stdout and stderr (a pipe); our limits for the caller's

using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Policy;
using Engine.Starter.Stages;

namespace Engine.Starter.Hooks;

/// <summary>The child's side of <see cref="HookRun"/>.</summary>
internal static unsafe class HookChild
{
    private const int Failed = 3;

    /// <summary>Never returns. <paramref name="failed"/> gets the errno of an execve that did not work.</summary>
    public static void Run(ref RunHook hook, int state, int output, int failed)
    {
        Stage.Enter(StageId.Hook);
        Sys.setpgid(0, 0);
        // A hook does not outlive the starter that waits for it.
        Sys.prctl(PR_SET_PDEATHSIG, SIGKILL);

        int* wanted = stackalloc int[4];
        wanted[0] = state;
        wanted[1] = output;
        wanted[2] = output;
        wanted[3] = failed;
        bool arranged = DescriptorPlan.Arrange(0, wanted, 4, false);
        if (arranged && CallerLimits.Restore() && (!Rules.Apply || Caller.Drop()))
        {
            // A change of ids clears it.
            Sys.prctl(PR_SET_PDEATHSIG, SIGKILL);
            Sys.fcntl(Failed, F_SETFD, FD_CLOEXEC);
            Sys.lseek(0, 0, SEEK_SET);
            Sys.umask(0x12);
            ulong none = 0;
            Sys.rt_sigprocmask(SIG_SETMASK, &none, null);
            Execute(ref hook);
        }

        int errno = Server.Failure.Errno;
        Sys.write(arranged ? Failed : wanted[3], &errno, sizeof(int));
        Sys.exit_group(255);
    }

    private static void Execute(ref RunHook hook)
    {
        byte** arguments = stackalloc byte*[Limits.HookStrings + 2];
        byte** environment = stackalloc byte*[Limits.HookStrings + 1];
        if (List(hook.Args, arguments) == 0)
        {
            arguments[0] = hook.Path.At;
            arguments[1] = null;
        }

        List(hook.Env, environment);
        int result = Sys.execveat(AT_FDCWD, hook.Path.At, arguments, environment, 0);
        Server.Failure.Call("execve"u8, hook.Path, result);
    }

    // The codec has checked count and terminators.
    private static int List(TextList list, byte** to)
    {
        int cursor = 0, count = 0;
        while (count < Limits.HookStrings && list.Next(ref cursor, out Text element))
            to[count++] = element.At;
        to[count] = null;
        return count;
    }
}
