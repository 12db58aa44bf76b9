using System.Text;
using Engine.Shared.Policy;

namespace Engine.Tests.Unit.Setuid;

/// <summary>The administrator's file: what is understood, and that everything else closes the workflow.</summary>
public unsafe class SiteConfigTests
{
    [Fact]
    public void An_empty_file_offers_nothing_and_bounds_everything()
    {
        Read("", (SiteConfigError error, in SiteConfig config) =>
        {
            Assert.Equal(SiteConfigError.None, error);
            Assert.False(config.AllowSetuid);
            Assert.True(config.UserBind);
            Assert.Equal(0x1fu, config.Namespaces);
            Assert.Equal(64UL << 20, config.TmpfsMaxSize);
            Assert.Equal(512UL, config.MaxMounts);
            Assert.False(config.Cgroups);
        });
    }

    [Fact]
    public void Values_are_taken()
    {
        const string text = "# site\n\n allow_setuid = yes\nallow_users=1000, 2000-2999\nallow_ns = pid,network\ntmpfs_max_size = 2G\n\tcgroups = yes \nlibexec = /opt/engine/libexec\n";
        Read(text, (SiteConfigError error, in SiteConfig config) =>
        {
            Assert.Equal(SiteConfigError.None, error);
            Assert.True(config.AllowSetuid);
            Assert.True(config.Cgroups);
            Assert.Equal(2UL << 30, config.TmpfsMaxSize);
            Assert.Equal(0b01001u, config.Namespaces);
            Assert.True(SiteConfig.Lists(config.AllowUsers, 1000));
            Assert.True(SiteConfig.Lists(config.AllowUsers, 2999));
            Assert.False(SiteConfig.Lists(config.AllowUsers, 1001));
            Assert.False(SiteConfig.Lists(config.AllowUsers, 3000));
            Assert.Equal("/opt/engine/libexec", Encoding.ASCII.GetString(config.Libexec.At, config.Libexec.Length));
        });
    }

    [Theory]
    [InlineData("allow_setuid = Yes", SiteConfigError.Value)]
    [InlineData("allow_setuid = 1", SiteConfigError.Value)]
    [InlineData("allow_setuid", SiteConfigError.NoEquals)]
    [InlineData("allow_setid = yes", SiteConfigError.UnknownKey)]
    [InlineData("allow_setuid = yes\nallow_setuid = yes", SiteConfigError.DuplicateKey)]
    [InlineData("allow_users =", SiteConfigError.Value)]
    [InlineData("allow_users = alice", SiteConfigError.Value)]
    [InlineData("allow_users = 10-5", SiteConfigError.Value)]
    [InlineData("allow_users = -1", SiteConfigError.Value)]
    [InlineData("allow_users = 4294967295", SiteConfigError.Value)]
    [InlineData("allow_users = 99999999999999999999", SiteConfigError.Value)]
    [InlineData("allow_users = 1,,2", SiteConfigError.Value)]
    [InlineData("limit_rootfs_paths = scratch", SiteConfigError.Value)]
    [InlineData("limit_rootfs_paths = /a/../b", SiteConfigError.Value)]
    [InlineData("limit_rootfs_paths = /a//b", SiteConfigError.Value)]
    [InlineData("limit_rootfs_paths = /a/", SiteConfigError.Value)]
    [InlineData("limit_rootfs_paths = /", SiteConfigError.Value)]
    [InlineData("libexec = libexec", SiteConfigError.Value)]
    [InlineData("tmpfs_max_size = 0", SiteConfigError.Value)]
    [InlineData("tmpfs_max_size = 1X", SiteConfigError.Value)]
    [InlineData("tmpfs_max_size = 99999999T", SiteConfigError.Value)]
    [InlineData("allow_ns = pid, user", SiteConfigError.Value)]
    [InlineData("allow_setuid = yes\0", SiteConfigError.Character)]
    [InlineData("allow_setuid = yes\r", SiteConfigError.Character)]
    [InlineData("allow_setuid = y\u00e9s", SiteConfigError.Character)]
    public void Anything_else_makes_the_whole_file_unusable(string text, SiteConfigError expected) =>
        Read(text, (SiteConfigError error, in SiteConfig _) => Assert.Equal(expected, error));

    [Fact]
    public void Lines_and_the_file_are_bounded()
    {
        Read("#" + new string('x', 1024), (SiteConfigError error, in SiteConfig _) => Assert.Equal(SiteConfigError.LineTooLong, error));
        Read(new string('\n', SiteConfig.MaxBytes + 1), (SiteConfigError error, in SiteConfig _) => Assert.Equal(SiteConfigError.TooLong, error));
        Read(new string('\n', SiteConfig.MaxBytes), (SiteConfigError error, in SiteConfig _) => Assert.Equal(SiteConfigError.None, error));
    }

    [Fact]
    public void The_line_of_an_error_is_told()
    {
        byte[] text = [.. "# a\n\nwrong\n"u8, 0];
        fixed (byte* at = text)
        {
            Assert.Equal(SiteConfigError.NoEquals, SiteConfig.Parse(at, text.Length - 1, out _, out int line));
            Assert.Equal(3, line);
        }
    }

    private delegate void Look(SiteConfigError error, in SiteConfig config);

    private static void Read(string text, Look look)
    {
        byte[] bytes = [.. Encoding.UTF8.GetBytes(text), 0];
        fixed (byte* at = bytes)
        {
            SiteConfigError error = SiteConfig.Parse(at, bytes.Length - 1, out SiteConfig config, out _);
            look(error, in config);
        }
    }
}
