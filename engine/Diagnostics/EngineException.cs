namespace Engine.Diagnostics;

/// <summary>Exit codes of our own failures; every other code is the payload's (its own, or 128 + signal).</summary>
public static class ExitCode
{
    /// <summary>The command line cannot be understood.</summary>
    public const int Usage = 1;

    /// <summary>Whatever fails under runc's command line, but exec.</summary>
    public const int Runtime = 1;

    /// <summary>A program that is there and cannot be executed, as shells have it.</summary>
    public const int NotExecutable = 126;

    /// <summary>No such program, as shells have it.</summary>
    public const int NotFound = 127;

    /// <summary>Anything else of ours that failed.</summary>
    public const int Failure = 255;
}

/// <summary>
/// Base of the engine's own failures: a message for a person, on one line, naming the object, and the exit code.
/// Thrown anywhere, reported once, by the CLI's top level.
/// </summary>
public class EngineException : Exception
{
    public EngineException(string message, int exitCode = Diagnostics.ExitCode.Failure, Exception? inner = null)
        : base(message, inner) => ExitCode = exitCode;

    /// <summary>What the process exits with.</summary>
    public int ExitCode { get; }
}

/// <summary>The payload cannot be executed. <c>create</c> reports it as a failure, <c>run</c> with the code that a shell gives.</summary>
public sealed class PayloadException(string message, int payloadCode, string? program = null, int errno = 0, int exitCode = ExitCode.Failure)
    : EngineException(message, exitCode)
{
    /// <summary>args[0], when the program itself is the reason; else null.</summary>
    public string? Program { get; } = program;

    /// <summary>Why <see cref="Program"/> cannot be executed.</summary>
    public int Errno { get; } = errno;

    /// <summary>127 when there is no such program, 126 when it is none.</summary>
    public int PayloadCode { get; } = payloadCode;
}

/// <summary>A command line that cannot be understood.</summary>
public sealed class UsageException(string message) : EngineException(message, Diagnostics.ExitCode.Usage);
