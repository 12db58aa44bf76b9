using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Setuid;

/// <summary>What <c>build.sh install --setuid</c> puts where, with which owner and mode, in a /usr/local and an /etc of the test's own.</summary>
public sealed class InstallTests : SetuidTest
{
    private const string Private =
        "mount -t tmpfs -o mode=755 tmpfs /usr/local; mount -t tmpfs -o mode=755 tmpfs /mnt; mkdir /mnt/upper /mnt/work; "
        + "mount -t overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work overlay /etc; rm -rf /etc/engine; ";

    [RootFact]
    public void The_bit_is_set_last_and_nobody_may_use_it_yet()
    {
        var text = Inside("$0/build.sh install --setuid 2>/dev/null; stat -c '%a %u %g %n' /usr/local/libexec/engine/* /etc/engine /etc/engine/engine.conf; "
            + "cat /etc/engine/engine.conf; /usr/local/bin/engine config check | tail -n 1");
        foreach (var line in new[]
                 {
                     "711 0 0 /usr/local/libexec/engine/master", "755 0 0 /usr/local/libexec/engine/pump", "755 0 0 /usr/local/libexec/engine/starter",
                     "4755 0 0 /usr/local/libexec/engine/starter-suid", "755 0 0 /etc/engine", "644 0 0 /etc/engine/engine.conf", "allow_setuid = no",
                     "/etc/engine/engine.conf: sound",
                 })
        {
            Assert.Contains(line, text.Split('\n'));
        }
    }

    [RootFact]
    public void A_configuration_that_is_there_is_left_alone()
    {
        var text = Inside("mkdir /etc/engine; echo 'allow_setuid = yes' >/etc/engine/engine.conf; $0/build.sh install --setuid 2>/dev/null; cat /etc/engine/engine.conf; "
            + "setpriv --reuid 64600 --regid 64600 --clear-groups /usr/local/bin/engine doctor");
        Assert.StartsWith("allow_setuid = yes\n", text, StringComparison.Ordinal);
        Assert.Contains("yes setuid", text, StringComparison.Ordinal);
    }

    [RootFact]
    public void A_place_that_others_can_write_to_is_refused()
    {
        var text = Inside("chmod 775 /usr/local; $0/build.sh install --setuid 2>&1 | tail -n 1; ls /usr/local/libexec/engine");
        Assert.Contains("must be root's and writable by nobody else", text, StringComparison.Ordinal);
        Assert.DoesNotContain("starter-suid", text.Split('\n'));
    }

    // The build is there already: nothing is compiled, and nothing of the machine is written to.
    private static string Inside(string script)
    {
        var command = new Command("/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/bash", "-ec", Private + "set +e; " + script, Installation.SourceRoot) { Seconds = 300 };
        command.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? command.Environment["PATH"];
        command.Environment["HOME"] = Environment.GetEnvironmentVariable("HOME") ?? "/root";
        return command.Run().Text;
    }
}
