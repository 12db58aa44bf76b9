using Engine.Diagnostics;

namespace Engine.Cli.Runc;

/// <summary>
/// checkpoint and restore: refused, whatever stands behind them, with a code of their own, and nothing is done. Also with
/// --help, which podman takes for the question whether checkpoints are supported.
/// </summary>
public static class CheckpointCommand
{
    /// <summary>The exit code; no other failure has it.</summary>
    public const int NotSupported = 4;

    /// <summary>checkpoint.</summary>
    public static RuncCommand Checkpoint() => Refusing("checkpoint");

    /// <summary>restore.</summary>
    public static RuncCommand Restore() => Refusing("restore");

    private static RuncCommand Refusing(string verb) => new()
    {
        Least = 0,
        Most = int.MaxValue,
        TakesAnything = true,
        FailureCode = NotSupported,
        Run = _ => throw new EngineException($"{verb} is not supported by {RuncProgram.Name}"),
    };
}
