using System.Globalization;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Config;

/// <summary>config.md, Mounts: every kind with its options, as the container's mountinfo and its system calls tell them.</summary>
public sealed class MountTests : ConfigTest
{
    private string Source(string name)
    {
        var path = Path.Combine(Directory, name);
        System.IO.Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(path, "file"), name);
        return path;
    }

    // A directory of the host with a mount of its own below it: in a private mount namespace of the engine, so that no test
    // mounts anything on the machine.
    private CommandResult RunInView(Bundle bundle, string prepare) => new Command(
        "/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec",
        prepare + "\nexport ENGINE_ROOT=" + Cli.Root + "\nexec " + Installation.Engine + " oci run " + NewId() + " -b " + bundle.Path).Run();

    [RootFact(Needs.Probe)]
    public void Attributes_of_a_bind_are_exactly_those_asked_for()
    {
        var source = Source("source");
        (string Option, string Shown)[] table =
        [
            ("ro", "ro"), ("nosuid", "nosuid"), ("nodev", "nodev"), ("noexec", "noexec"), ("noatime", "noatime"), ("nodiratime", "nodiratime"),
            ("relatime", "relatime"), ("nosymfollow", "nosymfollow"),
        ];
        var bundle = NewBundle().Probe("mounts");
        for (var i = 0; i < table.Length; i++)
        {
            bundle.WithBind(source, $"/mnt/{i.ToString(CultureInfo.InvariantCulture)}", table[i].Option);
        }
        bundle.WithBind(source, "/mnt/all", [.. table.Select(t => t.Option).Where(o => o is not ("relatime" or "noatime"))]);
        bundle.WithBind(source, "/mnt/last", "ro", "nosuid", "rw", "suid", "noexec", "exec", "nodev", "dev");
        bundle.WithBind(source, "/mnt/strict", "strictatime");
        var lines = Lines(bundle);
        for (var i = 0; i < table.Length; i++)
        {
            var attributes = Mount(lines, $"/mnt/{i.ToString(CultureInfo.InvariantCulture)}").Attributes;
            Assert.Contains(table[i].Shown, attributes);
            // Nothing else of the table beside it, but the access time that every mount has.
            Assert.DoesNotContain(table.Select(t => t.Shown), o => o != table[i].Shown && o != "relatime" && attributes.Contains(o));
        }
        Assert.Equal(["nodev", "nodiratime", "noexec", "nosuid", "nosymfollow", "ro"], Mount(lines, "/mnt/all").Attributes.Where(a => a != "relatime").Order(StringComparer.Ordinal));
        Assert.Equal(["rw"], Mount(lines, "/mnt/last").Attributes.Where(a => a != "relatime"));
        Assert.DoesNotContain("relatime", Mount(lines, "/mnt/strict").Attributes);
    }

    [RootFact]
    public void A_read_only_bind_is_refused_for_writing_and_a_writable_one_reaches_the_host()
    {
        var (read, write) = (Source("read"), Source("write"));
        var bundle = NewBundle().Shell("cat /r/file; echo; echo x 2>/dev/null >/r/new || echo refused; echo x >/w/new && echo written; /w/run 2>/dev/null || echo noexec $?")
            .WithBind(read, "/r", "ro").WithBind(write, "/w", "noexec");
        File.WriteAllText(Path.Combine(write, "run"), "#!/bin/sh\n");
        File.SetUnixFileMode(Path.Combine(write, "run"), (UnixFileMode)0x1ed);
        Assert.Equal(["read", "refused", "written", "noexec 126"], Lines(bundle));
        Assert.True(File.Exists(Path.Combine(write, "new")));
        Assert.False(File.Exists(Path.Combine(read, "new")));
    }

    [RootFact]
    public void A_file_is_bound_on_a_file_that_is_made()
    {
        var source = Source("source");
        Assert.Equal(["source"], Lines(NewBundle().Shell("cat /etc/new/name; echo").WithBind(Path.Combine(source, "file"), "/etc/new/name", "ro")));
    }

    [RootFact(Needs.Probe)]
    public void A_plain_bind_leaves_submounts_behind_and_a_recursive_one_brings_them()
    {
        var source = Source("source");
        System.IO.Directory.CreateDirectory(Path.Combine(source, "sub"));
        var bundle = NewBundle().Shell("ls /plain/sub; ls /rec/sub; /probe mounts").WithBind(source, "/plain").WithBind(source, "/rec", "rbind");
        var result = RunInView(bundle, $"mount -t tmpfs -o size=64k inner {source}/sub; echo deep >{source}/sub/below").ShouldExit(0);
        var lines = result.Text.Split('\n');
        Assert.Equal("below", lines[0]);
        Assert.Equal("tmpfs", Mount(lines, "/rec/sub").Type);
        Assert.DoesNotContain(lines, l => MountRecord.Parse(l)?.Point == "/plain/sub");
    }

    [RootFact(Needs.Probe)]
    public void Recursive_attributes_reach_the_submounts_and_plain_ones_do_not()
    {
        var source = Source("source");
        System.IO.Directory.CreateDirectory(Path.Combine(source, "sub"));
        string[] words = ["ro", "nosuid", "nodev", "noexec", "noatime", "nodiratime", "nosymfollow"];
        var bundle = NewBundle().Probe("mounts")
            .WithBind(source, "/plain", [.. words.Prepend("rbind")])
            .WithBind(source, "/rec", [.. words.Select(w => "r" + w).Prepend("rbind")])
            .WithBind(source, "/cleared", "rbind", "rro", "rrw", "rsuid", "rexec");
        var lines = RunInView(bundle, $"mount -t tmpfs -o size=64k,nosuid,noexec inner {source}/sub").ShouldExit(0).Text.Split('\n');
        Assert.Equal(words.Order(StringComparer.Ordinal), Mount(lines, "/plain").Attributes.Order(StringComparer.Ordinal));
        Assert.Equal(["noexec", "nosuid", "relatime", "rw"], Mount(lines, "/plain/sub").Attributes.Order(StringComparer.Ordinal));
        Assert.Equal(words.Order(StringComparer.Ordinal), Mount(lines, "/rec").Attributes.Order(StringComparer.Ordinal));
        Assert.Equal(words.Order(StringComparer.Ordinal), Mount(lines, "/rec/sub").Attributes.Order(StringComparer.Ordinal));
        Assert.Equal(["relatime", "rw"], Mount(lines, "/cleared/sub").Attributes.Order(StringComparer.Ordinal));
    }

    [RootFact(Needs.Probe)]
    public void Propagation_is_what_the_word_says()
    {
        var source = Source("source");
        (string Option, string Kind)[] table =
        [
            ("private", "private"), ("rprivate", "private"), ("slave", "slave"), ("rslave", "slave"), ("shared", "shared"), ("rshared", "shared"),
            ("unbindable", "unbindable"), ("runbindable", "unbindable"),
        ];
        var bundle = NewBundle().Probe("mounts");
        foreach (var (option, _) in table)
        {
            bundle.WithBind(source, "/mnt/" + option, "rbind", option);
        }
        System.IO.Directory.CreateDirectory(Path.Combine(source, "sub"));
        var lines = RunInView(bundle, $"mount --bind {source} {source}; mount --make-shared {source}; mount -t tmpfs inner {source}/sub; mount --make-shared {source}/sub").ShouldExit(0).Text.Split('\n');
        foreach (var (option, kind) in table)
        {
            // What is shared here is shared in the container; where it came from may show as well.
            Assert.Contains(kind, Mount(lines, "/mnt/" + option).Kind, StringComparison.Ordinal);
            if (option[0] == 'r')
            {
                Assert.Contains(kind, Mount(lines, $"/mnt/{option}/sub").Kind, StringComparison.Ordinal);
            }
        }
        Assert.Equal("private", Mount(lines, "/mnt/rprivate").Kind);
    }

    [RootFact(Needs.Probe)]
    public void A_tmpfs_has_its_size_mode_and_copy()
    {
        var bundle = NewBundle().Shell("stat -c '%a %u %g' /small; dd if=/dev/zero of=/small/f bs=1k count=128 2>/dev/null; stat -c %s /small/f; cat /etc/passwd | wc -l; echo x >/etc/passwd && echo written; /probe mounts")
            .WithMount("/small", "tmpfs", "tmpfs", "mode=1750", "uid=5", "gid=6", "size=64k", "noexec", "nr_inodes=50")
            .WithMount("/etc", "tmpfs", "tmpfs", "tmpcopyup", "nosuid");
        var lines = Lines(bundle);
        Assert.Equal("1750 5 6", lines[0]);
        Assert.Equal("65536", lines[1]);
        Assert.Equal("4", lines[2]);
        Assert.Equal("written", lines[3]);
        var small = Mount(lines, "/small");
        Assert.Contains("size=64k", small.Superblock);
        Assert.Contains("nr_inodes=50", small.Superblock);
        Assert.Contains("noexec", small.Attributes);
        Assert.Equal(4, File.ReadAllLines(bundle.Rootfs + "/etc/passwd").Length);
    }

    [RootFact(Needs.Probe)]
    public void The_kernels_filesystems_are_new_and_of_this_container()
    {
        var bundle = NewBundle().Shell(
            "/probe mounts; echo ns $(readlink /proc/self/ns/ipc); ls /dev/pts | tr '\\n' ' '; echo; ls /dev/mqueue | wc -l; ls /proc | grep -c '^[0-9]'; ls /sys/class/net | tr '\\n' ' '; echo; stat -c %a /dev/pts/ptmx");
        var lines = Lines(bundle);
        Assert.Equal("proc", Mount(lines, "/proc").Type);
        Assert.Equal("sysfs", Mount(lines, "/sys").Type);
        Assert.Contains("ro", Mount(lines, "/sys").Attributes);
        Assert.Equal("mqueue", Mount(lines, "/dev/mqueue").Type);
        var pts = Mount(lines, "/dev/pts");
        Assert.Equal("devpts", pts.Type);
        Assert.Equal(["nosuid", "noexec", "relatime", "rw"], pts.Attributes.OrderBy(a => a == "nosuid" ? 0 : a == "noexec" ? 1 : 2).ThenBy(a => a, StringComparer.Ordinal));
        foreach (var option in new[] { "gid=5", "mode=620", "ptmxmode=666" })
        {
            Assert.Contains(option, pts.Superblock);
        }
        Assert.Contains("ptmx ", lines);
        // Only this network namespace's device.
        Assert.Contains("lo ", lines);
        Assert.Equal("666", lines[^1]);
        Assert.DoesNotContain("ns " + ProcFs.Namespace(Environment.ProcessId, "ipc"), lines);
    }

    [RootFact(Needs.Probe)]
    public void A_remount_changes_attributes_and_nothing_else()
    {
        var bundle = NewBundle().Probe("mounts").WithBind(Source("source"), "/mnt", "nodev", "noatime")
            .WithMount("/mnt", "none", "none", "remount", "bind", "ro", "nosuid");
        var attributes = Mount(Lines(bundle), "/mnt").Attributes;
        foreach (var option in new[] { "ro", "nosuid", "nodev", "noatime" })
        {
            Assert.Contains(option, attributes);
        }
    }

    [RootFact(Needs.Probe)]
    public void Mounts_are_made_in_their_order_and_one_hides_another()
    {
        var bundle = NewBundle().Shell("cat /a/file; echo; ls /a").WithBind(Source("one"), "/a").WithMount("/a/deep", "tmpfs", "tmpfs").WithBind(Source("two"), "/a");
        // The one that hides is refused or last; never is the first one left visible.
        Assert.Equal("two", Lines(bundle)[0]);
    }

    [RootFact(Needs.Probe)]
    public void The_roots_propagation_is_the_asked_one()
    {
        foreach (var kind in new[] { "private", "slave", "unbindable", "shared", "rprivate" })
        {
            var bundle = NewBundle().Probe("mounts");
            bundle.Linux["rootfsPropagation"] = kind;
            bundle.WithNamespace("mount");
            var lines = RunInView(bundle, $"mount --bind {bundle.Rootfs} {bundle.Rootfs}; mount --make-shared {bundle.Rootfs}").ShouldExit(0).Text.Split('\n');
            Assert.Contains(kind.TrimStart('r'), Mount(lines, "/").Kind, StringComparison.Ordinal);
        }
    }

    [RootFact(Needs.Probe)]
    public void Masked_and_read_only_paths_cover_files_directories_and_what_is_mounted_below()
    {
        var bundle = NewBundle().WithFile("/secret/key", "hidden").WithFile("/hidden", "hidden").WithFile("/fixed/deep/f", "seen")
            .WithMount("/fixed/deep/tmp", "tmpfs", "tmpfs")
            .Shell("ls /secret | wc -l; cat /hidden | wc -c; for f in /fixed/f /fixed/deep/f /fixed/deep/tmp/f /secret/f; do echo x 2>/dev/null >$f || echo refused; done; cat /fixed/deep/f; echo; " +
                "echo 1 2>/dev/null >/proc/sys/kernel/printk || echo fixed; cat /proc/kcore | wc -c; mount -o remount,rw /fixed 2>/dev/null || echo kept");
        bundle.Linux["maskedPaths"]!.AsArray().Add("/secret");
        bundle.Linux["maskedPaths"]!.AsArray().Add("/hidden");
        bundle.Linux["maskedPaths"]!.AsArray().Add("/not/there");
        bundle.Linux["readonlyPaths"]!.AsArray().Add("/fixed");
        bundle.Linux["readonlyPaths"]!.AsArray().Add("/not/there");
        Assert.Equal(["0", "0", "refused", "refused", "refused", "refused", "seen", "fixed", "0", "kept"], Lines(bundle));
    }

    [RootFact(Needs.Probe)]
    public void A_remount_reconfigures_the_filesystem_and_keeps_what_it_does_not_name()
    {
        var bundle = NewBundle().Probe("mounts").WithMount("/t", "tmpfs", "tmpfs", "nosuid", "size=1m").WithMount("/t", "tmpfs", "tmpfs", "remount", "ro", "size=2m");
        var mount = Mount(Lines(bundle), "/t");
        Assert.Contains("size=2048k", mount.Superblock);
        Assert.Contains("ro", mount.Attributes);
        Assert.Contains("nosuid", mount.Attributes);
        Refused(NewBundle().WithMount("/t", "tmpfs", "tmpfs").WithMount("/t", "tmpfs", "tmpfs", "remount", "size=many"), "mounts[7]", "size", "EINVAL");
        Refused(NewBundle().WithMount("/bin", "none", "none", "remount", "ro"), "mounts[6]", "mount_setattr", "EINVAL");
    }

    [RootFact]
    public void A_missing_working_directory_is_made_before_the_root_is_read_only()
    {
        Assert.Equal(["/made/here", "refused"], Lines(NewBundle().Shell("pwd; mkdir x 2>/dev/null || echo refused").WithReadonlyRoot().WithCwd("/made/here")));
    }

    [RootFact]
    public void Sysfs_and_proc_of_the_host_come_where_a_user_namespace_cannot_have_its_own()
    {
        var bundle = NewBundle().Shell("ls /sys/class/net | head -1; test -e /proc/self/status && echo proc").WithNamespace("user").Edit(c =>
        {
            c["linux"]!["uidMappings"] = System.Text.Json.Nodes.JsonNode.Parse("""[{"containerID":0,"hostID":0,"size":65536}]""");
            c["linux"]!["gidMappings"] = System.Text.Json.Nodes.JsonNode.Parse("""[{"containerID":0,"hostID":0,"size":65536}]""");
            c["linux"]!["namespaces"] = new System.Text.Json.Nodes.JsonArray(
                [.. c["linux"]!["namespaces"]!.AsArray().Where(n => (string?)n!["type"] is not ("network" or "pid" or "ipc")).Select(n => n!.DeepClone())]);
        }).WithoutMount("/dev/mqueue").WithoutMount("/sys").WithMount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro");
        Assert.Equal("proc", Lines(bundle)[^1]);
    }
}
