using System.Globalization;
using Engine.Diagnostics;

namespace Engine.Cli.Runc;

/// <summary>
/// Words of a command line, told apart as runc does (Go's flag package, urfave/cli): <c>-name</c> and <c>--name</c> are
/// the same, a value stands behind an equals sign or is the next word, a switch takes one only behind the equals sign,
/// <c>--</c> ends the options. As crun has it, and where runc knows no such option, short switches may share a dash.
/// </summary>
public sealed class RuncArguments
{
    private readonly Dictionary<string, List<string>> _values = [];
    private readonly List<string> _operands = [];

    private RuncArguments()
    {
    }

    /// <summary>What is no option, in order.</summary>
    public IReadOnlyList<string> Operands => _operands;

    /// <summary>Tells <paramref name="args"/> apart.</summary>
    /// <param name="options">Those that there are.</param>
    /// <param name="args">The words.</param>
    /// <param name="stopAt">From this operand on (from 1) nothing is an option; 0 for never.</param>
    /// <exception cref="UsageException">An unknown option, or a value that it does not take; in runc's words.</exception>
    public static RuncArguments Parse(IReadOnlyList<RuncOption> options, IReadOnlyList<string> args, int stopAt)
    {
        var parsed = new RuncArguments();
        for (int i = 0; i < args.Count; i++)
        {
            string word = args[i];
            if (word == "--")
            {
                parsed._operands.AddRange(args.Skip(i + 1));
                break;
            }

            if (word.Length < 2 || word[0] != '-')
            {
                parsed._operands.Add(word);
                if (parsed._operands.Count == stopAt)
                {
                    parsed._operands.AddRange(args.Skip(i + 1));
                    break;
                }

                continue;
            }

            parsed.Take(options, word, args, ref i);
        }

        return parsed;
    }

    /// <summary>No options: every word is an operand.</summary>
    public static RuncArguments Operand(IEnumerable<string> words)
    {
        var parsed = new RuncArguments();
        parsed._operands.AddRange(words);
        return parsed;
    }

    /// <summary>True when the option was given.</summary>
    public bool Has(string name) => _values.ContainsKey(name);

    /// <summary>Its value (of several the last), or null.</summary>
    public string? Text(string name) => _values.TryGetValue(name, out List<string>? values) ? values[^1] : null;

    /// <summary>All values of a list.</summary>
    public IReadOnlyList<string> All(string name) => _values.TryGetValue(name, out List<string>? values) ? values : [];

    private void Take(IReadOnlyList<RuncOption> options, string word, IReadOnlyList<string> args, ref int at)
    {
        string name = word.TrimStart('-');
        int equals = name.IndexOf('=', StringComparison.Ordinal);
        string? value = equals < 0 ? null : name[(equals + 1)..];
        name = equals < 0 ? name : name[..equals];
        RuncOption? option = Find(options, name);
        if (option is null)
        {
            TakeBundle(options, word, args, ref at);
            return;
        }

        if (option.Kind == RuncOptionKind.Switch)
        {
            Add(option, Truth(name, value));
            return;
        }

        if (value is null)
        {
            value = ++at < args.Count ? args[at] : throw new UsageException($"flag needs an argument: -{name}");
        }

        if (option.Kind == RuncOptionKind.Number && !long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
        {
            throw new UsageException($"invalid value \"{Printable.Of(value)}\" for flag -{name}: parse error");
        }

        Add(option, value);
    }

    // -it: every letter is a switch; the last one may take the next word.
    private void TakeBundle(IReadOnlyList<RuncOption> options, string word, IReadOnlyList<string> args, ref int at)
    {
        var letters = new List<RuncOption>();
        for (int i = 1; word[1] != '-' && i < word.Length; i++)
        {
            RuncOption? option = Find(options, word[i..(i + 1)]);
            if (option is null || (option.Kind != RuncOptionKind.Switch && i < word.Length - 1))
            {
                break;
            }

            letters.Add(option);
        }

        if (letters.Count < 2 || letters.Count != word.Length - 1)
        {
            string name = word.TrimStart('-');
            int equals = name.IndexOf('=', StringComparison.Ordinal);
            throw new UsageException($"flag provided but not defined: -{Printable.Of(equals < 0 ? name : name[..equals])}");
        }

        foreach (RuncOption option in letters)
        {
            if (option.Kind == RuncOptionKind.Switch)
            {
                Add(option, "true");
            }
            else
            {
                Take(options, "-" + option.Alias, args, ref at);
            }
        }
    }

    private void Add(RuncOption option, string value)
    {
        if (_values.TryGetValue(option.Name, out List<string>? values))
        {
            values.Add(value);
        }
        else
        {
            _values[option.Name] = [value];
        }
    }

    private static RuncOption? Find(IReadOnlyList<RuncOption> options, string name)
    {
        foreach (RuncOption option in options)
        {
            if (option.Name == name || (name.Length == 1 && option.Alias == name[0]))
            {
                return option;
            }
        }

        return null;
    }

    // The words of strconv.ParseBool.
    private static string Truth(string name, string? value) => value switch
    {
        null or "1" or "t" or "T" or "TRUE" or "true" or "True" => "true",
        "0" or "f" or "F" or "FALSE" or "false" or "False" => "false",
        _ => throw new UsageException($"invalid boolean value \"{Printable.Of(value)}\" for -{name}: parse error"),
    };
}
