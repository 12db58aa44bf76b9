using Engine.Shared.Linux;
using Engine.Tests.Integration.Starter;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Setuid;

/// <summary>Whoever the site does not let in gets nothing, and a file that is not the administrator's alone lets nobody in (U01, H56).</summary>
public sealed class SiteFileTests : SetuidTest
{
    [RootTheory]
    [InlineData("allow_setuid = no", "site.setuid")]
    [InlineData("", "site.setuid")]
    [InlineData("allow_setuid = yes\nallow_users = 1-999", "site.user")]
    [InlineData("allow_setuid = yes\ndeny_users = 64600", "site.user")]
    [InlineData("allow_setuid = yes\nallow_users = 64600\ndeny_groups = 64601", "site.user")]
    [InlineData("allow_setuid = yes\nallow_groups = 5", "site.user")]
    [InlineData("allow_setuid = yes\nallow_setuid = yes", "line 2")]
    [InlineData("allow_setuid = yes\nalow_users = 1", "line 2")]
    [InlineData("allow_setuid = maybe", "line 1")]
    public void It_says_who_may(string text, string reason)
    {
        File.WriteAllText(Conf, text);
        Refused(reason);
        Assert.Equal(reason.StartsWith("line", StringComparison.Ordinal) ? 1 : 0, AsUser(SetuidSite.Engine, "config", "check").Run().ExitCode);
    }

    [RootTheory]
    [InlineData("allow_users = 64600")]
    [InlineData("allow_users = 64000-64999")]
    [InlineData("allow_groups = 64601")]
    public void Whom_it_names_may(string line)
    {
        Configure(line);
        Assert.Equal(0, RunToEnd(UserBundle()).ExitCode);
    }

    [RootFact]
    public void A_file_of_another_owner_or_mode_or_kind_closes_the_workflow()
    {
        File.SetUnixFileMode(Conf, (UnixFileMode)0b110_110_100);
        Refused("root's alone to write");
        File.SetUnixFileMode(Conf, (UnixFileMode)0b110_100_110);
        Refused("root's alone to write");
        Configure();
        Own(Conf);
        Refused("root's alone to write");
        Configure();
        var real = Path.Combine(Path.GetDirectoryName(Conf)!, "real");
        File.Move(Conf, real);
        File.CreateSymbolicLink(Conf, "real");
        Refused("ELOOP");
        File.Delete(Conf);
        Native.Check(Native.link(real, Conf), "link");
        Refused("one name");
        File.Delete(Conf);
        System.IO.Directory.CreateDirectory(Conf);
        Refused("regular file");
        System.IO.Directory.Delete(Conf);
        new Command("/usr/bin/mkfifo", Conf).Run().ShouldExit(0);
        Refused("regular file");
        File.Delete(Conf);
        Refused("ENOENT");
        Assert.Equal(1, AsUser(SetuidSite.Engine, "config", "check").Run().ExitCode);
        Configure();
        File.SetUnixFileMode(Path.GetDirectoryName(Conf)!, (UnixFileMode)0b111_111_101);
        Refused("root's alone to write");
        File.SetUnixFileMode(Path.GetDirectoryName(Conf)!, (UnixFileMode)0b111_101_101);
        Assert.Equal(0, RunToEnd(UserBundle()).ExitCode);
    }

    [RootFact]
    public void The_programs_are_trusted_as_the_file_is()
    {
        Configure("libexec = /usr/local/libexec/nothing");
        Refused("libexec in engine.conf");
        Configure("libexec = /tmp");
        Refused("root's alone to write");
    }

    [RootFact]
    public void It_is_explained()
    {
        Configure("deny_users = 12, 40-50", "tmpfs_max_size = 8M", "cgroups = yes");
        var text = AsUser(SetuidSite.Engine, "config", "check").Run().ShouldExit(0).Text;
        Assert.Contains("12, 40-50", text, StringComparison.Ordinal);
        Assert.Contains("8388608", text, StringComparison.Ordinal);
        Assert.Contains("each user gets /engine/user-UID", text, StringComparison.Ordinal);
        Assert.EndsWith("/etc/engine/engine.conf: sound\n", text, StringComparison.Ordinal);
    }

    // U02: privilege counts only where it is whole.
    [RootFact]
    public void Without_the_effect_of_the_bit_it_is_not_the_set_uid_workflow()
    {
        var bundle = UserBundle().Path;
        var line = new[] { SetuidSite.Engine, "oci", "run", NewId(), "-b", bundle, "--workflow", "setuid" };
        Assert.Equal(255, AsUser(["/usr/bin/setpriv", "--no-new-privs", "--", .. line]).Run().ExitCode);
        Assert.Equal(255, AsUser(["/usr/bin/unshare", "--user", "--map-root-user", "--", .. line]).Run().ExitCode);
        Assert.NotEqual(0, AsUser(["/usr/bin/strace", "-f", "-o", "/dev/null", "-e", "trace=none", .. line]).Run().ExitCode);
    }

    // The bit works in a user namespace that has the machine's root, too, and is no workflow there.
    [RootFact]
    public void Root_of_a_user_namespace_is_not_the_machines()
    {
        // unshare(CLONE_NEWUSER) in a child, whose maps are then all of the machine's ids.
        const string enter = "pipe(A,B); pipe(C,D); unless ($p = fork) { syscall(272, 0x10000000) == 0 or die $!; syswrite B,\"x\"; sysread C,$x,1; exec @ARGV } "
            + "sysread A,$x,1; for (qw(uid gid)) { open F,\">\",\"/proc/$p/${_}_map\"; print F \"0 0 65536\"; close F } syswrite D,\"x\"; waitpid $p,0; exit $?>>8";
        using var launch = LaunchSocket.Start($"exec perl -e '{enter}' {string.Join(' ', Site.Prefix)} {SetuidSite.Starter}");
        launch.Send(launch.Record());
        Assert.Equal("policy: caller.namespace", launch.Result().Operation);
        Assert.Equal(255, launch.ExitCode());
    }

    private void Refused(string reason)
    {
        var result = Cli.Oci("create", NewId(), "-b", UserBundle().Path, "--workflow", "setuid").ShouldExit(255);
        Assert.Contains(reason, result.Error, StringComparison.Ordinal);
    }
}
