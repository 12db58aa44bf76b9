using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.State;

namespace Engine.Runtime;

/// <summary>How <c>run</c> treats the container.</summary>
/// <param name="Detach">End as soon as it is started.</param>
/// <param name="Keep">Leave the stopped container's record.</param>
/// <param name="KeepsOrphans">While it runs, processes that lose their parent are left to the next subreaper.</param>
public sealed record RunMode(bool Detach, bool Keep, bool KeepsOrphans);

/// <summary>
/// create and start in one command, and in the foreground wait, passing signals and the terminal on, and delete. The payload is this
/// process's child as soon as the supervisor has ended: the command is its subreaper.
/// </summary>
public static class RuntimeRun
{
    /// <summary>Runs the container and returns the payload's exit code; 0 when it is detached.</summary>
    /// <exception cref="EngineException">It could not be created or started; nothing is left.</exception>
    public static int Run(StateRoot root, RuntimeOptions options, RunMode mode, Action<string> warn)
    {
        if (!mode.Detach)
        {
            Children.KeepStatuses();
            Identity.Adopt(orphans: true);
        }

        var warnings = new List<string>();
        using SafeFd? terminal = RuntimeCreate.Create(root, options, warnings);
        if (!mode.Detach && mode.KeepsOrphans)
        {
            Identity.Adopt(orphans: false);
        }

        warnings.ForEach(warn);
        using ContainerHandle container = ContainerHandle.Open(root, options.Id);
        bool isLeft = false;
        try
        {
            int code = mode.Detach ? Start(container) : Attend(container, terminal);
            isLeft = mode.Detach || mode.Keep;
            return code;
        }
        finally
        {
            if (!isLeft)
            {
                DeleteContainer.Delete(container, force: true).ForEach(warn);
            }
        }
    }

    private static int Start(ContainerHandle container)
    {
        RuntimeStart.Start(container);
        return 0;
    }

    private static int Attend(ContainerHandle container, SafeFd? terminal)
    {
        int pid = container.State.Pid!.Value;
        using SafeFd payload = Pidfds.Open(pid);
        using var signals = new SignalForwarding(SignalForwarding.Everything, signal => Pidfds.Signal(payload, signal));
        RuntimeStart.Start(container, isForeground: true);
        if (terminal is not null)
        {
            TerminalRelay.Run(terminal);
        }

        return Children.WaitFor(pid) ?? throw new EngineException("the container's exit code is unknown: its process is not this command's child");
    }
}
