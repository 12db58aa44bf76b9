using System.Text.RegularExpressions;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Lifecycle;

/// <summary>What README and the pages for users tell people to type, and which files they send them to.</summary>
public sealed partial class ReadmeTests : EngineTest
{
    private static readonly string[] Pages = ["README.md", "CONTRIBUTING.md", "docs/attach-and-logs.md", "docs/instances.md", "docs/testing.md"];

    [GeneratedRegex(@"\./build\.sh ([a-z-]+)")]
    private static partial Regex Task();

    // A command is the beginning of an indented line or of `code`; the same words in a sentence are not one.
    [GeneratedRegex(@"(?:^ {4}(?:\$ )?|`)engine (oci|instance) ([a-z]+)[^\n]*", RegexOptions.Multiline)]
    private static partial Regex Verb();

    [GeneratedRegex(@"(?<= )--[a-z-]+")]
    private static partial Regex Option();

    [GeneratedRegex(@"\]\((?!https?:|#)([^)#]+)")]
    private static partial Regex Link();

    [RootFact]
    public void Every_command_and_option_is_known()
    {
        var tasks = new Command(Path.Combine(Installation.SourceRoot, "build.sh"), "help").Run().ShouldExit(0).Text;
        foreach (var page in Pages)
        {
            var text = File.ReadAllText(Path.Combine(Installation.SourceRoot, page));
            Assert.All(Task().Matches(text), m => Assert.Contains($"  {m.Groups[1].Value} ", tasks, StringComparison.Ordinal));
            foreach (Match line in Verb().Matches(text))
            {
                var help = Cli.Run(line.Groups[1].Value, line.Groups[2].Value, "--help").ShouldExit(0).Text;
                Assert.All(Option().Matches(line.Value), option => Assert.Contains(option.Value, help, StringComparison.Ordinal));
            }
        }
        Assert.True(Verb().Count(File.ReadAllText(Path.Combine(Installation.SourceRoot, "README.md"))) >= 3);
    }

    [RootFact]
    public void Every_link_leads_to_a_file()
    {
        foreach (var page in Pages)
        {
            var path = Path.Combine(Installation.SourceRoot, page);
            Assert.All(Link().Matches(File.ReadAllText(path)), m => Assert.True(Path.Exists(Path.Combine(Path.GetDirectoryName(path)!, m.Groups[1].Value)), $"{page}: {m.Groups[1].Value}"));
        }
    }
}
