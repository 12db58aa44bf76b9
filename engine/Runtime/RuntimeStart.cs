using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Linux;
using Engine.Rpc;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Spec;
using Engine.State;

namespace Engine.Runtime;

/// <summary>
/// Start of an unmonitored container: one note to the stage that waits at start.sock. The connection is close-on-exec there, so that its
/// end says that the payload runs; what keeps it from running comes before as a note. Runs with the caller's rights.
/// </summary>
public static class RuntimeStart
{
    private const int SigKill = 9;

    /// <summary>Starts the container, runs its poststart hooks, and passes readiness on.</summary>
    /// <param name="container">A container in status created.</param>
    /// <param name="isForeground">The command stays: nothing waits for READY. Otherwise it returns once the payload has said it, or has ended.</param>
    /// <exception cref="EngineException">
    /// It was started before, the payload cannot be executed (exit code 126 or 127), or a hook failed and the container was ended.
    /// </exception>
    public static void Start(ContainerHandle container, bool isForeground = false)
    {
        NotifySocket? notify = NotifySocket.Listen(container.Directory);
        if (notify is null)
        {
            Order(container);
            Poststart(container);
            return;
        }

        int pid = container.State.Pid!.Value;
        var relay = new Thread(() =>
        {
            using (notify)
            using (SafeFd payload = Pidfds.Open(pid))
            {
                notify.Relay(payload, pid);
            }
        })
        { IsBackground = true };
        Order(container);
        Poststart(container);
        relay.Start();
        if (!isForeground)
        {
            relay.Join();
        }
    }

    private static void Order(ContainerHandle container)
    {
        using FdChannel stage = Connect(container);
        var start = new StageNote { Kind = (uint)StageNoteKind.Start };
        bool begun = false;
        try
        {
            stage.SendMessage(ref start);
            using var message = new ReceivedMessage();
            while (stage.Receive(message) == ReceiveStatus.Received)
            {
                if (message.Read(out StageNote note) != WireStatus.Ok)
                {
                    throw new EngineException("the container stage's answer cannot be read; was the engine replaced since the container was created?");
                }

                begun |= note.Kind == (uint)StageNoteKind.Begun;
                if (note.Kind == (uint)StageNoteKind.Failed)
                {
                    string operation = note.Error.Operation.Decode();
                    int code = CreateContainer.PayloadCode(operation, note.Error.Errno);
                    string text = ErrnoText.Line(operation, note.Error.Path.Decode(), note.Error.Errno, note.Error.Detail.Decode());
                    throw code == 0 ? new EngineException(text) : new PayloadException(text, code, note.Error.Path.Decode(), note.Error.Errno, code);
                }
            }
        }
        catch (SyscallException error) when (error.Errno is Errno.EPIPE or Errno.ECONNRESET)
        {
            // The end, with something unread on the other side.
        }

        if (!begun)
        {
            throw new EngineException("cannot start a container that has run");
        }
    }

    private static FdChannel Connect(ContainerHandle container)
    {
        try
        {
            return new FdChannel(UnixSockets.Connect(container.Directory.Descriptor, ContainerDirectory.StartSocket, datagrams: true));
        }
        catch (SyscallException error) when (error.Errno is Errno.ENOENT or Errno.ECONNREFUSED)
        {
            throw new EngineException("cannot start a container that has run", inner: error);
        }
    }

    // runtime.md, Lifecycle, step 9 (1.3.0): a hook that fails stops the container.
    private static void Poststart(ContainerHandle container)
    {
        HookSpec[] hooks = ConfigLoader.Load(container.Directory.ReadConfig(), ContainerDirectory.ConfigFile).Hooks?.Poststart ?? [];
        for (int i = 0; i < hooks.Length; i++)
        {
            string? failure = CallerHook.Run(hooks[i], container.State with { Status = ContainerStatus.Running });
            if (failure is not null)
            {
                container.Kill(SigKill, all: true);
                throw new EngineException($"hooks.poststart[{i}]: {failure}; the container was ended");
            }
        }
    }
}
