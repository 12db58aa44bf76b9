using System.Text.Json.Nodes;
using Engine.Tests.Integration.Config;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Runc;

/// <summary>mounts add and remove: what a running container sees afterwards, all of it or nothing, and never anything of the host's.</summary>
public sealed class RuncMountsTests : RuncTest
{
    private string Source(string name = "source")
    {
        var path = Path.Combine(Directory, name);
        System.IO.Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(path, "file"), name);
        return path;
    }

    private static JsonObject Mount(string destination, string type, string source, params string[] options) => new()
    {
        ["destination"] = destination,
        ["type"] = type,
        ["source"] = source,
        ["options"] = BundleDefaults.Strings(options),
    };

    private string Document(params JsonNode[] mounts) => Document(new JsonArray(mounts).ToJsonString());

    private string Document(string text)
    {
        var file = Path.Combine(Directory, "mounts.json");
        File.WriteAllText(file, text);
        return file;
    }

    private string[] Inside(string id, string script) => Own.Ok("exec", id, "sh", "-c", script).Trimmed.Split('\n');

    private int Pid(string id) => (int)Own.State(id)["pid"]!;

    private List<MountRecord> Mounts(string id) => [.. ProcFs.Read(Pid(id), "mountinfo")!.Split('\n').Select(MountRecord.Parse).OfType<MountRecord>()];

    private MountRecord? At(string id, string point) => Mounts(id).LastOrDefault(m => m.Point == point);

    [RootFact]
    public void Binds_of_files_and_directories_and_filesystems_have_the_options_they_ask_for()
    {
        var source = Source();
        File.WriteAllText(Path.Combine(source, "run"), "#!/bin/sh\n");
        File.SetUnixFileMode(Path.Combine(source, "run"), (UnixFileMode)0x1ed);
        var id = Running(Sleeper().WithFile("/kept/old", "old"));
        Own.Ok("mounts", "add", id, Document(
            Mount("/new/dir", "bind", source, "bind", "ro", "nosuid"),
            Mount("/new/exec", "none", source, "rbind", "noexec", "nodev"),
            Mount("/new/file", "", source + "/file", "bind", "ro"),
            Mount("/small", "tmpfs", "tmpfs", "size=64k", "mode=1750", "noexec"),
            Mount("/kept", "tmpfs", "tmpfs", "tmpcopyup"),
            Mount("/new/proc", "proc", "proc", "ro"),
            Mount("/new/pts", "devpts", "devpts", "newinstance", "ptmxmode=0666")));

        Assert.Contains("ro", At(id, "/new/dir")!.Attributes);
        Assert.Contains("nosuid", At(id, "/new/dir")!.Attributes);
        Assert.Equal(["nodev", "noexec", "relatime", "rw"], At(id, "/new/exec")!.Attributes.Order(StringComparer.Ordinal));
        Assert.Contains("size=64k", At(id, "/small")!.Superblock);
        Assert.Equal(
            ["source", "refused", "126", "source", "refused", "1750", "old", "sleep", "ptmx"],
            Inside(id, "cat /new/dir/file; echo; echo x 2>/dev/null >/new/dir/x || echo refused; /new/exec/run 2>/dev/null || echo $?; cat /new/file; echo; " +
                "echo x 2>/dev/null >/new/file || echo refused; stat -c %a /small; cat /kept/old; echo; cat /new/proc/1/comm; ls /new/pts"));
        // What is written through a bind is the host's; what is made as a mount point is the container's.
        Inside(id, "echo y >/new/exec/written");
        Assert.Equal("y\n", File.ReadAllText(Path.Combine(source, "written")));
        // The proc is of the container's pid namespace: its first process is the payload, and the helper that mounted it is gone.
        Assert.DoesNotContain("starter", string.Concat(Inside(id, "cat /new/proc/[0-9]*/comm")), StringComparison.Ordinal);
    }

    [RootFact]
    public void What_was_added_is_taken_away_once()
    {
        var source = Source();
        var before = Mounts(Running()).Count;
        var id = Running();
        var file = Document(Mount("/m/dir", "bind", source, "bind"), Mount("/m/dir/sub", "tmpfs", "tmpfs"), Mount("/m/file", "bind", source + "/file", "bind"));
        System.IO.Directory.CreateDirectory(Path.Combine(source, "sub"));
        Own.Ok("mounts", "add", id, file);
        Assert.Equal(before + 3, Mounts(id).Count);
        // A mount that is used goes from the tree, not from under its user.
        new Command("/bin/sh", "-c", "exec \"$@\" </dev/null >/dev/null 2>&1", "sh", Own.Program, "--root", Own.Root, "exec", "-d", "--cwd", "/m/dir", id, "sleep", "1000").Run().ShouldExit(0);
        Own.Ok("mounts", "remove", id, file);
        Assert.Equal(before, Mounts(id).Count);
        Assert.Equal(["0"], Inside(id, "ls /m/dir | wc -l"));
        Assert.Equal("source", File.ReadAllText(Path.Combine(source, "file")));
        Own.Run("mounts", "remove", id, file).ShouldFail(1, "mounts.json: [0]: umount2 /m/dir: ", "nothing is mounted there");
        Own.Run("mounts", "remove", id, Document(new JsonObject { ["destination"] = "/no/such" })).ShouldFail(1, "mounts.json: [0]: openat2 /no/such: no such file or directory");
    }

    [RootFact]
    public void Of_two_mounts_on_one_place_the_upper_one_goes_first()
    {
        var (one, two) = (Source("one"), Source("two"));
        var id = Running();
        var remove = Document(new JsonObject { ["destination"] = "/m" });
        File.Copy(remove, remove = Path.Combine(Directory, "remove.json"));
        Own.Ok("mounts", "add", id, Document(Mount("/m", "bind", one, "bind"), Mount("/m", "bind", two, "bind")));
        Assert.Equal(["two"], Inside(id, "cat /m/file"));
        Own.Ok("mounts", "remove", id, remove);
        Assert.Equal(["one"], Inside(id, "cat /m/file"));
        Own.Ok("mounts", "remove", id, remove);
        Assert.Null(At(id, "/m"));
    }

    public static TheoryData<string, string> Failures => new()
    {
        { "source", "mounts.json: [3]: open_tree /nonesuch: no such file or directory" },
        { "option", "mounts.json: [3]: fsconfig" },
        { "place", "mounts.json: [3]: openat2 /bin/busybox/x: not a directory" },
        { "type", "mounts.json: [3]: fsopen nosuchfs: " },
    };

    [RootTheory]
    [MemberData(nameof(Failures))]
    public void One_that_fails_takes_those_before_it_back(string kind, string text)
    {
        var source = Source();
        var id = Running();
        var before = Mounts(id);
        Own.Run("mounts", "add", id, Document(
            Mount("/m/dir", "bind", source, "bind"),
            Mount("/m/dir", "tmpfs", "tmpfs"),
            Mount("/m/file", "bind", source + "/file", "bind", "shared"),
            kind switch
            {
                "source" => Mount("/m/x", "bind", "/nonesuch", "bind"),
                "option" => Mount("/m/x", "tmpfs", "tmpfs", "size=many"),
                "place" => Mount("/bin/busybox/x", "bind", source, "bind"),
                _ => Mount("/m/x", "nosuchfs", "none"),
            })).ShouldFail(1, text);
        Assert.Equal(before.Select(m => m.Point), Mounts(id).Select(m => m.Point));
        Assert.Equal(["0"], Inside(id, "ls /m/dir | wc -l"));
    }

    [RootFact]
    public void Where_one_is_no_mount_none_is_taken_away()
    {
        var id = Running();
        Own.Ok("mounts", "add", id, Document(Mount("/m/a", "tmpfs", "tmpfs"), Mount("/m/b", "tmpfs", "tmpfs")));
        var before = Mounts(id).Count;
        Own.Run("mounts", "remove", id, Document(Mount("/m/a", "x", "y"), Mount("/m/b", "x", "y"), Mount("/bin", "x", "y"))).ShouldFail(1, "mounts.json: [2]: umount2 /bin: ", "nothing is mounted there");
        Assert.Equal(before, Mounts(id).Count);
        // The same one by two names: gone is gone.
        Inside(id, "ln -s a /m/link");
        Own.Ok("mounts", "remove", id, Document(Mount("/m/link", "x", "y"), Mount("/m/a", "x", "y"), Mount("/m/b", "x", "y")));
        Assert.Equal(before - 2, Mounts(id).Count);
    }

    [RootFact]
    public void Who_cannot_be_understood_is_refused_at_its_place()
    {
        var id = Running();
        var before = Mounts(id).Count;
        var source = Source();
        (string Text, string[] Told)[] table =
        [
            ("nonsense", ["mounts.json:1: ", "JSON"]),
            ("""{"mounts": []}""", ["mounts.json:1: must be an array"]),
            ("""[{"destination": "/a", "type": "tmpfs"}, {"source": "/x"}]""", ["mounts.json:1: [1].destination: "]),
            ("[{\"destination\": \"/a\",\n \"source\": 7}]", ["mounts.json:2: [0].source: "]),
            ("""[{"destination": "/", "type": "tmpfs"}]""", ["[0].destination: must not be \\\"/\\\""]),
            ("""[{"destination": "/proc", "type": "tmpfs"}]""", ["[0].destination: /proc takes a proc filesystem"]),
            ("""[{"destination": "/proc/self/attr", "type": "tmpfs"}]""", ["[0].destination: is below /proc"]),
            ("""[{"destination": "/a", "type": "bind"}]""", ["[0].source: is required"]),
            ("""[{"destination": "/a", "type": "tmpfs"}, {"destination": "/dev", "options": ["remount", "ro"]}]""", ["[1].options: changes a mount"]),
            ("""[{"destination": "/dev", "options": ["rprivate"]}]""", ["[0].options: changes a mount"]),
            ("""[{"destination": "/a", "type": "tmpfs"}, {"destination": "/a/", "type": "tmpfs"}]""", ["[1]: is the same as [0]"]),
            ("""[{"destination": "/a", "source": "/tmp", "options": ["bind", "nosuch"]}]""", ["[0].options[1]: unknown option"]),
        ];
        foreach (var (text, told) in table)
        {
            Own.Run("mounts", "add", id, Document(text)).ShouldFail(1, told);
        }

        Own.Run("mounts", "remove", id, Document("""[{"destination": "//"}]""")).ShouldFail(1, "[0].destination: must not be \\\"/\\\"");
        Own.Run("mounts", "remove", id, Document("""[{"destination": ""}]""")).ShouldFail(1, "[0].destination: must not be empty");
        Own.Run("mounts", "add", id, "/no/file").ShouldFail(1, "open /no/file: no such file or directory");
        Own.Run("mounts", "frob", id, Document("[]")).ShouldFail(1, "unknown command");
        Own.Run("mounts", "add", id).ShouldFail(1, "requires exactly 3 argument(s)");
        Own.Run("mounts", "add", "nobody", Document("[]")).ShouldFail(1, "container does not exist");
        Own.Ok("mounts", "add", id, Document("[]"));
        Own.Ok("mounts", "remove", id, Document("[]"));
        Assert.Equal(before, Mounts(id).Count);
        Assert.Equal("source", File.ReadAllText(Path.Combine(source, "file")));
    }

    [RootFact]
    public void Relative_paths_are_the_bundle_s_and_the_root_s()
    {
        var bundle = Sleeper();
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(bundle.Rootfs)!, "beside"), "beside");
        var id = Running(bundle);
        Own.Ok("mounts", "add", id, Document(Mount("relative/place", "bind", "beside", "bind")));
        Assert.Equal(["beside"], Inside(id, "cat /relative/place"));
    }

    [RootFact]
    public void Only_a_container_that_is_created_or_runs_is_given_mounts()
    {
        var file = Document(Mount("/m", "tmpfs", "tmpfs"));
        var id = Created();
        Own.Ok("mounts", "add", id, file);
        Assert.Equal("tmpfs", At(id, "/m")!.Type);
        Own.Ok("start", id);
        Assert.Equal(["tmpfs"], Inside(id, "grep -o ' /m .*- tmpfs' /proc/self/mountinfo | sed 's/.* //'"));
        Own.Ok("pause", id);
        Own.Run("mounts", "add", id, file).ShouldFail(1, "cannot change the mounts of a paused container");
        Own.Run("mounts", "remove", id, file).ShouldFail(1, "cannot change the mounts of a paused container");
        Own.Ok("resume", id);
        Own.Ok("kill", id, "KILL");
        Eventually.True(() => (string?)Own.State(id)["status"] == "stopped", () => "the container stops");
        Own.Run("mounts", "add", id, file).ShouldFail(1, "container not running");
    }

    [RootFact]
    public void Links_in_destinations_are_followed_inside_the_root_only()
    {
        var host = new HostSentinel(Path.Combine(Directory, "host"));
        var id = Running();
        Inside(id, $"ln -s {host.Path} /absolute; ln -s ../../../../../..{host.Path} /relative; ln -s /proc/1/root/../..{host.Path} /magic");
        foreach (var link in new[] { "absolute", "relative" })
        {
            Own.Ok("mounts", "add", id, Document(Mount($"/{link}/f", "bind", "/proc/version", "bind"), Mount($"/{link}/d", "tmpfs", "tmpfs")));
            Assert.NotNull(At(id, $"{host.Path}/d"));
            Own.Ok("mounts", "remove", id, Document(Mount($"/{link}/d", "", ""), Mount($"/{link}/f", "", "")));
            Assert.Null(At(id, $"{host.Path}/d"));
        }

        Own.Run("mounts", "add", id, Document(Mount("/magic/d", "tmpfs", "tmpfs"))).ShouldFail(1, "ELOOP");
        Own.Run("mounts", "add", id, Document(Mount("/absolute", "proc", "proc"))).ShouldFail(1, "must be a real directory");
        host.AssertUntouched();
    }

    // CVE-2021-30465's shape: between the look at a destination and the mount the container puts a link in its place.
    [RootFact(Needs.Probe)]
    public void A_destination_that_becomes_a_link_meanwhile_leads_nowhere_outside()
    {
        var host = new HostSentinel(Path.Combine(Directory, "host"));
        var id = Running(NewBundle().Shell(
            $"mkdir -p /v/real /v/{host.Path}; ln -s {host.Path} /v/link; cd /v; while :; do mv real x; mv link real; mv real link; mv x real; done").WithFile("/v/marker", ""));
        var source = Source();
        var add = Document(Mount("/v/real/m", "bind", source, "bind"), Mount("/v/real/t", "tmpfs", "tmpfs"));
        var ownMounts = ProcFs.Read(Environment.ProcessId, "mountinfo");
        var (done, failed) = (0, 0);
        for (var i = 0; i < 40; i++)
        {
            var before = Mounts(id).Count;
            var result = Own.Run("mounts", "add", id, add);
            var now = Mounts(id).Count;
            // Whatever the container does, a failure leaves nothing.
            Assert.Equal(result.ExitCode == 0 ? before + 2 : before, now);
            (done, failed) = result.ExitCode == 0 ? (done + 1, failed) : (done, failed + 1);
            host.AssertUntouched();
        }

        Assert.True(done > 0, $"none of {failed} got through");
        Assert.Equal(ownMounts, ProcFs.Read(Environment.ProcessId, "mountinfo"));
        Assert.Equal(["file"], System.IO.Directory.EnumerateFileSystemEntries(source).Select(Path.GetFileName));
    }

    // The helper is in the container's pid namespace, and its root may signal it.
    [RootFact(Needs.Probe)]
    public void A_container_that_kills_the_helper_hurts_itself_and_the_caller_is_told()
    {
        var id = Running(NewBundle().Shell("while :; do for p in /proc/[0-9]*; do p=${p#/proc/}; [ $p = 1 ] || kill -9 $p; done 2>/dev/null; done").WithCapabilities(["CAP_KILL"]));
        var add = Document([.. Enumerable.Range(0, 200).Select(i => (JsonNode)Mount($"/m/{i}", "tmpfs", "tmpfs"))]);
        var ownMounts = ProcFs.Read(Environment.ProcessId, "mountinfo");
        for (var i = 0; i < 5; i++)
        {
            var before = Mounts(id).Count;
            var result = Own.Run("mounts", "add", id, add);
            if (result.ExitCode == 0)
            {
                Assert.Equal(before + 200, Mounts(id).Count);
                continue;
            }

            var joined = !result.Error.Contains("the new process was killed before it had joined the container", StringComparison.Ordinal);
            result.ShouldFail(1, joined ? ["ended before it answered", "mounts may be left in the container"] : []);
            Assert.True(joined || before == Mounts(id).Count, result.Error);
        }

        Assert.Equal(ownMounts, ProcFs.Read(Environment.ProcessId, "mountinfo"));
    }

    [RootFact]
    public void In_a_user_namespace_ids_are_mapped_by_the_container_s_own_maps()
    {
        var id = Running(Sleeper().WithUserNamespace());
        var source = Source();
        Native.Check(Native.chown(Path.Combine(source, "file"), 7, 7), "chown");
        System.IO.Directory.CreateDirectory(Path.Combine(source, "sub"));
        var mapped = Mount("/mapped", "bind", source, "bind", "idmap");
        // ext4 and its like map ids; where the test's directory cannot, that is told and nothing is left.
        var result = Own.Run("mounts", "add", id, Document(Mount("/plain", "bind", source, "bind"), mapped, Mount("/t", "tmpfs", "tmpfs", "uid=0")));
        if (result.ExitCode != 0)
        {
            result.ShouldFail(1, "mounts.json: [1]: mount_setattr(MOUNT_ATTR_IDMAP)", "cannot map ids");
            Assert.Null(At(id, "/plain"));
            return;
        }

        Assert.Equal(["65534", "7", "0"], Inside(id, "stat -c %u /plain/file /mapped/file /t"));
        Own.Ok("mounts", "remove", id, Document(Mount("/mapped", "", ""), Mount("/t", "", "")));
        Assert.Null(At(id, "/mapped"));
        Assert.NotNull(At(id, "/plain"));
    }

    [RootFact]
    public void A_read_only_root_takes_mounts_where_there_is_a_place()
    {
        var bundle = Sleeper().WithReadonlyRoot();
        System.IO.Directory.CreateDirectory(bundle.Rootfs + "/place");
        var id = Running(bundle);
        Own.Ok("mounts", "add", id, Document(Mount("/place", "bind", Source(), "bind", "ro")));
        Assert.Equal(["source"], Inside(id, "cat /place/file"));
        Own.Run("mounts", "add", id, Document(Mount("/place", "tmpfs", "tmpfs"), Mount("/noplace", "tmpfs", "tmpfs"))).ShouldFail(1, "[1]: mkdirat", "EROFS", "make it in the image");
        Assert.Equal(["source"], Inside(id, "cat /place/file"));
        Own.Ok("mounts", "add", id, Document(Mount("/dev", "tmpfs", "tmpfs", "ro")));
        Assert.Contains("ro", At(id, "/dev")!.Attributes);
    }
}
