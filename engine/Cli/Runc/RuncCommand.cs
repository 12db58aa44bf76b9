using System.Globalization;
using Engine.Diagnostics;
using Engine.State;

namespace Engine.Cli.Runc;

/// <summary>One line of the table of contents: only the command that argv names is built.</summary>
/// <param name="Name">As typed.</param>
/// <param name="Usage">One line for the list.</param>
/// <param name="Build">Makes the command.</param>
public sealed record RuncEntry(string Name, string Usage, Func<RuncCommand> Build);

/// <summary>A command: its options, how many operands it takes, what it does.</summary>
public sealed record RuncCommand
{
    /// <summary>Operands, for the help.</summary>
    public string Operands { get; init; } = "<container-id>";

    /// <summary>Text below the usage line, or null.</summary>
    public string? Description { get; init; }

    /// <summary>Options beside --help.</summary>
    public RuncOption[] Options { get; init; } = [];

    /// <summary>Fewest operands.</summary>
    public int Least { get; init; } = 1;

    /// <summary>Most operands.</summary>
    public int Most { get; init; } = 1;

    /// <summary>From this operand on (from 1) nothing is an option of ours: what follows the id of exec and ps is somebody else's. 0: options may stand anywhere.</summary>
    public int StopAt { get; init; }

    /// <summary>Every word is an operand.</summary>
    public bool TakesAnything { get; init; }

    /// <summary>Exit code for a failure of ours.</summary>
    public int FailureCode { get; init; } = ExitCode.Runtime;

    /// <summary>What every message begins with, as "exec failed: ".</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Carries it out; returns the exit code.</summary>
    public required Func<RuncCall, int> Run { get; init; }
}

/// <summary>A command with what was typed.</summary>
public sealed class RuncCall(RuncCommand command, RuncArguments arguments, RuncGlobals globals, RuncLog log)
{
    /// <summary>Options before the command.</summary>
    public RuncGlobals Globals => globals;

    /// <summary>Where warnings go; a failure is thrown.</summary>
    public RuncLog Log => log;

    /// <summary>Operands, the id first.</summary>
    public IReadOnlyList<string> Operands => arguments.Operands;

    /// <summary>The first operand as a container id.</summary>
    /// <exception cref="EngineException">It is empty or none.</exception>
    public string Id => IdAt(0);

    /// <summary>An operand as a container id.</summary>
    /// <exception cref="EngineException">It is empty or none.</exception>
    public string IdAt(int operand)
    {
        string id = Operands.Count > operand ? Operands[operand] : "";
        if (id.Length == 0)
        {
            throw new EngineException("container id cannot be empty");
        }

        return ContainerId.IsValid(id) ? id : throw new EngineException(RuncTexts.InvalidId);
    }

    /// <summary>True when the option was given, whatever its value.</summary>
    public bool Has(string name) => arguments.Has(name);

    /// <summary>True for a switch that is on.</summary>
    public bool Switch(string name) => arguments.Text(name) == "true";

    /// <summary>Value of an option, its default when it was not given; null for neither and for an empty text.</summary>
    public string? Text(string name)
    {
        string? value = arguments.Text(name) ?? Default(name);
        return string.IsNullOrEmpty(value) ? null : value;
    }

    /// <summary>A path, made absolute from the caller's directory.</summary>
    public string? Path(string name) => Text(name) is { } path ? System.IO.Path.GetFullPath(path) : null;

    /// <summary>Value of a number.</summary>
    public long Number(string name) => long.Parse(Text(name) ?? "0", NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    /// <summary>Values of a list.</summary>
    public IReadOnlyList<string> All(string name) => arguments.All(name);

    private string? Default(string name)
    {
        foreach (RuncOption option in command.Options)
        {
            if (option.Name == name)
            {
                return option.Default;
            }
        }

        return null;
    }
}
