using System.CommandLine;
using Engine.Setuid;

namespace Engine.Cli;

/// <summary><c>engine config check</c>: whether the starter will take the site's file, and what it says, in words.</summary>
public static class ConfigCommand
{
    /// <summary>The commands of the group.</summary>
    public static readonly CommandEntry[] Table = [new("check", "judge and explain the site's file for the set-uid starter", Build)];

    private static Command Build()
    {
        var file = new Option<string>("--file") { Description = "another file than the one that the starter reads", DefaultValueFactory = _ => SiteFile.DefaultPath, HelpName = "PATH" };
        var command = new Command("check", "Judges the site's file for the set-uid starter (owner, mode, syntax) and explains every setting in force. Exit code 1: the starter would refuse it.") { file };
        command.SetAction(parsed => Run(Path.GetFullPath(parsed.GetValue(file)!)));
        return command;
    }

    private static int Run(string path)
    {
        SiteFile site = SiteFile.Read(path);
        foreach (string problem in site.Problems)
        {
            Console.Error.WriteLine($"engine config check: {problem}");
        }

        if (site.Settings.Count > 0)
        {
            int key = site.Settings.Max(setting => setting.Key.Length), value = Math.Min(32, site.Settings.Max(setting => setting.Value.Length));
            foreach ((string name, string text, string meaning) in site.Settings)
            {
                Console.Out.WriteLine($"{name.PadRight(key)}  {text.PadRight(value)}  {meaning}");
            }
        }

        Console.Out.WriteLine(site.Problems.Count > 0 ? $"{path}: not usable; the set-uid starter refuses everybody" : $"{path}: sound");
        return site.Problems.Count > 0 ? 1 : 0;
    }
}
