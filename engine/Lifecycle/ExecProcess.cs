using System.Globalization;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Spec;
using Engine.State;

namespace Engine.Lifecycle;

/// <summary>What <c>exec</c> was asked for.</summary>
public sealed record ExecOptions
{
    public required IReadOnlyList<string> Args { get; init; }
    public bool Terminal { get; init; }
    public string? User { get; init; }
    public string? Cwd { get; init; }
    public IReadOnlyList<string> Env { get; init; } = [];
    public bool Detach { get; init; }
    public string? PidFile { get; init; }
}

/// <summary>
/// A further process in a running container: the stored process with other arguments, in the container's namespaces and
/// cgroups. A one-shot starter joins and executes; this side says what, shows the terminal and passes signals on. The
/// configuration is the copy made at create, never the bundle's of today.
/// </summary>
public static class ExecProcess
{
    private const int PidFileMode = 0x1a4;

    // Signals that are passed on to the process; what cannot be caught, and what concerns only our own children, is not among them.
    private static readonly int[] Forwarded = [1, 2, 3, 10, 12, 14, 15];

    /// <summary>Runs the process and returns its exit code (128+signal), 126/127 when it cannot be executed or found.</summary>
    public static int Run(ContainerHandle container, ExecOptions options)
    {
        StateDocument state = container.State;
        if (!Liveness.PayloadLives(state))
        {
            throw new ContainerException(ContainerProblem.NotRunning, $"cannot exec in container \"{container.Id}\": its process is gone");
        }

        RuntimeSpec spec = ConfigLoader.Load(container.Directory.ReadConfig(), ContainerDirectory.ConfigFile);
        using SafeFd init = Pidfds.Open(state.Pid!.Value);
        using ContainerRoot root = ContainerRoot.Open(state.Pid.Value);
        if (!Liveness.PayloadLives(state))
        {
            throw new ContainerException(ContainerProblem.NotRunning, $"cannot exec in container \"{container.Id}\": its process is gone");
        }

        ProcessSpec process = Compose(spec, options, root);
        var warnings = new List<string>();
        ProcessDescription description = ProcessSteps.Describe(process, spec.Linux ?? new LinuxSpec(), warnings);
        description.Keyring = "_ses." + container.Id;
        SchedulingSteps.DescribeAffinity(description, process.ExecCpuAffinity);
        using SafeFd plan = ProcessPlanWriter.Write(description, "exec");
        return Launch(container, options, init, plan, JoinMask(state.Pid.Value));
    }

    private static int Launch(ContainerHandle container, ExecOptions options, SafeFd init, SafeFd plan, ulong mask)
    {
        bool ownStdio = options.Terminal || options.Detach;
        using StarterProcess starter = StarterProcess.Start("exec", container.Id, ownStdio ? SpawnStdio.Null : SpawnStdio.Inherit);
        TerminalSize? size = options.Terminal ? Terminals.Size(0) : null;
        var launch = new LaunchMessage(LaunchMode.Exec, container.Id)
        {
            Flags = (options.Terminal ? LaunchFlags.Terminal : 0) | (options.Detach ? LaunchFlags.Detach : 0),
            Namespaces = mask,
            Rows = size?.Rows ?? 0,
            Columns = size?.Columns ?? 0,
        };
        launch.Add(LaunchDescriptor.InitPidfd, init);
        launch.Add(LaunchDescriptor.ProcessPlan, plan);
        starter.Send(launch);
        SendCgroups(starter, container.State);

        LaunchOutcome started = starter.Receive(out SafeFd? terminal) ?? throw new EngineException("the starter ended without a word");
        using (terminal)
        {
            if (started.Kind == 1)
            {
                throw new EngineException(started.Error, started.ExitCode is 0 ? ExitCode.Failure : started.ExitCode);
            }

            WritePidFile(options.PidFile, started.Pid);
            return options.Detach ? 0 : Attend(starter, started, terminal);
        }
    }

    private static int Attend(StarterProcess starter, LaunchOutcome started, SafeFd? terminal)
    {
        using SafeFd? process = OpenProcess(started.Pid);
        using var signals = new SignalForwarding(Forwarded, signal =>
        {
            if (process is not null)
            {
                Pidfds.Signal(process, signal);
            }
        });
        if (terminal is not null)
        {
            TerminalRelay.Run(terminal);
        }

        LaunchOutcome? ended = starter.Receive(out SafeFd? nothing);
        nothing?.Dispose();
        return ended is { Kind: 2 } ? ended.ExitCode : throw new EngineException("the starter ended before the process did; its exit code is unknown");
    }

    private static SafeFd? OpenProcess(int pid)
    {
        try
        {
            return Pidfds.Open(pid);
        }
        catch (SyscallException error) when (error.Errno == Errno.ESRCH)
        {
            return null;
        }
    }

    private static ProcessSpec Compose(RuntimeSpec spec, ExecOptions options, ContainerRoot root)
    {
        ProcessSpec stored = spec.Process ?? throw new EngineException("the container's config has no process");
        ProcessSpec process = stored with
        {
            Args = [.. options.Args],
            Terminal = options.Terminal,
            Cwd = options.Cwd ?? stored.Cwd,
            Env = [.. stored.Env, .. options.Env],
            ConsoleSize = null,
        };
        foreach (string entry in options.Env)
        {
            if (entry.IndexOf('=') < 1)
            {
                throw new UsageException($"--env {Printable.Of(entry)}: must be KEY=VALUE");
            }
        }

        if (!process.Cwd.StartsWith('/'))
        {
            throw new UsageException($"--cwd {Printable.Of(process.Cwd)}: must be absolute");
        }

        return options.User is null ? process : process with { User = root.Resolve(options.User, stored.User) };
    }

    private static void SendCgroups(StarterProcess starter, StateDocument state)
    {
        var directories = new List<SafeFd>();
        uint unified = 0;
        try
        {
            foreach (CgroupRecord cgroup in state.Engine?.Cgroups ?? [])
            {
                if (cgroup.Unified)
                {
                    unified |= 1u << directories.Count;
                }

                directories.Add(Files.Open($"{cgroup.Mountpoint}/{cgroup.Path.TrimStart('/')}", fcntl_h.O_PATH | O_DIRECTORY | O_NOFOLLOW));
            }

            foreach (string group in state.Engine?.ResctrlGroups ?? [])
            {
                directories.Add(Files.Open(group, fcntl_h.O_PATH | O_DIRECTORY | O_NOFOLLOW));
            }

            starter.SendCgroups(directories, unified);
        }
        finally
        {
            directories.ForEach(directory => directory.Dispose());
        }
    }

    /// <summary>The namespaces of a process that are not ours, as CLONE_NEW* flags: joining one's own fails or does nothing.</summary>
    private static ulong JoinMask(int pid)
    {
        ulong mask = 0;
        foreach ((string file, string type) in new[]
                 {
                     ("mnt", "mount"), ("pid", "pid"), ("net", "network"), ("ipc", "ipc"), ("uts", "uts"), ("user", "user"), ("cgroup", "cgroup"), ("time", "time"),
                 })
        {
            string theirs = Files.ReadLink(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/ns/{file}"));
            if (theirs.Length > 0 && theirs != Files.ReadLink("/proc/self/ns/" + file))
            {
                mask |= NamespaceSteps.FlagOf(type);
            }
        }

        return mask;
    }

    private static void WritePidFile(string? path, int pid)
    {
        if (path is null)
        {
            return;
        }

        // A new file under another name, then rename: a link that was planted at the path is replaced, not followed.
        string temporary = $"{path}.{Environment.ProcessId}.tmp";
        using (SafeFd file = Files.Open(temporary, fcntl_h.O_WRONLY | fcntl_h.O_CREAT | fcntl_h.O_EXCL | O_NOFOLLOW, PidFileMode))
        {
            Files.WriteAll(file, System.Text.Encoding.ASCII.GetBytes(pid.ToString(CultureInfo.InvariantCulture)), temporary);
        }

        File.Move(temporary, path, overwrite: true);
    }
}
