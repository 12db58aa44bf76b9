using System.CommandLine;
using Engine.Diagnostics;

namespace Engine.Cli;

/// <summary>
/// Where options end and operands begin. The parser takes an unknown option for an operand, and would complain about the
/// wrong word; and <c>exec ID ls -l</c> must not need a <c>--</c>.
/// </summary>
public static class OptionNames
{
    /// <summary>
    /// Refuses options that <paramref name="command"/> does not have, and puts <c>--</c> before operand number
    /// <paramref name="stopAt"/> (from 1; 0 for none), from which on everything is the payload's.
    /// </summary>
    /// <param name="command">With its options.</param>
    /// <param name="args">As typed.</param>
    /// <param name="stopAt">As said.</param>
    /// <param name="explain">What to say of an option that it does not have; null for nothing more than that.</param>
    /// <exception cref="UsageException">Names the unknown option.</exception>
    public static string[] Check(Command command, string[] args, int stopAt, Func<string, string?>? explain = null)
    {
        int operands = 0;
        for (int i = 0; i < args.Length; i++)
        {
            string word = args[i];
            if (word == "--")
            {
                return args;
            }

            if (word.Length > 1 && word[0] == '-')
            {
                if (TakesNextWord(command, word, explain))
                {
                    i++;
                }

                continue;
            }

            if (++operands == stopAt)
            {
                return [.. args[..i], "--", .. args[i..]];
            }
        }

        return args;
    }

    private static bool TakesNextWord(Command command, string word, Func<string, string?>? explain)
    {
        if (word.StartsWith("--", StringComparison.Ordinal))
        {
            int equals = word.IndexOf('=');
            Option option = Find(command, equals < 0 ? word : word[..equals]) ?? throw Unknown(word, explain);
            return equals < 0 && TakesValue(option);
        }

        // Short options may be bundled (-it); what follows one that takes a value is its value (-bDIR).
        for (int i = 1; i < word.Length; i++)
        {
            Option option = Find(command, "-" + word[i]) ?? throw Unknown("-" + word[i], explain);
            if (TakesValue(option))
            {
                return i == word.Length - 1;
            }
        }

        return false;
    }

    private static Option? Find(Command command, string name) =>
        command.Options.FirstOrDefault(option => option.Name == name || option.Aliases.Contains(name));

    // A switch may be given a value (--tty=false), but only behind an equals sign.
    private static bool TakesValue(Option option) => option.ValueType != typeof(bool) && option.Arity.MaximumNumberOfValues > 0;

    private static UsageException Unknown(string option, Func<string, string?>? explain)
    {
        string name = option.Split('=')[0];
        string? more = explain?.Invoke(name);
        return new UsageException($"unknown option \"{Printable.Of(option)}\"{(more is null ? "" : ": " + more)}");
    }
}
