using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rootless;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.State;

namespace Engine.Lifecycle;

/// <summary>What <c>create</c> and <c>run</c> were asked for. Paths are absolute.</summary>
public sealed record CreateOptions
{
    public required string Id { get; init; }
    public required string Bundle { get; init; }
    public string? SyncSocket { get; init; }
    public string? LogPath { get; init; }
    public LogFormat LogFormat { get; init; } = LogFormat.Kubernetes;
    public string? PidFile { get; init; }
    public bool EmptyProcess { get; init; }

    /// <summary>The container is an instance (docs/instances.md).</summary>
    public bool IsInstance { get; init; }

    /// <summary>
    /// Changes the text of config.json before anything is made of it; what it returns is what the state directory keeps. A text that
    /// it does not understand it returns as it is: the loader says what is wrong.
    /// </summary>
    public Func<byte[], byte[]>? Amend { get; init; }

    /// <summary>What the caller asked for; null to choose.</summary>
    public Workflow? Workflow { get; init; }

    /// <summary>systemd makes the cgroup.</summary>
    public bool SystemdCgroup { get; init; }

    /// <summary>File for the Chrome trace.</summary>
    public string? Trace { get; init; }

    /// <summary>Bytes of output kept for clients that attach later.</summary>
    public uint RingBytes { get; init; } = 64 * 1024;
}

/// <summary>
/// The caller's side of create: reserves the id, opens with the caller's rights everything the others will hold by
/// descriptor, starts the starter and waits for the master's answer. It keeps nothing of the container's, so that the
/// caller's pipes end when it does. On a failure nothing is left behind; when it is killed, the supervisor sees its
/// socket close and rolls back.
/// </summary>
public static class CreateClient
{
    private const int MaxConfig = 16 * 1024 * 1024;
    private const int Backlog = 64;

    // A roll-back waits at most 5 s for a busy cgroup.
    internal const int RollbackMilliseconds = 20_000;

    /// <summary>Creates the container and returns the master's answer.</summary>
    /// <exception cref="EngineException">With the reason; everything is rolled back.</exception>
    public static CreateAnswer Create(StateRoot root, CreateOptions options)
    {
        byte[] config = ReadConfig(options);
        Workflow workflow = WorkflowChoice.ForContainer(options.Workflow, config);
        using RootlessEntry? rootless = workflow == Workflow.Rootless ? RootlessEntry.ForContainer(config) : null;
        using SafeFd? trace = options.Trace is null ? null : OpenTrace(options.Trace);
        using ContainerDirectory directory = root.Reserve(options.Id);
        SystemdUnit? unit = null;
        try
        {
            unit = SystemdUnit.Make(options.SystemdCgroup, options.Id, config);
            CreateAnswer answer = Launch(root, directory, options, config, trace, workflow, rootless, unit);
            unit?.Release();
            return rootless is null ? answer : answer with { Warnings = [.. rootless.Warnings, .. answer.Warnings] };
        }
        catch
        {
            CleanUp(root, directory);
            unit?.Undo();
            throw;
        }
        finally
        {
            unit?.Dispose();
        }
    }

    // The supervisor rolls back, and the directory is gone with that. A supervisor that was killed has left its record, and with it
    // the names of the cgroups it may have made.
    internal static void CleanUp(StateRoot root, ContainerDirectory directory)
    {
        if (directory.ReadState() is null)
        {
            directory.Remove();
            return;
        }

        // The lock is in this descriptor, too, and would say that somebody answers for the container.
        directory.Dispose();
        try
        {
            using ContainerHandle left = ContainerHandle.Open(root, directory.Id);
            DeleteContainer.Delete(left, force: true);
        }
        catch (EngineException)
        {
            // The failure of the creation is what the caller has to know; 'delete --force' tells what stands in the way.
        }
    }

    /// <summary>Reads config.json of the bundle, once, with the changes that were asked for.</summary>
    /// <exception cref="EngineException">As for <see cref="ReadConfig(string)"/>.</exception>
    public static byte[] ReadConfig(CreateOptions options)
    {
        byte[] config = ReadConfig(options.Bundle);
        return options.Amend is null ? config : options.Amend(config);
    }

    /// <summary>Reads config.json of a bundle, once.</summary>
    /// <exception cref="EngineException">No bundle, no config, not a file, too large.</exception>
    public static byte[] ReadConfig(string bundle)
    {
        string path = Path.Combine(bundle, ContainerDirectory.ConfigFile);
        if (!Directory.Exists(bundle))
        {
            throw new EngineException($"bundle {bundle}: no such directory");
        }

        try
        {
            using SafeFd file = Files.Open(path, fcntl_h.O_RDONLY | fcntl_h.O_NONBLOCK);
            return Files.ReadAll(file, path, MaxConfig);
        }
        catch (SyscallException error)
        {
            throw new EngineException($"{error.Message}: the bundle needs a readable config.json", inner: error);
        }
    }

    private static CreateAnswer Launch(
        StateRoot root, ContainerDirectory directory, CreateOptions options, byte[] config, SafeFd? trace, Workflow workflow, RootlessEntry? rootless,
        SystemdUnit? unit)
    {
        string logPath = options.LogPath ?? directory.PathOf(options.Id + ".log");
        directory.WriteConfig(config);
        using SafeFd configCopy = Files.OpenIn(directory.Descriptor, ContainerDirectory.ConfigFile, fcntl_h.O_RDONLY);
        using SafeFd control = UnixSockets.Listen(directory.Descriptor, ContainerDirectory.ControlSocket, Backlog);
        using SafeFd attach = UnixSockets.Listen(directory.Descriptor, ContainerDirectory.AttachSocket, Backlog);
        using SafeFd logDirectory = OpenParent(logPath, "log");
        using SafeFd? pidDirectory = options.PidFile is null ? null : OpenParent(options.PidFile, "pid file");
        using SafeFd self = Installation.OpenSelf();
        using SafeFd pump = Installation.OpenPump();
        using SafeFd rootDirectory = root.OpenDirectory();
        (FdChannel request, SafeFd masterEnd) = FdChannel.Pair();
        using (request)
        {
            using StarterProcess starter = StarterProcess.Start("create", options.Id, SpawnStdio.Null, rootless, workflow == Workflow.Setuid);
            unit?.Admit(starter);
            var launch = new LaunchMessage(LaunchMode.Create, options.Id)
            {
                LogLeaf = Path.GetFileName(logPath),
                LogFormat = options.LogFormat,
                PidLeaf = options.PidFile is null ? "" : Path.GetFileName(options.PidFile),
                SyncSocket = options.SyncSocket ?? "",
                RingBytes = options.RingBytes,
            };
            launch.Add(LaunchDescriptor.MasterExe, self);
            launch.Add(LaunchDescriptor.PumpExe, pump);
            launch.Add(LaunchDescriptor.StateDirectory, directory.Descriptor);
            launch.Add(LaunchDescriptor.ControlListener, control);
            launch.Add(LaunchDescriptor.AttachListener, attach);
            launch.Add(LaunchDescriptor.LogDirectory, logDirectory);
            launch.Add(LaunchDescriptor.PidDirectory, pidDirectory);
            launch.Add(LaunchDescriptor.RequestSocket, masterEnd);
            launch.Add(LaunchDescriptor.StateRoot, rootDirectory);
            starter.Send(launch);
            masterEnd.Dispose();

            SendOrder(request, configCopy, trace, new CreateOrder
            {
                Id = options.Id,
                Bundle = options.Bundle,
                StateDirectory = directory.Path,
                LogPath = logPath,
                LogFormat = options.LogFormat.ToString().ToLowerInvariant(),
                PidFile = options.PidFile,
                EmptyProcess = options.EmptyProcess,
                Instance = options.IsInstance,
                SystemdCgroup = options.SystemdCgroup,
                SystemdManager = unit?.Manager,
                Workflow = WorkflowChoice.NameOf(workflow),
                Rootless = rootless?.Order,
                Uid = Identity.EffectiveUid,
                Trace = trace is not null,
            });
            CreateAnswer answer = ReadAnswer(request, starter);
            if (answer.Pid == 0)
            {
                // The roll-back is the supervisor's; its end says that it is done.
                starter.WaitForEnd(TimeSpan.FromMilliseconds(RollbackMilliseconds));
                if (answer.HookFailed)
                {
                    PoststopHooks.RunUndone(config, options.Id, options.Bundle);
                }

                string text = string.Join('\n', answer.Errors);
                throw answer.PayloadCode == 0 ? new EngineException(text, answer.ExitCode) : new PayloadException(text, answer.PayloadCode);
            }

            return answer;
        }
    }

    private static void SendOrder(FdChannel request, SafeFd config, SafeFd? trace, CreateOrder order)
    {
        byte[] json = OrderJson.Write(order);
        try
        {
            request.Send(json, trace is null ? [config.Value] : [config.Value, trace.Value]);
        }
        catch (SyscallException error) when (error.Errno is Errno.EPIPE or Errno.ECONNRESET)
        {
            // The starter failed before it had a master; what it said is read next.
        }
    }

    private static CreateAnswer ReadAnswer(FdChannel request, StarterProcess starter)
    {
        using var message = new ReceivedMessage();
        if (request.Receive(message) == ReceiveStatus.Received)
        {
            return OrderJson.ReadAnswer(message.Bytes);
        }

        // The master ended without a word. If the starter had one of its own, that is the cause.
        string? cause = starter.Receive(out _, RollbackMilliseconds)?.Error;
        starter.WaitForEnd(TimeSpan.FromMilliseconds(RollbackMilliseconds));
        throw new EngineException(string.IsNullOrEmpty(cause) ? "the master ended before the container was created" : cause);
    }

    internal static SafeFd OpenTrace(string path)
    {
        try
        {
            return Files.Open(path, fcntl_h.O_WRONLY | fcntl_h.O_CREAT | fcntl_h.O_TRUNC, 0x1b6);
        }
        catch (SyscallException error)
        {
            throw new EngineException($"trace file: {error.Message}", inner: error);
        }
    }

    internal static SafeFd OpenParent(string path, string what)
    {
        string? parent = Path.GetDirectoryName(path);
        if (string.IsNullOrEmpty(parent) || Path.GetFileName(path).Length == 0)
        {
            throw new EngineException($"{what} {path}: names no file");
        }

        try
        {
            return Files.Open(parent, fcntl_h.O_PATH | O_DIRECTORY);
        }
        catch (SyscallException error)
        {
            throw new EngineException($"{what} {path}: {error.Message}", inner: error);
        }
    }
}
