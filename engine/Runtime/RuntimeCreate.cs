using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Linux;
using Engine.Rootless;
using Engine.Rpc;
using Engine.Rpc.Client;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Spec;
using Engine.State;

namespace Engine.Runtime;

/// <summary>
/// Creation of an unmonitored container, in the process of the caller's command and with its rights. The command's stdio becomes the
/// payload's. On success nothing of ours runs any more but the container stage; on a failure nothing is left; when the command is
/// killed meanwhile, the supervisor sees its sockets close and rolls back.
/// </summary>
public static class RuntimeCreate
{
    // Every look at the status is a connection that the stage takes when it is not frozen.
    private const int Backlog = 1024;

    /// <summary>Creates the container.</summary>
    /// <param name="root">Where its directory is made.</param>
    /// <param name="options">What was asked for.</param>
    /// <param name="warnings">Gets what is no error.</param>
    /// <returns>The terminal's master side, the caller's, when the caller keeps it (<see cref="RuntimeOptions.KeepsTerminal"/>).</returns>
    /// <exception cref="EngineException">With the reason; everything is rolled back.</exception>
    public static SafeFd? Create(StateRoot root, RuntimeOptions options, List<string> warnings)
    {
        byte[] config = CreateClient.ReadConfig(options.Bundle);
        using RootlessEntry? rootless = Identity.EffectiveUid == 0 ? null : RootlessEntry.ForContainer(config);
        using SafeFd? trace = options.Trace is null ? null : CreateClient.OpenTrace(options.Trace);
        using var activation = ActivationFiles.OfCaller(options.PreserveFds);
        ContainerDirectory directory = root.Reserve(options.Id);
        SystemdUnit? unit = null;
        using (directory)
        {
            try
            {
                unit = SystemdUnit.Make(options.SystemdCgroup, options.Id, config);
                CreationClients made = Launch(root, directory, options, activation, config, trace, rootless, unit, warnings);
                unit?.Release();
                return HandOver(made, options);
            }
            catch
            {
                CreateClient.CleanUp(root, directory);
                unit?.Undo();
                throw;
            }
            finally
            {
                unit?.Dispose();
            }
        }
    }

    private static CreationClients Launch(
        StateRoot root, ContainerDirectory directory, RuntimeOptions options, ActivationFiles activation, byte[] config, SafeFd? trace,
        RootlessEntry? rootless, SystemdUnit? unit, List<string> warnings)
    {
        directory.WriteConfig(config);
        using SafeFd listener = UnixSockets.Listen(directory.Descriptor, ContainerDirectory.StartSocket, Backlog, datagrams: true);
        using SafeFd? pidDirectory = options.PidFile is null ? null : CreateClient.OpenParent(options.PidFile, "pid file");
        using SafeFd rootDirectory = root.OpenDirectory();
        (FdChannel hostChannel, SafeFd hostEnd) = FdChannel.Pair();
        (FdChannel containerChannel, SafeFd containerEnd) = FdChannel.Pair();
        using var host = new SupervisorClient(hostChannel);
        using (hostEnd)
        using (containerEnd)
        using (StarterProcess starter = StarterProcess.Start("create", options.Id, SpawnStdio.Inherit, rootless))
        {
            unit?.Admit(starter);
            var launch = new LaunchMessage(LaunchMode.Runtime, options.Id)
            {
                PidLeaf = options.PidFile is null ? "" : Path.GetFileName(options.PidFile),
                Flags = options.DiesWithCaller ? LaunchFlags.DiesWithCaller : LaunchFlags.None,
                Preserved = activation.Descriptors,
            };
            launch.Add(LaunchDescriptor.StateDirectory, directory.Descriptor);
            launch.Add(LaunchDescriptor.PidDirectory, pidDirectory);
            launch.Add(LaunchDescriptor.StateRoot, rootDirectory);
            launch.Add(LaunchDescriptor.HostRpc, hostEnd);
            launch.Add(LaunchDescriptor.ContainerRpc, containerEnd);
            launch.Add(LaunchDescriptor.StartListener, listener);
            starter.Send(launch);
            hostEnd.Dispose();
            containerEnd.Dispose();
            return Drive(starter, host, containerChannel, options, rootless?.Order, unit?.Manager, spec => Amend(spec, directory, options, activation), config, trace, warnings);
        }
    }

    private static CreationClients Drive(
        StarterProcess starter, SupervisorClient host, FdChannel container, RuntimeOptions options, RootlessOrder? rootless, string? systemdManager, Action<RuntimeSpec> amend,
        byte[] config, SafeFd? trace, List<string> warnings)
    {
        var order = new CreateOrder
        {
            Id = options.Id,
            Bundle = options.Bundle,
            PidFile = options.PidFile,
            Uid = Identity.EffectiveUid,
            KeepKeyring = options.KeepKeyring,
            SystemdCgroup = options.SystemdCgroup,
            Unmonitored = true,
            RequiresCgroup = options.RequiresCgroup,
            NoCgroup = options.NoCgroup,
            SystemdManager = systemdManager,
            Workflow = WorkflowChoice.NameOf(rootless is null ? Workflow.Root : Workflow.Rootless),
            Rootless = rootless,
        };
        try
        {
            CreationClients made = CreateContainer.Drive(host, container, trace, () => CreateContainer.Plan(order, config, warnings, amend));

            // It ends at once; a caller that adopts orphans is not to find it among them.
            starter.WaitForEnd(TimeSpan.FromMilliseconds(CreateClient.RollbackMilliseconds));
            return made;
        }
        catch (Exception error)
        {
            CreateContainer.TryAbort(host);
            string? cause = error is PeerLostException ? starter.Receive(out _, CreateClient.RollbackMilliseconds)?.Error : null;
            starter.WaitForEnd(TimeSpan.FromMilliseconds(CreateClient.RollbackMilliseconds));
            if (error is RpcException hook && CreateContainer.IsHook(hook))
            {
                PoststopHooks.RunUndone(config, options.Id, options.Bundle);
            }

            throw Explain(error, cause);
        }
    }

    private static Exception Explain(Exception error, string? cause) => error switch
    {
        RpcException rpc when CreateContainer.PayloadCode(rpc.Operation, rpc.Errno) is > 0 and int code => new PayloadException(Advice.Add(rpc), code, rpc.Path, rpc.Errno),
        RpcException rpc => new EngineException(Advice.Add(rpc), inner: rpc),
        PeerLostException or MessageException => new EngineException(string.IsNullOrEmpty(cause) ? error.Message : cause, inner: error),
        _ => error,
    };

    private static void Amend(RuntimeSpec spec, ContainerDirectory directory, RuntimeOptions options, ActivationFiles activation)
    {
        bool hasTerminal = spec.Process?.Terminal ?? false;
        if (hasTerminal && options.ConsoleSocket is null && !options.KeepsTerminal)
        {
            throw new EngineException("cannot allocate tty if runc will detach without setting console socket");
        }

        if (!hasTerminal && options.ConsoleSocket is not null)
        {
            throw new EngineException("cannot use console socket if runc will not detach or allocate tty");
        }

        activation.AddTo(spec);
        NotifySocket.AddTo(spec, directory);
        if (!options.SystemdCgroup && spec.Linux is { CgroupsPath: null or "" } linux)
        {
            // runc's default: nothing of ours stays above it.
            linux.CgroupsPath = options.Id;
        }
    }

    // The container is there: what fails now ends it again.
    private static SafeFd? HandOver(CreationClients made, RuntimeOptions options)
    {
        if (options.PidfdSocket is not null)
        {
            using SafeFd pidfd = Pidfds.Open(made.Pid);
            DescriptorSocket.Send(options.PidfdSocket, pidfd, "pidfd socket", "pidfd");
        }

        if (made.Terminal is null)
        {
            return null;
        }

        // The caller's own terminal is raw and puts no carriage return before a newline: the container's does.
        if (options.ConsoleSocket is null)
        {
            return made.Terminal;
        }

        using SafeFd terminal = made.Terminal;
        Terminals.PassNewlines(terminal);
        DescriptorSocket.Send(options.ConsoleSocket, terminal, "console socket", "/dev/ptmx");
        return null;
    }
}
