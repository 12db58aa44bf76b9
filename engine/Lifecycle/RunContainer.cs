using Engine.Attach;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.State;

namespace Engine.Lifecycle;

/// <summary>
/// create, attach, start, wait, delete, in one command. It attaches before it starts, so that not a byte of output is
/// missed, and stands for the payload's own stdout: the payload waits for it rather than losing output. Whatever goes
/// wrong after create, the container is removed.
/// </summary>
public static class RunContainer
{
    // As with exec; SIGWINCH is the attach client's.
    private static readonly int[] Forwarded = [1, 2, 3, 10, 12, 14, 15];

    /// <summary>Runs the container to its end and returns the payload's exit code.</summary>
    public static int Run(StateRoot root, CreateOptions options, DetachKeys keys, Action<string> warn)
    {
        foreach (string warning in CreateClient.Create(root, options).Warnings)
        {
            warn(warning);
        }

        using ContainerHandle container = ContainerHandle.Open(root, options.Id);
        bool isDetached = false;
        try
        {
            int? code = Attend(container, keys, out isDetached);
            if (isDetached)
            {
                return 0;
            }

            StateDocument ended = container.WaitUntilStopped();
            return code ?? ended.ExitCode ?? ExitCode.Failure;
        }
        finally
        {
            if (!isDetached)
            {
                DeleteContainer.Delete(container, force: true).ForEach(warn);
            }
        }
    }

    private static int? Attend(ContainerHandle container, DetachKeys keys, out bool isDetached)
    {
        using SafeFd payload = Pidfds.Open(container.State.Pid!.Value);
        using AttachClient client = AttachClient.Connect(container.Directory.Descriptor, ContainerDirectory.AttachSocket, isForeground: true);
        using var signals = new SignalForwarding(Forwarded, signal => Pidfds.Signal(payload, signal));
        container.Control(control => control.Start());
        AttachOutcome outcome = client.Run(keys, isTerminal: container.State.Engine?.Terminal ?? false);
        isDetached = outcome.IsDetached;
        return outcome.ExitCode;
    }
}
