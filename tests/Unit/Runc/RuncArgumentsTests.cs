using Engine.Cli.Runc;
using Engine.Diagnostics;

namespace Engine.Tests.Unit.Runc;

/// <summary>Words of runc's command line: Go's flags, options behind operands, switches that share a dash.</summary>
public sealed class RuncArgumentsTests
{
    private static readonly RuncOption[] Options =
    [
        RuncOption.Switch("tty", "", 't'),
        RuncOption.Switch("detach", "", 'd'),
        RuncOption.Text("user", "", 'u'),
        RuncOption.List("env", "", 'e'),
        RuncOption.Number("preserve-fds", ""),
    ];

    [Theory]
    [InlineData("--user", "1", "id")]
    [InlineData("-user", "1", "id")]
    [InlineData("--user=1", "id")]
    [InlineData("-user=1", "id")]
    [InlineData("-u", "1", "id")]
    [InlineData("-u=1", "id")]
    [InlineData("id", "--user", "1")]
    [InlineData("--user", "1", "--", "id")]
    public void One_dash_or_two_before_or_behind_the_operand(params string[] words)
    {
        var parsed = RuncArguments.Parse(Options, words, 0);
        Assert.Equal("1", parsed.Text("user"));
        Assert.Equal(["id"], parsed.Operands);
    }

    [Fact]
    public void Behind_the_stop_nothing_is_an_option()
    {
        var parsed = RuncArguments.Parse(Options, ["-t", "id", "-d", "ls", "--user", "x", "--"], 2);
        Assert.Equal(["id", "ls", "--user", "x", "--"], parsed.Operands);
        Assert.True(parsed.Has("detach"));
        Assert.False(parsed.Has("user"));
        Assert.Equal(["id", "-e", "-x"], RuncArguments.Parse(Options, ["id", "-e", "-x"], 1).Operands);
    }

    [Fact]
    public void Lists_keep_every_value_and_texts_the_last()
    {
        var parsed = RuncArguments.Parse(Options, ["-e", "A=1", "--env=B=2", "-u", "1", "-u", "2"], 0);
        Assert.Equal(["A=1", "B=2"], parsed.All("env"));
        Assert.Equal("2", parsed.Text("user"));
        Assert.Empty(parsed.All("user-that-is-not-there"));
    }

    [Fact]
    public void Switches_share_a_dash_and_the_last_letter_may_take_a_value()
    {
        var parsed = RuncArguments.Parse(Options, ["-tdu", "7", "id"], 0);
        Assert.Equal("true", parsed.Text("tty"));
        Assert.Equal("true", parsed.Text("detach"));
        Assert.Equal("7", parsed.Text("user"));
        Assert.Equal(["id"], parsed.Operands);
    }

    [Theory]
    [InlineData("true", "--tty")]
    [InlineData("true", "--tty=true")]
    [InlineData("true", "-t=1")]
    [InlineData("false", "--tty=false")]
    [InlineData("false", "--tty=0")]
    public void A_switch_takes_a_value_behind_an_equals_sign_only(string expected, string word) =>
        Assert.Equal(expected, RuncArguments.Parse(Options, [word, "id"], 0).Text("tty"));

    [Theory]
    [InlineData("flag provided but not defined: -bogus", "--bogus")]
    [InlineData("flag provided but not defined: -bogus", "-bogus=1")]
    [InlineData("flag provided but not defined: -it", "-it")]
    [InlineData("flag provided but not defined: -ut", "-ut")]
    [InlineData("flag needs an argument: -user", "--user")]
    [InlineData("invalid boolean value \"maybe\" for -tty: parse error", "--tty=maybe")]
    [InlineData("invalid value \"x\" for flag -preserve-fds: parse error", "--preserve-fds", "x")]
    public void What_cannot_be_understood_is_said_in_runc_s_words(string message, params string[] words) =>
        Assert.Equal(message, Assert.Throws<UsageException>(() => RuncArguments.Parse(Options, words, 0)).Message);

    [Fact]
    public void A_lone_dash_and_an_empty_word_are_operands()
    {
        Assert.Equal(["-", ""], RuncArguments.Parse(Options, ["-", ""], 0).Operands);
        Assert.Equal("-", RuncArguments.Parse(Options, ["--user", "-"], 0).Text("user"));
    }
}
