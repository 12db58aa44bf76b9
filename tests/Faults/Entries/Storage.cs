using System.Globalization;

namespace Engine.Tests.Faults.Entries;

/// <summary>A state directory that takes no more, or nothing at all.</summary>
internal static class Storage
{
    public static Entry[] All { get; } =
    [
        new("FI10.inodes", "with any number of inodes a create works or names ENOSPC, and leaves nothing", Inodes),
        new("FI10.bytes", "with any number of free pages a create works or names ENOSPC, and leaves nothing", Bytes),
        new("FI10.full", "on a full disk a running container is told truly, can be killed and deleted", Full),
        new("FI13.readonly", "a read-only /run is named before anything is done; --root elsewhere works", ReadonlyRun),
        new("FI13.noexec", "a state root on a noexec, nosuid, nodev file system works", NoExec),
    ];

    private static void Inodes(Ground ground) =>
        Sizes(ground, Enumerable.Range(1, 14).Select(n => $"nr_inodes={n.ToString(CultureInfo.InvariantCulture)}"));

    private static void Bytes(Ground ground) =>
        Sizes(ground, Enumerable.Range(1, 10).Select(n => $"size={(n * 4).ToString(CultureInfo.InvariantCulture)}k"));

    private static void Sizes(Ground ground, IEnumerable<string> options)
    {
        var bundle = ground.NewBundle().Probe("say", "ran").Path;
        var (worked, refused) = (0, 0);
        foreach (var option in options)
        {
            using var disk = new Tmpfs(ground.NewDirectory("disk"), option);
            var cli = ground.CliWithRoot(Path.Combine(disk.Path, "state"));
            var id = ground.NewId();
            var result = cli.Oci("create", id, "-b", bundle);
            if (result.ExitCode == 0)
            {
                worked++;
                _ = cli.Oci("start", id);
            }
            else
            {
                refused++;
                result.ShouldFail(255, "No space left on device");
                Assert.Null(Truth.Status(cli, id));
            }
            cli.OciOk("delete", "--force", id);
            cli.OciOk("delete", "--force", id);
            Assert.Empty(Directory.Exists(cli.Root) ? Directory.GetFileSystemEntries(cli.Root) : []);
        }
        Assert.True(worked > 0 && refused > 0, $"{worked} worked, {refused} were refused");
    }

    private static void Full(Ground ground)
    {
        using var disk = new Tmpfs(ground.NewDirectory("disk"), "size=256k");
        var cli = ground.CliWithRoot(Path.Combine(disk.Path, "state"));
        foreach (var verb in new[] { "pause", "kill", "delete" })
        {
            var id = ground.NewId();
            cli.OciOk("create", id, "-b", ground.NewWaiting().Path);
            cli.OciOk("start", id);
            disk.Fill();
            Assert.Equal("running", Truth.Status(cli, id));
            if (verb == "pause")
            {
                // What cannot be written down is not done.
                cli.Oci("pause", id).ShouldFail(255, "ENOSPC");
                Assert.Equal("running", Truth.Status(cli, id));
            }
            if (verb != "delete")
            {
                cli.OciOk("kill", id, "KILL");
                Eventually.True(() => Truth.Status(cli, id) == "stopped", "the end of the payload");
            }
            cli.OciOk("delete", "--force", id);
            Assert.Empty(Directory.GetFileSystemEntries(cli.Root));
            disk.Empty();
        }
    }

    private static void ReadonlyRun(Ground ground)
    {
        var bundle = ground.NewBundle().Path;
        var id = ground.NewId();
        var command = ground.Inside("mount -t tmpfs -o ro tmpfs /run", "oci", "create", id, "-b", bundle);
        command.Environment.Remove("ENGINE_ROOT");
        command.Run().ShouldFail(255, "/run/engine", "Read-only file system");
        ground.Inside("mount -t tmpfs -o ro tmpfs /run", "oci", "create", id, "-b", bundle).Run().ShouldExit(0);
        ground.DeleteAndCheck(id);
    }

    private static void NoExec(Ground ground)
    {
        using var disk = new Tmpfs(ground.NewDirectory("disk"), "noexec,nosuid,nodev");
        var cli = ground.CliWithRoot(Path.Combine(disk.Path, "state"));
        Assert.Equal("say ran\n", cli.OciOk("run", ground.NewId(), "-b", ground.NewBundle().Probe("say", "ran").Path).Text);
    }
}

/// <summary>A tmpfs of the case, in the mount namespace of this program.</summary>
internal sealed class Tmpfs : IDisposable
{
    public Tmpfs(string path, string options)
    {
        Path = path;
        new Command("/bin/mount", "-t", "tmpfs", "-o", options, "tmpfs", path).Run().ShouldExit(0);
    }

    public string Path { get; }

    private string Filler => System.IO.Path.Combine(Path, "filler");

    /// <summary>To the last byte.</summary>
    public void Fill()
    {
        try
        {
            using var file = File.OpenWrite(Filler);
            while (true)
            {
                file.Write(new byte[4096]);
                file.Flush();
            }
        }
        catch (IOException)
        {
        }
    }

    public void Empty() => File.Delete(Filler);

    public void Dispose() => _ = Native.umount2(Path, Native.MNT_DETACH);
}
