using System.Diagnostics;

namespace Engine.Tests.Faults.Entries;

/// <summary>A machine that loses its power while containers come and go, with the state root on a disk of its own.</summary>
internal static class PowerLoss
{
    private const int Moments = 12;

    public static Entry[] All { get; } =
    [
        new("FI50.power", "after a power loss at any moment every record is told as stopped or damaged, and can be deleted", AtAnyMoment),
    ];

    // What a loop device's file holds at one moment is what a disk would hold: the file system recovers from its journal, or not at all.
    private static void AtAnyMoment(Ground ground)
    {
        var image = Path.Combine(ground.Directory, "disk.img");
        using (var file = File.Create(image))
        {
            file.SetLength(16 << 20);
        }
        new Command("/sbin/mke2fs", "-q", "-F", "-t", "ext4", image).Run().ShouldExit(0);
        var copies = Enumerable.Range(0, Moments).Select(i => Path.Combine(ground.Directory, $"lost{i}.img")).ToArray();
        using (var disk = new LoopMount(ground.NewDirectory("disk"), image))
        {
            var cli = ground.CliWithRoot(Path.Combine(disk.Path, "state"));
            var bundle = ground.NewWaiting().Path;
            var done = 0;
            var life = Task.Run(() =>
            {
                while (Volatile.Read(ref done) < Moments)
                {
                    var id = ground.NewId();
                    cli.OciOk("create", id, "-b", bundle);
                    cli.OciOk("start", id);
                    cli.OciOk("delete", "--force", id);
                }
            });
            var random = new Random(Effort.Seed);
            foreach (var copy in copies)
            {
                // Some of the writes have reached the disk, the rest never will.
                using (var sync = new Command("/bin/sync", "-f", disk.Path).Start())
                {
                    var (watch, moment) = (Stopwatch.StartNew(), random.Next(40));
                    SpinWait.SpinUntil(() => watch.ElapsedMilliseconds >= moment);
                    File.Copy(image, copy);
                    sync.Wait(30);
                }
                Volatile.Write(ref done, done + 1);
            }
            life.GetAwaiter().GetResult();
        }
        var records = copies.Sum(copy => Recover(ground, copy));
        Assert.True(records > 0, "no moment had a record");
    }

    // In the next boot. The number of records that were there.
    private static int Recover(Ground ground, string image)
    {
        using var disk = new LoopMount(ground.NewDirectory(Path.GetFileName(image) + ".d"), image);
        var root = Path.Combine(disk.Path, "state");
        if (!Directory.Exists(root))
        {
            return 0;
        }
        var boot = Path.Combine(ground.Directory, "boot_id");
        File.WriteAllText(boot, "00000000-0000-4000-8000-000000000000\n");
        CommandResult Next(params string[] arguments) =>
            ground.Inside($"mount --bind {boot} /proc/sys/kernel/random/boot_id", ["oci", arguments[0], "--root", root, .. arguments[1..]]).Run();
        var listed = Next("list").ShouldExit(0).Text;
        foreach (var wrong in new[] { "running", "created", "paused" })
        {
            Assert.DoesNotContain(wrong, listed, StringComparison.Ordinal);
        }
        var ids = Directory.GetDirectories(root).Select(d => Path.GetFileName(d)!).Where(n => !n.StartsWith('.')).ToArray();
        foreach (var id in ids)
        {
            Next("delete", "--force", id).ShouldExit(0);
        }
        Assert.Empty(Directory.GetDirectories(root).Where(d => !Path.GetFileName(d).StartsWith('.')));
        return ids.Length;
    }
}

/// <summary>The file system in a file, mounted through a loop device that goes with the mount.</summary>
internal sealed class LoopMount : IDisposable
{
    public LoopMount(string path, string image)
    {
        Path = path;
        new Command("/bin/mount", "-t", "ext4", "-o", "loop", image, path).Run().ShouldExit(0);
    }

    public string Path { get; }

    public void Dispose() => new Command("/bin/umount", Path).Run().ShouldExit(0);
}
