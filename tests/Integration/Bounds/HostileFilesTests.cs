using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Bounds;

/// <summary>Files of the image that are read for the container: /etc/passwd and /etc/group in every bad form, and a process that names itself badly.</summary>
public sealed class HostileFilesTests : EngineTest
{
    private const string Outside = "outside:x:4242:4242::/outside:/bin/sh\n";

    // Prepared on the host side below the root filesystem; what it makes of "HOME" and of "exec --user".
    private static readonly (string Name, string Prepare, string? Home, string? Uid)[] Forms =
    [
        ("good", "printf 'root:x:0:0::/good:/bin/sh\\nuser:x:77:78::/h:/bin/sh\\n' >@", "/good", "77"),
        ("no newline at its end", "printf 'user:x:77:78::/h:/bin/sh\\nroot:x:0:0::/good:/bin/sh' >@", "/good", "77"),
        ("windows lines", "printf 'root:x:0:0::/good:/bin/sh\\r\\nuser:x:77:78::/h:/bin/sh\\r\\n' >@", "/good", "77"),
        ("empty", ": >@", "/", null),
        ("missing", "rm -f @", "/", null),
        ("directory", "mkdir @", "/", null),
        ("fifo", "mkfifo @", "/", null),
        ("socket-like device", "mknod @ c 1 5", "/", null),
        ("binary", "head -c 65536 /dev/urandom >@", "/", null),
        ("zeros", "head -c 65536 /dev/zero >@", "/", null),
        ("huge", "{ head -c 3000000 /dev/zero | tr '\\0' 'x'; printf '\\nroot:x:0:0::/late:/\\nuser:x:0:0::/:/\\n'; } >@", "/", null),
        ("sparse and endless", "truncate -s 1T @", "/", null),
        ("one long line", "head -c 900000 /dev/zero | tr '\\0' ':' >@", "/", null),
        ("nul in a name", "printf 'us\\0er:x:77:78::/h:/\\nuser:x:1x:78::/h:/\\nuser:x:99999999999999999999:0::/:/\\nroot:x:0:0::/a\\0b:/\\n' >@", "/", null),
        ("link to proc", "ln -s /proc/self/environ @", "/", null),
        ("magic link", "ln -s /proc/1/root/etc/passwd @", "/", null),
        ("link outside", "ln -s #/outside @", "/", null),
        ("dots outside", "ln -s ../../../../../../../../..#/outside @", "/", null),
        ("link to itself", "ln -s passwd @", "/", null),
    ];

    [RootFact]
    public void Nothing_hangs_or_leads_out_and_what_is_no_entry_is_none()
    {
        File.WriteAllText(Path.Combine(Directory, "outside"), Outside + "root:x:0:0::/outside:/bin/sh\nuser:x:4242:4242::/outside:/bin/sh\n");
        foreach (var (name, prepare, home, uid) in Forms)
        {
            var bundle = NewBundle().Shell("echo home $HOME; sleep 1000");
            var environment = bundle.Process["env"]!.AsArray();
            foreach (var entry in environment.Where(e => ((string)e!).StartsWith("HOME=", StringComparison.Ordinal)).ToList())
            {
                environment.Remove(entry);
            }
            foreach (var file in new[] { "passwd", "group" })
            {
                var path = $"{bundle.Rootfs}/etc/{file}";
                File.Delete(path);
                var script = prepare.Replace("@", path, StringComparison.Ordinal).Replace("#", Directory, StringComparison.Ordinal);
                new Command("/bin/sh", "-c", script).Run().ShouldExit(0);
            }
            var id = Start(bundle);
            var log = "";
            Eventually.True(() => (log = Cli.OciOk("logs", id).Text).Length > 0, "the payload's word");
            Assert.Equal((name, $"home {home}\n"), (name, log));
            var exec = Cli.Oci("exec", "--user", "user", id, "/bin/awk", "/^Uid:/{print $2}", "/proc/self/status");
            if (uid is not null)
            {
                Assert.Equal((name, uid + "\n"), (name, exec.ShouldExit(0).Text));
            }
            else
            {
                exec.ShouldFail(255, name is "magic link" or "link to itself" ? "ELOOP" : "user");
            }
            // Numbers need no file.
            Assert.Equal((name, "5\n"), (name, Cli.OciOk("exec", "--user", "5:6", id, "/bin/awk", "/^Uid:/{print $2}", "/proc/self/status").Text));
            Cli.OciOk("delete", "--force", id);
        }
    }

    [RootFact]
    public void A_process_that_calls_itself_ended_is_still_running()
    {
        foreach (var comm in new[] { ") Z 1 1 1", "a) X (b", "))))", "1 (x) R", "a\\nb) Z", "\\377\\376" })
        {
            var id = Start(NewBundle().Shell($"printf '{comm}' >/proc/self/comm; echo $$; sleep 1000"));
            Eventually.True(() => Cli.OciOk("logs", id).Text.Length > 0, "the payload's word");
            Assert.Equal((comm, "running"), (comm, Cli.Status(id)));
            var pid = (int)Cli.State(id)["pid"]!;
            var roles = new Robustness.Roles(Cli, id);
            roles.Kill(Robustness.Role.Supervisor);
            Eventually.True(() => !ProcFs.Lives(roles.Supervisor), "the supervisor's end");
            Assert.Equal((comm, "running"), (comm, Cli.Status(id)));
            Cli.OciOk("kill", id, "KILL");
            Eventually.True(() => !ProcFs.Lives(pid), "the payload's end");
            Cli.WaitForStatus(id, "stopped");
        }
    }
}
