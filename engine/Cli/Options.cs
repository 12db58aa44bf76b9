using System.CommandLine;
using Engine.State;

namespace Engine.Cli;

/// <summary>
/// Options that several commands have, and the rule for the environment: an option with a key is also read from
/// <c>ENGINE_KEY</c>, then from <c>APPTAINER_KEY</c>; the command line beats both.
/// </summary>
public static class Options
{
    /// <summary><c>--root DIR</c></summary>
    public static Option<string?> Root() => new("--root") { Description = "state directory (ENGINE_ROOT; default /run/engine/oci)", HelpName = "DIR" };

    /// <summary>The container's id, first operand.</summary>
    public static Argument<string> Id() => new("ID") { Description = "container id" };

    /// <summary>A text option that is also read from the environment under <paramref name="key"/>.</summary>
    public static Option<string?> Text(string name, string? alias, string description, string valueName, string key) =>
        new(name, alias is null ? [] : [alias])
        {
            Description = description,
            HelpName = valueName,
            DefaultValueFactory = _ => FromEnvironment(key),
        };

    /// <summary>A switch that is also read from the environment under <paramref name="key"/> (1, true, yes).</summary>
    public static Option<bool> Switch(string name, string? alias, string description, string? key = null) =>
        new(name, alias is null ? [] : [alias])
        {
            Description = description,
            DefaultValueFactory = _ => key is not null && FromEnvironment(key) is "1" or "true" or "yes",
        };

    /// <summary>The state root that the command line or the environment names.</summary>
    public static StateRoot StateRoot(ParseResult parsed, Option<string?> option) => State.StateRoot.Locate(parsed.GetValue(option));

    private static string? FromEnvironment(string key) =>
        Environment.GetEnvironmentVariable("ENGINE_" + key) ?? Environment.GetEnvironmentVariable("APPTAINER_" + key);
}
