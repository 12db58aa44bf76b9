using Engine.Diagnostics;
using Engine.Rpc;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.State;

namespace Engine.Cli.Runc;

/// <summary>
/// Failures in the words that the callers of runc look for (podman, Docker and containerd compare texts): what a verb needs
/// of a container's status, and how the engine's own failures read here.
/// </summary>
public static class RuncTexts
{
    /// <summary>libcontainer's ErrInvalidID.</summary>
    public const string InvalidId = "invalid container ID format";

    private const string NotRunning = "container not running";

    // Docker compares these in lower case; the C library begins them with a capital.
    private static readonly string[] ErrnoTexts =
        ["No such file or directory", "Permission denied", "Operation not permitted", "Not a directory", "No such process", "Is a directory"];

    private static readonly (ContainerProblem Problem, string Text)[] Problems =
    [
        (ContainerProblem.DoesNotExist, "container does not exist"),
        (ContainerProblem.AlreadyExists, "container with given ID already exists"),
        (ContainerProblem.InvalidId, InvalidId),
        (ContainerProblem.NotRunning, NotRunning),
    ];

    // verb → allowed states, and what is said in another ({0}: id, {1}: status). A verb may have several lines; the first that fits counts.
    private static readonly (string Verb, string[] Refused, string Text)[] Rules =
    [
        ("start", [ContainerStatus.Stopped], "cannot start a container that has stopped"),
        ("start", [ContainerStatus.Running], "cannot start an already running container"),
        ("start", [ContainerStatus.Creating, ContainerStatus.Paused], "cannot start a container in the {1} state"),
        ("exec", [ContainerStatus.Stopped], "cannot exec in a stopped container"),
        ("exec", [ContainerStatus.Creating], NotRunning),
        ("exec", [ContainerStatus.Paused], "cannot exec in a paused container (use --ignore-paused to override)"),
        ("kill", [ContainerStatus.Creating, ContainerStatus.Stopped], NotRunning),
        ("pause", [ContainerStatus.Creating, ContainerStatus.Paused, ContainerStatus.Stopped], NotRunning),
        ("resume", [ContainerStatus.Creating, ContainerStatus.Created, ContainerStatus.Running, ContainerStatus.Stopped], "container not paused"),
        ("update", [ContainerStatus.Creating, ContainerStatus.Stopped], NotRunning),
        ("mounts", [ContainerStatus.Creating, ContainerStatus.Stopped], NotRunning),
        ("mounts", [ContainerStatus.Paused], "cannot change the mounts of a paused container"),
        ("events", [ContainerStatus.Creating, ContainerStatus.Stopped], "container with id {0} is not running"),
        ("delete", [ContainerStatus.Creating, ContainerStatus.Running, ContainerStatus.Paused], "cannot delete container {0} that is not stopped: {1}"),
    ];

    /// <summary>Refuses <paramref name="verb"/> when the status does not allow it.</summary>
    /// <exception cref="EngineException">In runc's words.</exception>
    public static void Require(string verb, string id, string status)
    {
        foreach ((string name, string[] refused, string text) in Rules)
        {
            if (name == verb && refused.Contains(status))
            {
                throw new EngineException(text.Replace("{0}", id, StringComparison.Ordinal).Replace("{1}", status, StringComparison.Ordinal));
            }
        }
    }

    /// <summary>One line for <paramref name="error"/>.</summary>
    public static string Of(Exception error)
    {
        string text = error switch
        {
            ContainerException container => OfProblem(container),
            ConfigException config => string.Join("; ", config.Lines),
            PayloadException { Program: not null } payload => Payload(payload.Program, payload.Errno),
            RpcException { Operation: "execve" } failed => Payload(failed.Path, failed.Errno),
            RpcException failed => Advice.Add(failed),
            EngineException known => known.Message,
            SyscallException call => call.Message,
            OperationCanceledException => "interrupted",
            _ => $"unexpected failure: {error.GetType().Name}: {error.Message}",
        };
        foreach (string errno in ErrnoTexts)
        {
            text = text.Replace(errno, string.Concat(char.ToLowerInvariant(errno[0]).ToString(), errno.AsSpan(1)), StringComparison.Ordinal);
        }

        return Printable.Of(text.ReplaceLineEndings("; "));
    }

    /// <summary>A program that cannot be executed, as Go's exec package says it.</summary>
    public static string Payload(string program, int errno)
    {
        string quoted = Quote.Text(program);
        return errno switch
        {
            Errno.ENOENT when !program.Contains('/') => $"unable to start container process: exec: {quoted}: executable file not found in $PATH",
            Errno.ENOENT or Errno.ENOTDIR => $"unable to start container process: exec: {quoted}: stat {Printable.Of(program)}: {ErrnoText.Describe(errno)}",
            _ => $"unable to start container process: exec: {quoted}: {ErrnoText.Describe(errno)}",
        };
    }

    private static string OfProblem(ContainerException error)
    {
        foreach ((ContainerProblem problem, string text) in Problems)
        {
            if (problem == error.Problem)
            {
                return text;
            }
        }

        return error.Message;
    }
}
