using Engine.Cli.Instance;
using Engine.Instances;

namespace Engine.Tests.Unit.Instances;

/// <summary>What is read from texts of /proc about an instance, and how sizes are shown.</summary>
public sealed class ProcTextTests
{
    [Theory]
    [InlineData("NSpid:\t400\t1\nSigBlk:\t0000000000000000\nSigCgt:\t0000000000000002\n", 2, true)]
    [InlineData("NSpid:\t400\t1\nSigBlk:\t0000000000000002\nSigCgt:\t0000000000000000\n", 2, true)]
    [InlineData("NSpid:\t400\t1\nSigBlk:\t0000000000000000\nSigCgt:\t0000000000004000\n", 2, false)]
    [InlineData("NSpid:\t400\t1\nSigBlk:\t0000000000000000\nSigCgt:\t8000000000000000\n", 64, true)]
    [InlineData("NSpid:\t400\t1\nSigBlk:\t0000000000000000\nSigCgt:\t0000000000000000\n", 9, true)]
    [InlineData("NSpid:\t400\t2\nSigBlk:\t0000000000000000\nSigCgt:\t0000000000000000\n", 2, true)]
    [InlineData("NSpid:\t1\nSigBlk:\t0000000000000000\nSigCgt:\t0000000000000000\n", 2, true)]
    [InlineData("", 2, true)]
    public void A_signal_reaches_all_but_a_first_process_that_does_not_listen(string status, int signal, bool reaches) =>
        Assert.Equal(reaches, SignalReach.Reaches(status, signal));

    [Fact]
    public void The_address_is_the_first_local_one_that_is_not_the_loopbacks()
    {
        const string Loopback = "Main:\n  +-- 127.0.0.0/8 2 0 2\n     |-- 127.0.0.1\n        /32 host LOCAL\n     |-- 127.255.255.255\n        /32 link BROADCAST\n";
        Assert.Null(InstanceAddress.FromTrie(Loopback));
        Assert.Equal("10.1.2.3", InstanceAddress.FromTrie(Loopback + "     |-- 10.1.2.0\n        /24 link UNICAST\n     |-- 10.1.2.3\n        /32 host LOCAL\n"));
        Assert.Null(InstanceAddress.FromTrie(""));
        Assert.Null(InstanceAddress.FromTrie("|-- nonsense\n/32 host LOCAL\n"));
    }

    [Fact]
    public void An_ipv6_address_counts_when_its_scope_is_global()
    {
        const string Local = "00000000000000000000000000000001 01 80 10 80       lo\nfe800000000000000000000000000001 02 40 20 80     eth0\n";
        Assert.Null(InstanceAddress.FromInet6(Local));
        Assert.Equal("2001:db8::2", InstanceAddress.FromInet6(Local + "20010db8000000000000000000000002 02 40 00 80     eth0\n"));
        Assert.Null(InstanceAddress.FromInet6("zz 1 2 00 3 lo\n"));
    }

    [Theory]
    [InlineData(0L, "0B")]
    [InlineData(1023L, "1023B")]
    [InlineData(1024L, "1KiB")]
    [InlineData(1536L, "1.5KiB")]
    [InlineData(262144000L, "250MiB")]
    [InlineData(25281036288L, "23.54GiB")]
    [InlineData(long.MaxValue, "8EiB")]
    [InlineData(null, "--")]
    public void Sizes_have_four_digits_and_a_unit(long? bytes, string text) => Assert.Equal(text, StatsCommand.Size(bytes));
}
