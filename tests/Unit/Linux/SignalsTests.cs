using Engine.Linux;
using FsCheck;
using FsCheck.Fluent;

namespace Engine.Tests.Unit.Linux;

public class SignalsTests
{
    [Theory]
    [InlineData("TERM", 15)]
    [InlineData("SIGTERM", 15)]
    [InlineData("sigterm", 15)]
    [InlineData("term", 15)]
    [InlineData("15", 15)]
    [InlineData("64", 64)]
    [InlineData("IOT", 6)]
    [InlineData("SIGPOLL", 29)]
    [InlineData("CLD", 17)]
    [InlineData("STKFLT", 16)]
    [InlineData("RTMIN", 34)]
    [InlineData("SIGRTMIN+3", 37)]
    [InlineData("rtmin+30", 64)]
    [InlineData("RTMAX-1", 63)]
    [InlineData("SIGRTMAX", 64)]
    public void Signals_by_any_name(string text, int number)
    {
        Assert.True(Signals.TryParse(text, out var found));
        Assert.Equal(number, found);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("65")]
    [InlineData("-9")]
    [InlineData("+9")]
    [InlineData(" 9")]
    [InlineData("SIG")]
    [InlineData("SIG9")]
    [InlineData("KILL9")]
    [InlineData("SIGSIGKILL")]
    [InlineData("?")]
    [InlineData("RTMIN+31")]
    [InlineData("RTMIN-1")]
    [InlineData("RTMAX-31")]
    [InlineData("RTMAX+1")]
    [InlineData("RTMIN+")]
    [InlineData("RTMIN+2147483647")]
    [InlineData("99999999999")]
    public void What_is_no_signal(string text) => Assert.False(Signals.TryParse(text, out _));

    [Theory]
    [InlineData(1, "SIGHUP")]
    [InlineData(31, "SIGSYS")]
    [InlineData(33, "33")]
    [InlineData(34, "SIGRTMIN")]
    [InlineData(40, "SIGRTMIN+6")]
    [InlineData(64, "SIGRTMAX")]
    [InlineData(65, "65")]
    public void Names(int number, string name) => Assert.Equal(name, Signals.Name(number));

    [Fact]
    public void Every_name_is_read_back()
    {
        for (var number = 1; number <= 64; number++)
        {
            Assert.True(Signals.TryParse(Signals.Name(number), out var found));
            Assert.Equal(number, found);
        }
    }

    [Fact]
    public void Any_text_is_a_signal_of_the_kernels_range_or_none() =>
        Check.QuickThrowOnFailure(Prop.ForAll<NonNull<string>>(text => !Signals.TryParse(text.Get, out var number) || number is >= 1 and <= 64));
}
