using Engine.Shared.Protocol;
using Engine.Starter.Server;

namespace Engine.Starter.Payload;

/// <summary>
/// The payload that is no program: first process of its pid namespace, so that others can be executed in it. Reaps what is left to it and
/// ends on SIGINT and SIGTERM.
/// </summary>
internal static unsafe class EmptyProcess
{
    /// <summary>Never returns. Every signal is blocked: they are taken one by one.</summary>
    public static void Run(int link)
    {
        StageLink.Send(link, StageNoteKind.Running);
        Sys.close(link);

        ulong wanted = sigmask(SIGCHLD) | sigmask(SIGINT) | sigmask(SIGTERM);
        while (true)
        {
            siginfo_t info;
            int signal = Sys.rt_sigtimedwait(&wanted, &info, null);
            if (signal == SIGINT || signal == SIGTERM)
                Sys.exit_group(0);
            int status;
            while (Sys.wait4(-1, &status, WNOHANG, null) > 0)
            {
            }
        }
    }
}
