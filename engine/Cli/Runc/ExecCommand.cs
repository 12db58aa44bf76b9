using System.Globalization;
using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Rpc.Linux;
using Engine.Runtime;
using Engine.Spec;

namespace Engine.Cli.Runc;

/// <summary>
/// <c>exec ID COMMAND...</c>, or <c>exec --process FILE ID</c>: a further process. Exit code: the process's; 255 for a failure
/// of ours, also when the program cannot be executed.
/// </summary>
public static class ExecCommand
{
    /// <summary>Options and action.</summary>
    public static RuncCommand Build() => new()
    {
        Operands = "<container-id> <command> [command options]  || -p process.json <container-id>",
        Most = int.MaxValue,
        StopAt = 2,
        FailureCode = ExitCode.Failure,
        Prefix = "exec failed: ",
        Options =
        [
            RuncOption.Text("console-socket", "path to an AF_UNIX socket which will receive a file descriptor referencing the master end of the console's pseudoterminal"),
            RuncOption.Text("pidfd-socket", "path to an AF_UNIX socket which will receive a file descriptor referencing the exec process"),
            RuncOption.Text("cwd", "current working directory in the container"),
            RuncOption.List("env", "set environment variables", 'e'),
            RuncOption.Switch("tty", "allocate a pseudo-TTY", 't'),
            RuncOption.Text("user", "user by name or uid, with group or gid behind a colon", 'u'),
            RuncOption.List("additional-gids", "additional gids", 'g'),
            RuncOption.Text("process", "path to the process.json", 'p'),
            RuncOption.Switch("detach", "detach from the container's process", 'd'),
            RuncOption.Text("pid-file", "specify the file to write the process id to"),
            RuncOption.Text("process-label", "set the asm process label for the process commonly used with selinux"),
            RuncOption.Text("apparmor", "set the apparmor profile for the process"),
            RuncOption.Switch("no-new-privs", "set the no new privileges value for the process"),
            RuncOption.List("cap", "add a capability to the bounding set for the process", 'c'),
            RuncOption.Number("preserve-fds", "pass N additional file descriptors to the process (stdio + $LISTEN_FDS + N in total)"),
            RuncOption.List("cgroup", "run the process in an (existing) sub-cgroup(s). Format is [<controller>:]<cgroup>."),
            RuncOption.Switch("ignore-paused", "allow exec in a paused container"),
            RuncOption.Switch("no-subreaper", "no effect: exec makes no subreaper") with { IsHidden = true },
        ],
        Run = Run,
    };

    private static int Run(RuncCall call)
    {
        using ContainerHandle container = ContainerHandle.Open(call.Globals.Root, call.Id);
        if (!(container.State.Status == State.ContainerStatus.Paused && call.Switch("ignore-paused")))
        {
            RuncTexts.Require("exec", container.Id, container.State.Status);
        }

        string? file = call.Text("process");
        if (file is null && call.Operands.Count == 1)
        {
            throw new EngineException("process args cannot be empty");
        }

        using ActivationFiles activation = ActivationFiles.OfCaller((int)Math.Clamp(call.Number("preserve-fds"), int.MinValue, int.MaxValue));
        ExecOptions options = Read(call, file is null ? null : ConfigLoader.LoadProcess(InputFile.Read(file), file)) with
        {
            Preserved = activation.Descriptors,
            PreservedVariables = activation.Variables,
        };
        CheckTerminal(options);
        return ExecProcess.Run(container, options);
    }

    private static ExecOptions Read(RuncCall call, ProcessSpec? document) => new()
    {
        Args = [.. call.Operands.Skip(1)],
        Document = document,
        Terminal = call.Switch("tty"),
        User = call.Text("user"),
        AdditionalGids = [.. call.All("additional-gids").SelectMany(list => list.Split(',')).Select(Gid)],
        Cwd = call.Text("cwd"),
        Env = call.All("env"),
        Capabilities = call.All("cap"),
        NoNewPrivileges = call.Has("no-new-privs") ? call.Switch("no-new-privs") : null,
        ApparmorProfile = call.Text("apparmor"),
        SelinuxLabel = call.Text("process-label"),
        Cgroups = SubCgroups.Parse(call.All("cgroup")),
        Detach = call.Switch("detach"),
        KeepsStdio = true,
        PidFile = call.Path("pid-file"),
        TakeTerminal = call.Path("console-socket") is { } socket ? terminal => SendTerminal(socket, terminal) : null,
        TakePidfd = call.Path("pidfd-socket") is { } receiver ? process => DescriptorSocket.Send(receiver, process, "pidfd socket", "pidfd") : null,
    };

    private static void SendTerminal(string socket, SafeFd terminal)
    {
        using (terminal)
        {
            DescriptorSocket.Send(socket, terminal, "console socket", "/dev/ptmx");
        }
    }

    private static uint Gid(string text) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint gid)
        ? gid
        : throw new EngineException($"additional-gids must be a positive number {Printable.Of(text)}");

    // Who detaches cannot show a terminal, and who shows it has no use for a socket.
    private static void CheckTerminal(ExecOptions options)
    {
        bool hasSocket = options.TakeTerminal is not null;
        bool terminal = options.Terminal || options.Document is { Terminal: true };
        if (options.Detach && terminal && !hasSocket)
        {
            throw new EngineException("cannot allocate tty if runc will detach without setting console socket");
        }

        if ((!options.Detach || !terminal) && hasSocket)
        {
            throw new EngineException("cannot use console socket if runc will not detach or allocate tty");
        }
    }
}
