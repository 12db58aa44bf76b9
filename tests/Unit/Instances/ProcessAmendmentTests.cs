using System.Text;
using System.Text.Json.Nodes;
using Engine.Instances;

namespace Engine.Tests.Unit.Instances;

/// <summary>Changed arguments and variables: what is changed, and that every other byte and line stays.</summary>
public sealed class ProcessAmendmentTests
{
    public static TheoryData<string, string> Changed => new()
    {
        { """{"process":{"args":["a"],"env":["B=1","A=0"]},"x":1}""", """{"process":{"args":["p","q"],"env":["B=1","A=2"]},"x":1}""" },
        { """{"process":{"env":["A=0"],"args":["a"]}}""", """{"process":{"env":["A=2"],"args":["p","q"]}}""" },
        { """{"process":{}}""", """{"process":{"env":["A=2"],"args":["p","q"]}}""" },
        { """{"process":{"cwd":"/"}}""", """{"process":{"env":["A=2"],"args":["p","q"],"cwd":"/"}}""" },
        { """{"a":{"process":{"args":[]}},"pro\u0063ess":{"args":[],"env":[]}}""", """{"a":{"process":{"args":[]}},"pro\u0063ess":{"args":["p","q"],"env":["A=2"]}}""" },
        { "{\n\"process\": {\n\"args\": [\n\"a\"\n],\n\"env\": []\n}\n}", "{\n\"process\": {\n\"args\": [\"p\",\"q\"]\n\n,\n\"env\": [\"A=2\"]\n}\n}" },
    };

    [Theory]
    [MemberData(nameof(Changed))]
    public void The_process_is_changed_and_nothing_else(string before, string after)
    {
        var changed = Apply(before, ["p", "q"], ["A=1", "A=2"]);
        Assert.Equal(after, changed);
        _ = JsonNode.Parse(changed);
        Assert.Equal(before.Count(c => c == '\n'), changed.Count(c => c == '\n'));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"process":[]}""")]
    [InlineData("""{"process":{"args":["a"]""")]
    [InlineData("\uFEFF{\"process\":{}}")]
    public void What_is_no_config_stays_as_it_is(string text) => Assert.Equal(text, Apply(text, ["p"], ["A=1"]));

    [Fact]
    public void Without_changes_not_a_byte_is_other()
    {
        const string Text = """{"process" : { "args":["a"] , "env":[ "A=1" ] } }""";
        Assert.Equal(Text, Apply(Text, [], []));
        Assert.Equal("""{"process":{"env":7}}""", Apply("""{"process":{"env":7}}""", [], ["A=1"]));
    }

    private static string Apply(string text, string[] args, string[] env) => Encoding.UTF8.GetString(new ProcessAmendment(args, env).Apply(Encoding.UTF8.GetBytes(text)));
}
