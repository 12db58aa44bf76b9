using Engine.Diagnostics;

namespace Engine.Cli.Runc;

/// <summary>
/// The way in under the name engine-runc, runc or crun: runc's command line. Exit codes: the payload's (run, exec); 1 for a
/// failure; 255 for a failure of exec; 3 for an unknown command.
/// </summary>
public static class RuncProgram
{
    /// <summary>What the program calls itself.</summary>
    public const string Name = "engine-runc";

    private const int UnknownCommand = 3;
    private static readonly string[] Names = [Name, "runc", "crun"];

    /// <summary>True when argv[0] asks for this command line. The file's name counts, not what a link leads to.</summary>
    public static bool IsMeant()
    {
        string[] line = Environment.GetCommandLineArgs();
        return line.Length > 0 && Names.Contains(Path.GetFileName(line[0]));
    }

    /// <summary>Runs the command in <paramref name="args"/> and returns the exit code.</summary>
    public static int Run(string[] args)
    {
        using var log = new RuncLog();
        try
        {
            RuncGlobals globals = RuncGlobals.Parse(args, out IReadOnlyList<string> rest);
            if (globals.Has(RuncHelp.VersionOption))
            {
                return Print(RuncHelp.Version());
            }

            if (rest.Count == 0 || globals.Has(RuncHelp.Option))
            {
                return Print(RuncHelp.Program());
            }

            globals.Check();
            log.Open(globals);
            return rest[0] is "help" or "h" ? Help(log, rest) : Dispatch(globals, log, rest);
        }
        catch (UsageException error)
        {
            Console.Out.Write($"Incorrect Usage. {error.Message}\n\n{RuncHelp.Program()}");
            return Fail(log, error.Message, ExitCode.Runtime);
        }
        catch (EngineException error)
        {
            return Fail(log, RuncTexts.Of(error), ExitCode.Runtime);
        }
    }

    private static int Dispatch(RuncGlobals globals, RuncLog log, IReadOnlyList<string> rest)
    {
        RuncEntry? entry = RuncCommands.Find(rest[0]);
        if (entry is null)
        {
            return Fail(log, $"No help topic for '{Printable.Of(rest[0])}'", UnknownCommand);
        }

        RuncCommand command = entry.Build();
        try
        {
            RuncArguments arguments = command.TakesAnything
                ? RuncArguments.Operand(rest.Skip(1))
                : RuncArguments.Parse([.. command.Options, RuncHelp.Option], [.. rest.Skip(1)], command.StopAt);
            if (arguments.Has(RuncHelp.Option.Name))
            {
                return Print(RuncHelp.Command(entry, command));
            }

            if (Wrong(entry, command, arguments.Operands.Count) is { } wrong)
            {
                Console.Out.Write($"Incorrect Usage.\n\n{RuncHelp.Command(entry, command)}");
                return Fail(log, wrong, command.FailureCode);
            }

            int code = command.Run(new RuncCall(command, arguments, globals, log));
            log.Succeeded();
            return code;
        }
        catch (UsageException error)
        {
            Console.Out.Write($"Incorrect Usage: {error.Message}\n\n{RuncHelp.Command(entry, command)}");
            return Fail(log, error.Message, ExitCode.Runtime);
        }
        catch (Exception error)
        {
            return Fail(log, command.Prefix + RuncTexts.Of(error), command.FailureCode);
        }
    }

    private static int Help(RuncLog log, IReadOnlyList<string> rest)
    {
        if (rest.Count < 2)
        {
            return Print(RuncHelp.Program());
        }

        return RuncCommands.Find(rest[1]) is { } entry
            ? Print(RuncHelp.Command(entry, entry.Build()))
            : Fail(log, $"No help topic for '{Printable.Of(rest[1])}'", UnknownCommand);
    }

    private static string? Wrong(RuncEntry entry, RuncCommand command, int count)
    {
        if (count >= command.Least && count <= command.Most)
        {
            return null;
        }

        string rule = command.Least == command.Most ? $"exactly {command.Least}"
            : count < command.Least ? $"a minimum of {command.Least}" : $"a maximum of {command.Most}";
        return $"{Name}: \"{entry.Name}\" requires {rule} argument(s)";
    }

    private static int Print(string text)
    {
        Console.Out.Write(text);
        return 0;
    }

    private static int Fail(RuncLog log, string text, int code)
    {
        log.Failed(text);
        return code;
    }
}
