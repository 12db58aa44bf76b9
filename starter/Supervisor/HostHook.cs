using Engine.Shared.Protocol;
using Engine.Starter.Hooks;
using Engine.Starter.Server;

namespace Engine.Starter.Supervisor;

/// <summary>RunHook on the host: in our namespaces, from the loop, one at a time.</summary>
internal static unsafe class HostHook
{
    private static HookRun s_run;

    /// <summary>How many poststart hooks the master is still to ask for, by what it said with Start.</summary>
    public static uint Due;

    /// <summary>The hook's process; 0 for none.</summary>
    public static int Pid => s_run.Running ? s_run.Pid : 0;

    /// <summary>What to poll for POLLIN; -1 for nothing.</summary>
    public static int Output => s_run.Running ? s_run.Output : -1;

    /// <summary>When <see cref="Step"/> is due at the latest.</summary>
    public static long Deadline => s_run.Deadline;

    /// <summary>Starts what the request asks for.</summary>
    public static bool Begin(ref RpcServer server)
    {
        if (Due != 0)
            Due--;
        RunHook request = default;
        if (!server.Params(ref request))
            return false;
        if (!StateDocument.Present)
            return Failure.Refuse("RunHook"u8, "SaveState comes first"u8);
        int state = StateDocument.ForHook(new ReadOnlySpan<byte>(request.Status.At, request.Status.Length), Facts.Pid);
        if (state < 0)
            return false;
        bool begun = s_run.Begin(ref request, state);
        Sys.close(state);
        return begun;
    }

    /// <summary>Takes its output, and ends it when its time is over.</summary>
    public static void Step()
    {
        if (s_run.Running)
            s_run.Step();
    }

    /// <summary>It was reaped: its request is answered.</summary>
    public static void Reaped(ref siginfo_t info)
    {
        s_run.Reaped(ref info);
        HostServer.Complete(s_run.Finish());
    }

    /// <summary>Kills it and waits for its end.</summary>
    public static void End()
    {
        if (!s_run.Running)
            return;
        s_run.Kill();
        s_run.Wait();
    }
}
