using Engine.Security;
using Engine.Spec;

namespace Engine.Tests.Unit.Security;

public class CapabilitiesTests
{
    [Fact]
    public void Names_and_numbers_are_each_others_inverse()
    {
        var names = Capabilities.All.ToArray();
        Assert.Equal(41, names.Length);
        for (var i = 0; i < names.Length; i++)
        {
            Assert.True(Capabilities.TryNumber(names[i], out var number));
            Assert.Equal(i, number);
        }
        Assert.Equal((1UL << 41) - 1, Capabilities.Mask(names));
        Assert.Equal(names, Capabilities.NamesOf(ulong.MaxValue));
    }

    [Theory]
    [InlineData("CAP_CHOWN", 0)]
    [InlineData("CAP_SYS_ADMIN", 21)]
    [InlineData("CAP_CHECKPOINT_RESTORE", 40)]
    public void Known_numbers(string name, int number)
    {
        Assert.True(Capabilities.TryNumber(name, out var found));
        Assert.Equal(number, found);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?")]
    [InlineData("KILL")]
    [InlineData("cap_kill")]
    [InlineData("CAP_KILL CAP_CHOWN")]
    [InlineData("CAP_KILL ")]
    [InlineData("CAP_")]
    public void What_is_no_name(string name) => Assert.False(Capabilities.TryNumber(name, out _));

    [Fact]
    public void Sets_are_cut_to_what_the_kernel_grants()
    {
        Assert.Equal(default, Capabilities.Asked(null));
        var asked = Capabilities.Asked(new CapabilitiesSpec
        {
            Bounding = ["CAP_KILL"],
            Permitted = ["CAP_KILL", "CAP_CHOWN"],
            Effective = ["CAP_CHOWN", "CAP_BPF"],
            Inheritable = ["CAP_CHOWN"],
            Ambient = ["CAP_KILL", "CAP_CHOWN"],
        });
        var granted = Capabilities.Grantable(asked);
        Assert.Equal(["CAP_CHOWN"], Capabilities.NamesOf(granted.Effective));
        Assert.Equal(["CAP_CHOWN"], Capabilities.NamesOf(granted.Ambient));
        Assert.Equal((asked.Bounding, asked.Permitted, asked.Inheritable), (granted.Bounding, granted.Permitted, granted.Inheritable));
    }

    [Fact]
    public void Limits_have_the_kernels_numbers()
    {
        Assert.True(Rlimits.TryNumber("RLIMIT_CPU", out var cpu));
        Assert.True(Rlimits.TryNumber("RLIMIT_NOFILE", out var files));
        Assert.True(Rlimits.TryNumber("RLIMIT_RTTIME", out var time));
        Assert.Equal((0, 7, 15), (cpu, files, time));
        Assert.False(Rlimits.TryNumber("RLIMIT_NLIMITS", out _));
    }
}
