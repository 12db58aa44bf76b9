using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Setuid;

/// <summary>What the caller learns, and what he can do to the processes that are privileged for him.</summary>
public sealed class CallerTests : SetuidTest
{
    // S14: a path that he may not see is as one that is not there.
    [RootFact]
    public void What_is_hidden_from_him_is_told_as_what_is_absent()
    {
        var hidden = Path.Combine(Directory, "hidden");
        System.IO.Directory.CreateDirectory(Path.Combine(hidden, "there"));
        File.WriteAllText(Path.Combine(hidden, "file"), "");
        new Command("/usr/bin/mkfifo", Path.Combine(hidden, "fifo")).Run().ShouldExit(0);
        File.SetUnixFileMode(hidden, (UnixFileMode)0b111_000_000);
        string Told(string name, Action<Bundle, string> ask)
        {
            var bundle = UserBundle();
            ask(bundle, Path.Combine(hidden, name));
            var result = Cli.Oci("create", NewId(), "-b", bundle.Path).ShouldExit(255);
            return result.Error.Replace(name, "NAME", StringComparison.Ordinal).Replace(bundle.Rootfs, "ROOTFS", StringComparison.Ordinal);
        }
        foreach (var ask in new Action<Bundle, string>[] { (b, p) => b.Config["root"]!["path"] = p, (b, p) => b.WithBind(p, "/mnt") })
        {
            var absent = Told("absent", ask);
            foreach (var name in new[] { "there", "file", "fifo" })
            {
                Assert.Equal(absent, Told(name, ask));
            }
        }
    }

    // S15: where the program lies, and what it is called, says nothing.
    [RootFact]
    public void Another_name_of_the_starter_is_the_same_starter_and_a_copy_is_none()
    {
        const string Send = "exec 3<>/dev/null; exec \"$0\"";
        foreach (var (place, code) in new[] { ("cp -p /usr/local/libexec/engine/starter-suid", 1), ("ln -s /usr/local/libexec/engine/starter-suid", 1) })
        {
            var other = Path.Combine(UserDirectory(place[..2]), "starter");
            AsUser("/bin/sh", "-c", $"{place} {other} && {Send.Replace("$0", other, StringComparison.Ordinal)}").Run().ShouldExit(code);
        }
        // What a user copies is his own, without the bit.
        Assert.Equal(0, (int)File.GetUnixFileMode(Path.Combine(Directory, "cp", "starter")) & 0b100_000_000_000);
    }

    // S01 and F1: he may stop and kill what works for him, and nothing else.
    [RootFact(Needs.Strace)]
    public void He_can_end_a_waiting_stage_and_cannot_trace_it()
    {
        var id = Create(UserBundle().Shell("sleep 1000"));
        int stage = Pid(id), supervisor = Supervisor(id);
        foreach (var process in new[] { stage, supervisor })
        {
            var traced = AsUser("/usr/bin/timeout", "5", "/usr/bin/strace", "-p", $"{process}").Run();
            Assert.NotEqual(0, traced.ExitCode);
            Assert.Contains("Operation not permitted", traced.Error, StringComparison.Ordinal);
            AsUser("/usr/bin/prlimit", "--pid", $"{stage}", "--nofile=3:3").Run().ShouldExit(1);
        }
        AsUser("/bin/kill", "-STOP", $"{stage}").Run().ShouldExit(0);
        AsUser("/bin/kill", "-CONT", $"{stage}").Run().ShouldExit(0);
        Cli.OciOk("start", id);
        Cli.WaitForStatus(id, "running");
        AsUser("/bin/kill", "-KILL", $"{supervisor}").Run().ShouldExit(0);
        Cli.OciOk("delete", "--force", id);
        Assert.Null(Cli.Status(id));
        Assert.False(ProcFs.Lives(stage));
    }

    // SIGSTOP at any moment of a creation, then SIGKILL or SIGCONT: it is there and can be deleted, or it is not there (I28).
    [RootFact]
    public void A_creation_that_he_stops_and_kills_leaves_nothing()
    {
        for (var round = 0; round < 12; round++)
        {
            var id = NewId();
            var create = Cli.Prepare("oci", "create", id, "-b", UserBundle().Shell("sleep 1000").Path);
            using (var running = create.Start())
            {
                // Another moment in every round.
                var ours = AsUser("/bin/sh", "-c", $"sleep 0.{round * 12:000}; pkill -STOP -U {Uid} starter; sleep 0.05; pkill -{(round % 2 == 0 ? "KILL" : "CONT")} -U {Uid} starter; true");
                ours.Run().ShouldExit(0);
                _ = running.Wait(30);
            }
            var status = Cli.Status(id);
            Assert.True(status is null or "created" or "stopped" or "creating", $"round {round}: {status}");
            _ = Cli.Oci("delete", "--force", id);
            Assert.Null(Cli.Status(id));
        }
    }
}
