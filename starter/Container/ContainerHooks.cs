using Engine.Shared.Protocol;
using Engine.Starter.Hooks;
using Engine.Starter.Server;
using Engine.Starter.Supervisor;

namespace Engine.Starter.Container;

/// <summary>
/// createContainer and startContainer hooks: in the container's namespaces, with the pid that the container knows this process by.
/// </summary>
internal static unsafe class ContainerHooks
{
    /// <summary>
    /// Runs one to its end. Its path is looked up in this process's root: the host's tree before EnterRoot, the container's afterwards.
    /// </summary>
    public static bool Run(ref RunHook hook)
    {
        int state = StateDocument.ForHook(new ReadOnlySpan<byte>(hook.Status.At, hook.Status.Length), Sys.getpid());
        if (state < 0)
            return false;
        HookRun run = default;
        bool begun = run.Begin(ref hook, state);
        Sys.close(state);
        return begun && run.Wait();
    }
}
