using System.Globalization;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rootless;
using Engine.Rpc;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Spec;
using Engine.State;

namespace Engine.Lifecycle;

/// <summary>
/// A further process in a running container: the stored process with other arguments, in the container's namespaces and
/// cgroups. A one-shot starter joins and executes; this side says what, shows the terminal and passes signals on. The
/// configuration is the copy made at create, never the bundle's of today.
/// </summary>
public static class ExecProcess
{
    private const int PidFileMode = 0x1a4;
    private const int MostTries = 3;

    /// <summary>Runs the process and returns its exit code (128+signal), 126/127 when it cannot be executed or found.</summary>
    public static int Run(ContainerHandle container, ExecOptions options)
    {
        StateDocument state = container.State;
        RuntimeSpec spec = ConfigLoader.Load(container.Directory.ReadConfig(), ContainerDirectory.ConfigFile);
        using ContainerEntry entry = ContainerEntry.Open(container, "exec");
        using ContainerRoot root = OpenRoot(container);
        ProcessSpec process = ExecComposition.Compose(spec, options, root);
        RootlessConfig.CheckUser(process.User, IdMap.OfProcess(entry.Pid, "uid_map"), IdMap.OfProcess(entry.Pid, "gid_map"));
        var warnings = new List<string>();
        ProcessDescription description = ProcessSteps.Describe(process, spec.Linux ?? new LinuxSpec(), warnings);
        description.Keyring = "_ses." + container.Id;
        SchedulingSteps.DescribeAffinity(description, process.ExecCpuAffinity);
        using SafeFd? listener = SeccompListener.Connect(spec.Linux?.Seccomp, state, description);
        using SafeFd plan = ProcessPlanWriter.Write(description, "exec");
        for (int tries = 1; ; tries++)
        {
            try
            {
                return Launch(container, entry, options, process, plan, listener);
            }
            catch (PayloadException error) when (error is { Errno: Errno.EBUSY, Program: null } && tries < MostTries)
            {
                // A payload that arranges its cgroups while we look: where its first process is now, ours can go. Nothing of it has run.
            }
        }
    }

    private static int Launch(ContainerHandle container, ContainerEntry entry, ExecOptions options, ProcessSpec asked, SafeFd plan, SafeFd? listener)
    {
        bool ownStdio = asked.Terminal || (options.Detach && !options.KeepsStdio);
        using StarterProcess starter = entry.Start(ownStdio ? SpawnStdio.Null : SpawnStdio.Inherit);
        TerminalSize? size = asked.Terminal ? FirstSize(asked, options) : null;
        var launch = new LaunchMessage(LaunchMode.Exec, container.Id)
        {
            Flags = (asked.Terminal ? LaunchFlags.Terminal : 0) | (options.Detach ? LaunchFlags.Detach : 0)
                | (options.TakeTerminal is not null ? LaunchFlags.PassNewlines : 0),
            Namespaces = entry.Namespaces,
            Rows = size?.Rows ?? 0,
            Columns = size?.Columns ?? 0,
            Preserved = options.Preserved,
        };
        launch.Add(LaunchDescriptor.InitPidfd, entry.Init);
        launch.Add(LaunchDescriptor.ProcessPlan, plan);
        launch.Add(LaunchDescriptor.SeccompListener, listener);
        starter.Send(launch);
        entry.SendCgroups(starter, options.Cgroups);

        LaunchOutcome started = starter.Receive(out SafeFd? terminal) ?? throw new EngineException("the starter ended without a word");
        try
        {
            if (started.Kind == 1)
            {
                int code = started.ExitCode is 0 ? ExitCode.Failure : started.ExitCode;
                throw new PayloadException(started.Error, code, started.Program, started.Errno, code);
            }

            using (SafeFd? process = ContainerEntry.OpenProcess(started.Pid))
            {
                if (process is not null)
                {
                    options.TakePidfd?.Invoke(process);
                }

                if (terminal is not null && options.TakeTerminal is { } take)
                {
                    take(terminal);
                    terminal = null;
                }

                // Last: whoever waits for the file finds everything else done.
                WritePidFile(options.PidFile, started.Pid);
                return options.Detach ? 0 : Attend(starter, process, terminal);
            }
        }
        finally
        {
            terminal?.Dispose();
        }
    }

    // What shows the terminal knows its size; where nobody does yet, the document may.
    private static TerminalSize? FirstSize(ProcessSpec asked, ExecOptions options)
    {
        TerminalSize? own = options.TakeTerminal is null ? Terminals.Size(0) : null;
        return own ?? (asked.ConsoleSize is { } size ? new TerminalSize((uint)Math.Min(size.Height, ushort.MaxValue), (uint)Math.Min(size.Width, ushort.MaxValue)) : null);
    }

    private static int Attend(StarterProcess starter, SafeFd? process, SafeFd? terminal)
    {
        using var signals = new SignalForwarding(SignalForwarding.Everything, signal =>
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
        return ended switch
        {
            { Kind: 2 } => ended.ExitCode,
            { Error.Length: > 0 } => throw new EngineException($"{ended.Error}; the exit code of the process is unknown"),
            _ => throw new EngineException("the starter ended before the process did; its exit code is unknown"),
        };
    }

    // The first process of a pid namespace that has been killed is there without a root until the others have been reaped.
    private static ContainerRoot OpenRoot(ContainerHandle container)
    {
        try
        {
            return ContainerRoot.Open(container.State.Pid ?? 0);
        }
        catch (SyscallException error) when (error.Errno is Errno.ENOENT or Errno.ESRCH)
        {
            throw ContainerEntry.Gone(container, "exec", error);
        }
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
