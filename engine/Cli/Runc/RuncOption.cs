namespace Engine.Cli.Runc;

/// <summary>What stands behind an option.</summary>
public enum RuncOptionKind
{
    /// <summary>Nothing, or true or false behind an equals sign.</summary>
    Switch,

    /// <summary>A text.</summary>
    Text,

    /// <summary>A decimal number.</summary>
    Number,

    /// <summary>A text; the option may be given more than once.</summary>
    List,
}

/// <summary>An option of a command, or a global one.</summary>
/// <param name="Name">Long name, without dashes. One dash or two before it are the same, as in every program that uses Go's flags.</param>
/// <param name="Usage">One line for the help.</param>
/// <param name="Kind">What stands behind it.</param>
/// <param name="Alias">Short name; '\0' for none.</param>
/// <param name="Default">What counts when it is not given; also shown in the help.</param>
/// <param name="IsHidden">Accepted and not shown.</param>
public sealed record RuncOption(
    string Name, string Usage, RuncOptionKind Kind = RuncOptionKind.Text, char Alias = '\0', string? Default = null, bool IsHidden = false)
{
    /// <summary>A switch.</summary>
    public static RuncOption Switch(string name, string usage, char alias = '\0') => new(name, usage, RuncOptionKind.Switch, alias);

    /// <summary>A text.</summary>
    public static RuncOption Text(string name, string usage, char alias = '\0', string? @default = null) =>
        new(name, usage, RuncOptionKind.Text, alias, @default);

    /// <summary>A number, 0 when it is not given.</summary>
    public static RuncOption Number(string name, string usage, char alias = '\0') => new(name, usage, RuncOptionKind.Number, alias, "0");

    /// <summary>A text, as often as wanted.</summary>
    public static RuncOption List(string name, string usage, char alias = '\0') => new(name, usage, RuncOptionKind.List, alias);
}
