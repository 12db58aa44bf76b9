namespace Engine.Tests.Integration.Support;

/// <summary>
/// Root filesystems with busybox under all its names, made without a download. The binary is copied once a run and hard
/// linked after that, so that a payload that writes into it cannot hurt the machine's.
/// </summary>
public static class Rootfs
{
    private static readonly string[] Directories = ["bin", "dev", "etc", "home", "proc", "root", "run", "sys", "tmp", "usr", "var"];

    private static readonly Lazy<(string Busybox, string? Probe, string[] Applets)> Template = new(MakeTemplate);

    /// <summary>Makes a root filesystem in a new directory.</summary>
    public static void Create(string path)
    {
        var (busybox, probe, applets) = Template.Value;
        Directory.CreateDirectory(path);
        foreach (var directory in Directories)
        {
            Directory.CreateDirectory(Path.Combine(path, directory));
        }
        File.SetUnixFileMode(Path.Combine(path, "tmp"), (UnixFileMode)0b1_111_111_111);
        Native.Check(Native.link(busybox, Path.Combine(path, "bin/busybox")), "link busybox");
        if (probe is not null)
        {
            Native.Check(Native.link(probe, Path.Combine(path, "probe")), "link probe");
        }
        foreach (var applet in applets)
        {
            File.CreateSymbolicLink(Path.Combine(path, "bin", applet), "busybox");
        }
        File.WriteAllText(Path.Combine(path, "etc/passwd"),
            "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/:/bin/false\nuser:x:1000:1000:user:/home:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n");
        File.WriteAllText(Path.Combine(path, "etc/group"), "root:x:0:\ndaemon:x:1:\nusers:x:100:user\nuser:x:1000:\nnogroup:x:65534:\n");
        File.WriteAllText(Path.Combine(path, "etc/hostname"), "unset\n");
    }

    private static (string, string?, string[]) MakeTemplate()
    {
        var directory = Path.Combine(TestRun.Directory, "template");
        Directory.CreateDirectory(directory);
        var busybox = Path.Combine(directory, "busybox");
        File.Copy(Installation.Busybox, busybox, overwrite: true);
        File.SetUnixFileMode(busybox, (UnixFileMode)0b111_101_101);
        string? probe = null;
        if (File.Exists(Installation.Probe))
        {
            probe = Path.Combine(directory, "probe");
            File.Copy(Installation.Probe, probe, overwrite: true);
            File.SetUnixFileMode(probe, (UnixFileMode)0b111_101_101);
        }
        var applets = new Command(busybox, "--list").Run().ShouldExit(0).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return (busybox, probe, applets.Where(a => a != "busybox").ToArray());
    }
}
