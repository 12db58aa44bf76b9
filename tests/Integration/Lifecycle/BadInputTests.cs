using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Lifecycle;

/// <summary>Command lines, ids and hosts that are wrong: one clear line, the right exit code, nothing left.</summary>
public sealed class BadInputTests : EngineTest
{
    [RootFact]
    public void Ids_are_one_plain_path_component()
    {
        var bundle = NewBundle().Path;
        foreach (var id in new[] { "..", ".", "", "a/b", "/etc", "a\nb", "-x", ".hidden", "a b", "é", new string('x', 201), new string('x', 5000) })
        {
            foreach (var words in new[] { new[] { "create", "-b", bundle, "--", id }, ["state", "--", id], ["delete", "--force", "--", id], ["kill", "--", id] })
            {
                Cli.Oci(words).ShouldFail(255, "invalid container id");
            }
        }
        Assert.Empty(System.IO.Directory.EnumerateFileSystemEntries(Cli.Root));
    }

    [RootFact]
    public void The_longest_id_works()
    {
        var id = (NewId() + "-" + new string('x', 200))[..200];
        Cli.OciOk("create", id, "-b", NewBundle().Args("/bin/sleep", "1000").Path);
        Cli.OciOk("start", id);
        Assert.Equal("running", Cli.Status(id));
        Cli.OciOk("delete", "-f", id);
    }

    [RootFact]
    public void A_long_state_root_works()
    {
        // Longer than the 107 bytes of a socket's address.
        var root = Path.Combine(Directory, new string('r', 120));
        var id = NewId();
        Cli.OciOk("--root", root, "create", id, "-b", NewBundle().Shell("echo hello; exec sleep 1000").Path);
        Cli.OciOk("--root", root, "start", id);
        Cli.OciOk("--root", root, "pause", id);
        Cli.OciOk("--root", root, "delete", "-f", id);
        Assert.Empty(System.IO.Directory.EnumerateFileSystemEntries(root));
    }

    [RootFact]
    public void A_command_line_that_cannot_be_understood_is_a_usage_error()
    {
        foreach (var (words, part) in new (string[] Words, string Part)[]
        {
            (["bogus"], "bogus"), (["state"], "argument"), (["state", "a", "b"], "b"), (["state", "--bogus", "a"], "--bogus"), (["state", "a", "--bogus"], "--bogus"),
            (["kill", "--bogus", "a"], "--bogus"), (["kill", "a", "SIGNOPE"], "SIGNOPE"), (["kill", "a", "999"], "999"), (["kill", "-t", "-1", "a"], "--timeout"),
            (["kill", "-t", "soon", "a"], "soon"), (["logs", "--tail", "few", "a"], "few"), (["create", "a", "-b", "/", "--log-format", "xml"], "xml"),
            (["attach", "a", "--detach-keys", "hyper-q"], "hyper-q"), (["update", "a"], "--from-file"), (["create", "a", "-b"], "-b"),
        })
        {
            Cli.Oci(words).ShouldFail(1, part);
        }
    }

    [RootFact]
    public void A_state_root_that_cannot_be_written_is_named()
    {
        var root = Path.Combine(Directory, "readonly");
        System.IO.Directory.CreateDirectory(root);
        var id = NewId();
        InMountNamespace(
            $"mount -t tmpfs -o ro tmpfs {root}", "oci", "--root", root, "create", id, "-b", NewBundle().Path).ShouldFail(255, root, "EROFS");
        InMountNamespace(
            $"mount -t tmpfs -o ro tmpfs {root}", "oci", "--root", root + "/deeper", "create", id, "-b", NewBundle().Path).ShouldFail(255, root);
        File.WriteAllText(Path.Combine(Directory, "file"), "");
        Cli.Oci("--root", Path.Combine(Directory, "file"), "create", id, "-b", NewBundle().Path).ShouldFail(255, "file");
        Assert.Empty(System.IO.Directory.EnumerateFileSystemEntries(root));
    }

    [RootFact]
    public void A_full_state_root_is_named()
    {
        var root = Path.Combine(Directory, "full");
        System.IO.Directory.CreateDirectory(root);
        InMountNamespace(
            $"mount -t tmpfs -o size=8k tmpfs {root}; head -c 8192 /dev/zero > {root}/filler", "oci", "--root", root, "create", NewId(), "-b", NewBundle().Path)
            .ShouldFail(255, "ENOSPC");
    }

    [RootFact]
    public void Paths_of_log_and_pid_file_that_lead_nowhere_are_named()
    {
        var bundle = NewBundle().Path;
        foreach (var option in new[] { "--log-path", "--pid-file" })
        {
            Cli.Oci("create", NewId(), "-b", bundle, option, "/no/such/directory/file").ShouldFail(255, "/no/such/directory");
            Cli.Oci("create", NewId(), "-b", bundle, option, Directory).ShouldFail(255, Path.GetFileName(Directory));
        }
        Cli.Oci("create", NewId(), "-b", bundle, "--trace", "/no/such/directory/file").ShouldFail(255, "trace", "/no/such/directory");
    }

    [RootFact]
    public void A_full_disk_under_the_log_does_not_stop_the_payload()
    {
        var disk = Path.Combine(Directory, "disk");
        System.IO.Directory.CreateDirectory(disk);
        new Command("/bin/mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", disk).Run().ShouldExit(0);
        try
        {
            var id = Start(NewBundle().Shell("i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); echo \"line $i of many\"; done; exit 5"), "--log-path", disk + "/log");
            Assert.Equal("5\n", Cli.OciOk("wait", id).Text);
            Cli.OciOk("delete", id);
        }
        finally
        {
            new Command("/bin/umount", "-l", disk).Run().ShouldExit(0);
        }
    }

    [RootFact]
    public void A_cgroup_controller_that_is_missing_is_named()
    {
        // Without any hierarchy in sight nothing can be limited.
        InMountNamespace(
            "umount -R /sys/fs/cgroup", "oci", "create", NewId(), "-b", NewBundle().WithResources(r => r["pids"] = new System.Text.Json.Nodes.JsonObject { ["limit"] = 5 }).Path)
            .ShouldFail(255, "linux.resources.pids", "controller");
    }

    [RootFact]
    public void Resources_that_cannot_be_read_are_refused_before_anything_is_asked()
    {
        var id = Start(NewBundle().Args("/bin/sleep", "1000"));
        var file = Path.Combine(Directory, "resources.json");
        Cli.Oci("update", id, "-f", file).ShouldFail(255, $"open {file}: no such file or directory");
        Cli.Oci("update", id, "-f", Directory).ShouldFail(255, $"open {Directory}: is a directory");
        foreach (var (text, part) in new[] { ("{", "resources.json:1"), ("[]", "resources.json"), ("{\"pids\":{\"limit\":\"x\"}}", "pids.limit"), ("{\"memory\":{\"limit\":-7}}", "memory.limit") })
        {
            File.WriteAllText(file, text);
            Cli.Oci("update", id, "-f", file).ShouldFail(255, part);
        }
        Assert.Equal("running", Cli.Status(id));
    }

    [RootFact]
    public void A_chroot_is_refused_because_whoever_joins_the_container_would_be_outside_of_it()
    {
        var root = Path.Combine(Directory, "root");
        System.IO.Directory.CreateDirectory(root);
        var bundle = NewBundle().Path;
        foreach (var bind in new[] { "--rbind / ", "--rbind / {0} && mount --rbind {0} " })
        {
            var prepared = new Command(
                "/usr/bin/unshare",
                "-m", "/bin/sh", "-c", $"mount {string.Format(System.Globalization.CultureInfo.InvariantCulture, bind, root)} {root} && exec chroot {root} \"$0\" \"$@\"",
                Installation.Engine, "oci", "create", NewId(), "-b", bundle);
            prepared.Environment["ENGINE_ROOT"] = Cli.Root;
            prepared.Run().ShouldFail(255, "chroot");
        }
    }

    // A private copy of the mounts (propagation is private by default in unshare), changed, then the engine.
    private CommandResult InMountNamespace(string change, params string[] words)
    {
        var prepared = new Command("/usr/bin/unshare", ["-m", "/bin/sh", "-c", $"{change} || exit 99; exec \"$0\" \"$@\"", Installation.Engine, .. words]);
        prepared.Environment["ENGINE_ROOT"] = Cli.Root;
        return prepared.Run();
    }
}
