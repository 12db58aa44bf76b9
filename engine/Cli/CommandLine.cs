using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Engine.Diagnostics;

namespace Engine.Cli;

/// <summary>
/// The way in: argv to one command. Only the branch that argv names is built, since building the tree costs more than
/// parsing. Exit codes: the command's; 1 for a command line that cannot be understood; 255 for a failure of ours.
/// </summary>
public static class CommandLine
{
    /// <summary>Runs the command in <paramref name="args"/> and returns the exit code.</summary>
    public static int Run(string[] args)
    {
        string name = "engine";
        try
        {
            if (args.Length == 0)
            {
                Console.Error.Write(TopHelp());
                return ExitCode.Usage;
            }

            switch (args[0])
            {
                case "oci":
                    return RunGroup("engine oci", OciCommands.Table, args[1..], ref name);
                case "instance":
                    return RunGroup("engine instance", InstanceCommands.Table, args[1..], ref name);
                case "config":
                    return RunGroup("engine config", ConfigCommand.Table, args[1..], ref name);
                case "features":
                    name = "engine features";
                    return Invoke(new CommandEntry("features", "", FeaturesCommand.Build), name, args[1..]);
                case "doctor":
                    name = "engine doctor";
                    return Invoke(new CommandEntry("doctor", "", DoctorCommand.Build), name, args[1..]);
                case "--version" or "-v" or "version":
                    Console.Out.WriteLine($"engine {BuildInfo.Version} (build {BuildInfo.Build})");
                    return 0;
                case "--help" or "-h" or "help":
                    Console.Out.Write(TopHelp());
                    return 0;
                default:
                    throw new UsageException($"unknown command \"{Printable.Of(args[0])}\"");
            }
        }
        catch (Exception error)
        {
            return Report.Failure(name, error);
        }
    }

    private static int RunGroup(string group, CommandEntry[] table, string[] args, ref string name)
    {
        // The group's only option may stand before the verb: engine oci --root DIR state ID.
        var leading = new List<string>();
        int at = 0;
        while (at < args.Length && args[at].StartsWith("--root", StringComparison.Ordinal))
        {
            int take = args[at].Contains('=') ? 1 : 2;
            leading.AddRange(args.Skip(at).Take(take));
            at += take;
        }

        name = group;
        if (at >= args.Length || args[at] is "--help" or "-h" or "help")
        {
            bool asked = at < args.Length;
            (asked ? Console.Out : Console.Error).Write(GroupHelp(group, table));
            return asked ? 0 : ExitCode.Usage;
        }

        foreach (CommandEntry entry in table)
        {
            if (entry.Name == args[at])
            {
                name = $"{group} {entry.Name}";
                return Invoke(entry, name, [.. leading, .. args[(at + 1)..]]);
            }
        }

        throw new UsageException($"unknown command \"{Printable.Of(args[at])}\"");
    }

    private static int Invoke(CommandEntry entry, string name, string[] args)
    {
        Command command = entry.Build();
        command.Options.Add(new HelpOption("--help", ["-h", "-?"]));
        ParseResult parsed = Chain(command, name).Parse(
            [.. name.Split(' ')[1..], .. OptionNames.Check(command, args, entry.StopAt, entry.Explain)],
            new ParserConfiguration { EnablePosixBundling = true, ResponseFileTokenReplacer = null });
        bool help = parsed.Tokens.Any(token => token.Type == TokenType.Option && token.Value is "--help" or "-h" or "-?");
        if (parsed.Errors.Count > 0 && !help)
        {
            throw new UsageException(Lower(parsed.Errors[0].Message.TrimEnd('.')));
        }

        return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    // The commands above it, so that the help shows the whole name.
    private static Command Chain(Command command, string name)
    {
        string[] words = name.Split(' ');
        for (int i = words.Length - 2; i >= 0; i--)
        {
            command = new Command(words[i]) { command };
        }

        return command;
    }

    private static string Lower(string message) => string.Concat(message[..1].ToLowerInvariant(), message.AsSpan(1));

    private static string TopHelp() => """
        Usage: engine COMMAND

        Commands:
          oci        containers from OCI bundles: create, start, attach, exec, pause, ...
          instance   services by name, from OCI bundles: start, list, stop, logs, stats, ...
          config     check: judge and explain the site's file for the set-uid starter
          features   what this engine and this machine offer, as JSON
          doctor     which workflows this machine offers to you, and what the others need
          version    version and build

        'engine COMMAND --help' tells more.

        """;

    private static string GroupHelp(string group, CommandEntry[] table)
    {
        var text = new System.Text.StringBuilder();
        text.Append($"Usage: {group} {(table == ConfigCommand.Table ? "" : "[--root DIR] ")}COMMAND\n\nCommands:\n");
        foreach (CommandEntry entry in table)
        {
            text.Append($"  {entry.Name,-10} {entry.Summary}\n");
        }

        text.Append($"\n'{group} COMMAND --help' tells more.\n");
        return text.ToString();
    }
}

/// <summary>One command of a group.</summary>
/// <param name="Name">As typed.</param>
/// <param name="Summary">One line for the list.</param>
/// <param name="Build">Builds options and action.</param>
/// <param name="StopAt">From this operand on everything belongs to the payload; 0 for never (see <see cref="OptionNames"/>).</param>
/// <param name="Explain">What to say of an option that the command does not have.</param>
public sealed record CommandEntry(string Name, string Summary, Func<Command> Build, int StopAt = 0, Func<string, string?>? Explain = null);
