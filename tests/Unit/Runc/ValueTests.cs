using Engine.Cli.Runc;
using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Shared.Linux;
using Engine.State;

namespace Engine.Tests.Unit.Runc;

/// <summary>Values of options and texts of failures.</summary>
public sealed class ValueTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("-1", -1)]
    [InlineData("32", 32)]
    [InlineData("32b", 32)]
    [InlineData("10k", 10240)]
    [InlineData("10K", 10240)]
    [InlineData("10kb", 10240)]
    [InlineData("10KiB", 10240)]
    [InlineData("1.5m", 1572864)]
    [InlineData("2 GB", 2147483648)]
    [InlineData("1t", 1099511627776)]
    public void Amounts_of_memory(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out var parsed));
        Assert.Equal(bytes, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("k")]
    [InlineData("foo")]
    [InlineData("-2")]
    [InlineData("1x")]
    [InlineData("1ib")]
    [InlineData("1e3")]
    [InlineData("0x10")]
    [InlineData("9999999p")]
    public void No_amount_of_memory(string text) => Assert.False(ByteSize.TryParse(text, out _));

    [Theory]
    [InlineData("5s", 5000)]
    [InlineData("250ms", 250)]
    [InlineData("1m30s", 90000)]
    [InlineData("1.5h", 5400000)]
    [InlineData("0", 0)]
    [InlineData("-1s", -1000)]
    public void Durations(string text, double milliseconds)
    {
        Assert.True(GoDuration.TryParse(text, out var duration));
        Assert.Equal(milliseconds, duration.TotalMilliseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("5x")]
    [InlineData("--5s")]
    [InlineData("99999999999999h")]
    public void No_durations(string text) => Assert.False(GoDuration.TryParse(text, out _));

    [Theory]
    [InlineData("(missing <controller>: prefix)", "a", "cpu:b")]
    [InlineData("(empty <controller> prefix)", ":a")]
    [InlineData("controller cpu specified multiple times", "cpu,memory:a", "cpu:b")]
    public void Sub_cgroups_that_contradict_each_other(string part, params string[] values) =>
        Assert.Contains(part, Assert.Throws<EngineException>(() => SubCgroups.Parse(values)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("ls", Errno.ENOENT, "unable to start container process: exec: \"ls\": executable file not found in $PATH")]
    [InlineData("/ls", Errno.ENOENT, "unable to start container process: exec: \"/ls\": stat /ls: no such file or directory (ENOENT)")]
    [InlineData("/etc", Errno.EACCES, "unable to start container process: exec: \"/etc\": permission denied (EACCES)")]
    public void Programs_that_cannot_be_executed(string program, int errno, string text) =>
        Assert.Equal(text, RuncTexts.Of(new PayloadException("other words", 127, program, errno)));

    [Fact]
    public void Problems_have_runc_s_words_and_failures_one_line()
    {
        Assert.Equal("container does not exist", RuncTexts.Of(new ContainerException(ContainerProblem.DoesNotExist, "x")));
        Assert.Equal("container with given ID already exists", RuncTexts.Of(new ContainerException(ContainerProblem.AlreadyExists, "x")));
        Assert.Equal("one; two\\x1b", RuncTexts.Of(new EngineException("one\ntwo\u001b")));
        Assert.Equal("config.json: a: b; config.json: c: d", RuncTexts.Of(new ConfigException("config.json", [new ConfigError("a", "b"), new ConfigError("c", "d")])));
    }

    [Theory]
    [InlineData("start", "stopped", "cannot start a container that has stopped")]
    [InlineData("start", "running", "cannot start an already running container")]
    [InlineData("start", "paused", "cannot start a container in the paused state")]
    [InlineData("delete", "running", "cannot delete container c that is not stopped: running")]
    [InlineData("kill", "stopped", "container not running")]
    [InlineData("resume", "running", "container not paused")]
    public void A_verb_in_the_wrong_state(string verb, string status, string text) =>
        Assert.Equal(text, Assert.Throws<EngineException>(() => RuncTexts.Require(verb, "c", status)).Message);

    [Theory]
    [InlineData(1_700_000_000_000_000_000, "2023-11-14T22:13:20Z")]
    [InlineData(1_700_000_000_120_000_000, "2023-11-14T22:13:20.12Z")]
    [InlineData(1_700_000_000_000_000_001, "2023-11-14T22:13:20.000000001Z")]
    public void Times_are_written_as_Go_does(long nanoseconds, string text) =>
        Assert.Equal(text, RuncState.Created(new StateDocument { CreatedAt = nanoseconds }));
}
