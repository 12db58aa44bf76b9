using System.CommandLine;

namespace Engine.Cli;

/// <summary>
/// Lets <c>exec ID ls -l</c> be typed without <c>--</c>: options stand anywhere before the payload's first word, and from
/// that word on everything is the payload's.
/// </summary>
public static class OperandRule
{
    /// <summary>
    /// Puts <c>--</c> before operand number <paramref name="operand"/> (from 1) of <paramref name="args"/>, unless one stands
    /// there already. Options of <paramref name="command"/> that take a value take the next word with them.
    /// </summary>
    public static string[] Apply(Command command, string[] args, int operand)
    {
        int seen = 0;
        for (int i = 0; i < args.Length; i++)
        {
            string word = args[i];
            if (word == "--")
            {
                return args;
            }

            if (word.Length > 1 && word[0] == '-')
            {
                if (TakesNextWord(command, word))
                {
                    i++;
                }

                continue;
            }

            if (++seen == operand)
            {
                return [.. args[..i], "--", .. args[i..]];
            }
        }

        return args;
    }

    private static bool TakesNextWord(Command command, string word)
    {
        if (word.Contains('='))
        {
            return false;
        }

        // A bundle of short options (-it): its last one decides.
        string name = word.StartsWith("--", StringComparison.Ordinal) ? word : "-" + word[^1];
        foreach (Option option in command.Options)
        {
            if (option.Name == name || option.Aliases.Contains(name))
            {
                return option.Arity.MinimumNumberOfValues > 0 && (word == name || word[1] != '-');
            }
        }

        return false;
    }
}
