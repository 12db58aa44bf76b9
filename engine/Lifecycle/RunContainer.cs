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
        Create(root, options).ForEach(warn);

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

    private static List<string> Create(StateRoot root, CreateOptions options)
    {
        try
        {
            return [.. CreateClient.Create(root, options).Warnings];
        }
        catch (PayloadException error)
        {
            throw new EngineException(error.Message, error.PayloadCode, error);
        }
    }

    // A program that turned out to be none: the record has the code that a shell would give.
    private static void Start(ContainerHandle container)
    {
        try
        {
            container.Control(control => control.Start());
        }
        catch (EngineException error)
        {
            int? code = container.Refresh().Status == ContainerStatus.Stopped ? container.State.ExitCode : null;
            throw new EngineException(error.Message, code ?? ExitCode.Failure, error);
        }
    }

    private static int? Attend(ContainerHandle container, DetachKeys keys, out bool isDetached)
    {
        using SafeFd payload = Pidfds.Open(container.State.Pid!.Value);
        using AttachClient client = AttachClient.Connect(container.Directory.Descriptor, ContainerDirectory.AttachSocket, isForeground: true);
        using var signals = new SignalForwarding(Forwarded, signal => Pidfds.Signal(payload, signal));
        Start(container);
        AttachOutcome outcome = client.Run(keys, isTerminal: container.State.Engine?.Terminal ?? false);
        isDetached = outcome.IsDetached;
        return outcome.ExitCode;
    }
}
