using System.Text;
using Engine.Diagnostics;
using Engine.Spec;

namespace Engine.Cli.Runc;

/// <summary>Help and version in the layout that runc's users and its callers know.</summary>
public static class RuncHelp
{
    /// <summary>Of every command, and global.</summary>
    public static readonly RuncOption Option = RuncOption.Switch("help", "show help", 'h');

    /// <summary>Global.</summary>
    public static readonly RuncOption VersionOption = RuncOption.Switch("version", "print the version", 'v');

    private const string Title = $"{RuncProgram.Name} - Open Container Initiative runtime";

    /// <summary>The lines of --version. Docker reads version, commit and spec from them.</summary>
    public static string Version() => $"{RuncProgram.Name} version {VersionLines()}";

    /// <summary>Help of the program.</summary>
    public static string Program()
    {
        var text = new StringBuilder($"""
            NAME:
               {Title}

            {RuncProgram.Name} runs containers from OCI bundles: directories with a "config.json" and a root
            filesystem. The process that calls it is the parent, the supervisor and the reaper of
            the container's process.

                # {RuncProgram.Name} run [ -b bundle ] <container-id>

            USAGE:
               {RuncProgram.Name} [global options] command [command options] [arguments...]

            VERSION:
               {VersionLines()}
            COMMANDS:

            """);
        Table(text, [.. RuncCommands.Table.Select(entry => (entry.Name, entry.Usage)), ("help, h", "Shows a list of commands or help for one command")]);
        text.Append("\nGLOBAL OPTIONS:\n");
        Options(text, [.. RuncGlobals.Options, Option, VersionOption]);
        return text.ToString();
    }

    /// <summary>Help of a command.</summary>
    public static string Command(RuncEntry entry, RuncCommand command)
    {
        string options = command.Options.Any(option => !option.IsHidden) ? "[command options] " : "";
        var text = new StringBuilder($"NAME:\n   {RuncProgram.Name} {entry.Name} - {entry.Usage}\n\nUSAGE:\n   {RuncProgram.Name} {entry.Name} {options}{command.Operands}\n");
        if (command.Description is { } description)
        {
            text.Append("\nDESCRIPTION:\n   ").Append(description).Append('\n');
        }

        if (options.Length > 0)
        {
            text.Append("\nOPTIONS:\n");
            Options(text, command.Options);
        }

        return text.Append('\n').ToString();
    }

    private static string VersionLines() => $"{BuildInfo.Version}\ncommit: {BuildInfo.Build}\nspec: {OciVersions.Newest}\n";

    private static void Options(StringBuilder text, IReadOnlyList<RuncOption> options) =>
        Table(text, [.. options.Where(option => !option.IsHidden).Select(option => (Names(option), option.Usage + Default(option)))]);

    private static string Names(RuncOption option)
    {
        string value = option.Kind == RuncOptionKind.Switch ? "" : " value";
        string name = $"--{option.Name}{value}";
        return option.Alias == '\0' ? name : $"{name}, -{option.Alias}{value}";
    }

    private static string Default(RuncOption option) => option switch
    {
        { Default: null } => "",
        { Kind: RuncOptionKind.Number } => $" (default: {option.Default})",
        _ => $" (default: \"{option.Default}\")",
    };

    private static void Table(StringBuilder text, IReadOnlyList<(string Name, string Text)> rows)
    {
        int width = rows.Max(row => row.Name.Length) + 2;
        foreach ((string name, string usage) in rows)
        {
            text.Append("   ").Append(name.PadRight(width)).Append(usage).Append('\n');
        }
    }
}
