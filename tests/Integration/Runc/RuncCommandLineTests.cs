using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Runc;

/// <summary>What engine-runc says without a container: beside Debian's runc where that can be seen, by itself where it cannot.</summary>
public sealed class RuncCommandLineTests : EngineTest
{
    private RuncCli Own => RuncCli.Own(Path.Combine(Directory, "own"));

    private RuncCli Reference => RuncCli.Debian(Path.Combine(Directory, "reference"));

    private string Log => Path.Combine(Directory, "log");

    public static TheoryData<string[]> Failures => new(
    [
        ["state", "nope"], ["state"], ["state", "a", "b"], ["state", "a/b"], ["state", ""], ["state", ".."], ["state", "a b"], ["state", "--bogus", "x"],
        ["kill", "nope"], ["kill", "nope", "FOO"], ["kill"],
        ["delete", "nope"], ["delete"], ["delete", "-f"],
        ["list", "x"], ["list", "-f", "foo"],
        ["ps", "nope"], ["ps"], ["pause", "nope"], ["resume", "nope"], ["update", "nope"], ["update"],
        ["exec", "nope", "ls"], ["exec", "nope"], ["exec", "--bogus", "x", "y"],
        ["events", "nope"], ["events"],
        ["bogus"],
    ]);

    [RootTheory(Needs.Runc)]
    [MemberData(nameof(Failures))]
    public void A_failure_has_runc_s_text_and_exit_code(string[] arguments) =>
        Assert.Equal(Reference.Failure(Log, arguments), Own.Failure(Log, arguments));

    [RootTheory(Needs.Runc)]
    [InlineData("list")]
    [InlineData("list", "--quiet")]
    [InlineData("list", "--format", "json")]
    [InlineData("list", "-f=json")]
    [InlineData("delete", "--force", "nope")]
    [InlineData("delete", "nope", "-f")]
    public void Without_containers_the_output_is_runc_s(params string[] arguments) => Assert.Equal(Reference.Ok(arguments).Text, Own.Ok(arguments).Text);

    [RootFact]
    public void A_json_log_holds_one_object_and_standard_error_the_text()
    {
        var result = Own.Prepare("--log", Log, "--log-format", "json", "state", "nope").Run().ShouldExit(1);
        Assert.Equal("container does not exist\n", result.Error);
        Assert.Matches("""^\{"level":"error","msg":"container does not exist","time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"\}\n$""", File.ReadAllText(Log));
    }

    [RootFact]
    public void A_text_log_has_logrus_form_and_is_appended_to()
    {
        Own.Prepare("--log", "file:" + Log, "state", "nope").Run().ShouldExit(1);
        Own.Prepare("--log=" + Log, "kill", "a\nb").Run().ShouldExit(1);
        var lines = File.ReadAllLines(Log);
        Assert.Equal(2, lines.Length);
        Assert.Matches("""^time="[^"]+Z" level=error msg="container does not exist"$""", lines[0]);
        Assert.Matches("""^time="[^"]+" level=error msg="invalid container ID format"$""", lines[1]);
    }

    [RootFact(Needs.Runc)]
    public void An_unknown_global_option_is_said_on_standard_error()
    {
        static string Message(CommandResult result) => result.ShouldExit(1).Error[result.Error.IndexOf("level=", StringComparison.Ordinal)..];
        Assert.Equal(Message(Reference.Run("--bogus", "list")), Message(Own.Run("--bogus", "list")));
    }

    [RootFact]
    public void A_relative_log_is_the_caller_s_and_the_system_log_can_take_it()
    {
        var command = Own.Prepare("--log", "here", "state", "nope");
        command.WorkingDirectory = Directory;
        command.Run().ShouldExit(1);
        Assert.Contains("does not exist", File.ReadAllText(Path.Combine(Directory, "here")), StringComparison.Ordinal);
        Assert.Equal("container does not exist\n", Own.Prepare("--log", "syslog:engine-test", "state", "nope").Run().ShouldExit(1).Error);
        Own.Prepare("--log", "/no/such/directory/log", "list").Run().ShouldFail(1, "open /no/such/directory/log", "no such file or directory");
        Own.Prepare("--log-format", "foo", "list").Run().ShouldFail(1, "invalid log-format: foo");
    }

    [RootFact]
    public void Nothing_in_the_environment_is_needed()
    {
        var command = Own.Prepare("list");
        command.Environment.Clear();
        Assert.StartsWith("ID ", command.Run().ShouldExit(0).Text, StringComparison.Ordinal);
    }

    [RootFact]
    public void The_version_names_commit_and_specification()
    {
        foreach (var option in new[] { "--version", "-v", "-version" })
        {
            var lines = Own.Ok(option).Trimmed.Split('\n');
            Assert.Matches(@"^engine-runc version \d+\.\d+\.\d+$", lines[0]);
            Assert.StartsWith("commit: ", lines[1], StringComparison.Ordinal);
            Assert.Equal("spec: 1.3.0", lines[2]);
        }
    }

    [RootFact]
    public void The_file_s_name_chooses_the_command_line()
    {
        foreach (var (name, first) in new[] { ("runc", "engine-runc"), ("crun", "engine-runc"), ("engine-runc", "engine-runc"), ("other", "engine") })
        {
            var link = Path.Combine(Directory, name);
            File.CreateSymbolicLink(link, Installation.Engine);
            Assert.StartsWith(first + " ", new Command(link, "--version").Run().ShouldExit(0).Text, StringComparison.Ordinal);
        }
    }

    [RootFact(Needs.Runc)]
    public void The_help_has_runc_s_sections_and_commands()
    {
        static List<string> Sections(string text) => [.. text.Split('\n').Where(line => Regex.IsMatch(line, "^[A-Z ]+:$"))];
        static SortedSet<string> Commands(string text) =>
            [.. Regex.Matches(text[text.IndexOf("COMMANDS:", StringComparison.Ordinal)..text.IndexOf("GLOBAL", StringComparison.Ordinal)], "^   ([a-z]+)[ ,]", RegexOptions.Multiline).Select(match => match.Groups[1].Value)];
        string own = Own.Ok("--help").Text, reference = Reference.Ok("--help").Text;
        Assert.Equal(Sections(reference), Sections(own));
        var missing = Commands(reference).Except(Commands(own)).ToList();
        Assert.True(missing.Count == 0, string.Join(' ', missing));
        Assert.Equal(own, Own.Ok("help").Text);
        Assert.Equal(Own.Ok("kill", "--help").Text, Own.Ok("help", "kill").Text);
        Assert.Equal(["NAME:", "USAGE:", "DESCRIPTION:", "OPTIONS:"], Sections(Own.Ok("kill", "-h").Text));
    }

    [RootFact]
    public void Checkpoint_and_restore_are_refused_with_a_code_of_their_own()
    {
        foreach (var verb in new[] { "checkpoint", "restore" })
        {
            foreach (var arguments in new string[][] { [verb, "--help"], [verb], [verb, "--image-path", "x", "--work-path", "y", "--leave-running", "id"] })
            {
                Own.Run(arguments).ShouldFail(4, verb + " is not supported");
            }
        }
    }

    [RootTheory(Needs.Runc)]
    [InlineData(false)]
    [InlineData(true)]
    public void The_written_config_is_runc_s(bool rootless)
    {
        string own = Path.Combine(Directory, "a"), reference = Path.Combine(Directory, "b");
        string[] options = rootless ? ["--rootless"] : [];
        foreach (var (cli, directory) in new[] { (Own, own), (Reference, reference) })
        {
            System.IO.Directory.CreateDirectory(directory);
            cli.Ok(["spec", "--bundle", directory, .. options]);
        }

        // Of 1.1, which lists ambient capabilities, too; the version is the specification's that the program knows.
        var expected = JsonNode.Parse(File.ReadAllText(Path.Combine(reference, "config.json")))!.AsObject();
        expected["process"]!["capabilities"]!.AsObject().Remove("ambient");
        expected["ociVersion"] = "1.3.0";
        var written = File.ReadAllText(Path.Combine(own, "config.json"));
        Assert.Equal(expected.ToJsonString(), JsonNode.Parse(written)!.ToJsonString());
        Assert.StartsWith("{\n\t\"ociVersion\": \"1.3.0\",\n\t\"process\": {", written, StringComparison.Ordinal);
        Own.Run("spec", "-b", own).ShouldFail(1, "File config.json exists. Remove it first");
        Assert.Equal(written, File.ReadAllText(Path.Combine(own, "config.json")));
    }

    [RootFact]
    public void Both_command_lines_print_one_features_document()
    {
        var own = JsonNode.Parse(Own.Ok("features").Text)!.AsObject();
        var other = JsonNode.Parse(Cli.Run("features").ShouldExit(0).Text)!.AsObject();
        other.Remove("machine");
        Assert.Equal(other.ToJsonString(), own.ToJsonString());
        Assert.Equal("1.3.0", (string?)own["ociVersionMax"]);
        foreach (var name in new[] { "namespaces", "capabilities", "cgroup", "seccomp", "apparmor", "selinux", "intelRdt", "netDevices", "mountExtensions" })
        {
            Assert.NotNull(own["linux"]![name]);
        }

        foreach (var list in new[] { own["hooks"]!, own["mountOptions"]!, own["linux"]!["seccomp"]!["actions"]!, own["linux"]!["seccomp"]!["archs"]! })
        {
            Assert.NotEmpty(list.AsArray());
        }
    }
}
