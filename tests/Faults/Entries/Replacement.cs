namespace Engine.Tests.Faults.Entries;

/// <summary>The programs, the bundle or the root filesystem change under a container.</summary>
internal static class Replacement
{
    public static Entry[] All { get; } =
    [
        new("FI39.upgrade", "programs that are replaced by rename leave running containers as they are, controlled and entered by the new ones", Upgrade),
        new("FI39.removed", "without the starter a running container can be told, killed and deleted; a create names what is missing", Removed),
        new("FI43.before", "a bundle that is gone before the start is refused or served from what is held, and is deleted", BundleGoneBefore),
        new("FI43.running", "a bundle that is gone while the container runs takes nothing from kill and delete", BundleGoneRunning),
        new("FI43.unmounted", "a root filesystem that is unmounted while the container runs is let go when it is deleted", Unmounted),
    ];

    private static void Upgrade(Ground ground)
    {
        var cli = Installed(ground, out var tree);
        var id = ground.NewId();
        cli.OciOk("create", id, "-b", ground.NewWaiting().Path);
        cli.OciOk("start", id);
        foreach (var file in new[] { "bin/engine", "libexec/engine/starter", "libexec/engine/pump" })
        {
            File.Copy(Path.Combine(tree, file), Path.Combine(tree, file + ".new"));
            File.Move(Path.Combine(tree, file + ".new"), Path.Combine(tree, file), overwrite: true);
        }
        Assert.Equal("running", Truth.Status(cli, id));
        cli.OciOk("pause", id);
        cli.OciOk("resume", id);
        Assert.Equal("hi\n", cli.OciOk("exec", id, "/bin/echo", "hi").Text);
        var roles = new Roles(cli, id);
        roles.KillAndAwaitReplacement(Role.Pump);
        cli.OciOk("kill", id, "KILL");
        cli.WaitForStatus(id, "stopped");
        cli.OciOk("delete", id);
    }

    private static void Removed(Ground ground)
    {
        var cli = Installed(ground, out var tree);
        var id = ground.NewId();
        cli.OciOk("create", id, "-b", ground.NewWaiting().Path);
        cli.OciOk("start", id);
        File.Delete(Path.Combine(tree, "libexec/engine/starter"));
        File.Delete(Path.Combine(tree, "libexec/engine/pump"));
        Assert.Equal("running", Truth.Status(cli, id));
        cli.Oci("exec", id, "/bin/true").ShouldFail(255, "starter");
        cli.Oci("create", ground.NewId(), "-b", ground.NewBundle().Path).ShouldFail(255, "libexec/engine");
        cli.OciOk("kill", id, "KILL");
        cli.WaitForStatus(id, "stopped");
        cli.OciOk("delete", id);
        Assert.Empty(Directory.GetFileSystemEntries(cli.Root));
    }

    // A tree of its own, so that nothing happens to the one under test.
    private static EngineCli Installed(Ground ground, out string tree)
    {
        tree = ground.NewDirectory("installed");
        foreach (var file in new[] { "bin/engine", "libexec/engine/starter", "libexec/engine/pump" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(tree, file))!);
            File.Copy(Path.Combine(Installation.Out, file), Path.Combine(tree, file));
        }
        return ground.CliOf(Path.Combine(tree, "bin/engine"));
    }

    private static void BundleGoneBefore(Ground ground)
    {
        var bundle = ground.NewWaiting();
        var id = ground.Create(bundle);
        Directory.Delete(bundle.Path, recursive: true);
        var result = ground.Cli.Oci("start", id);
        if (result.ExitCode != 0)
        {
            result.ShouldFail(result.ExitCode, id);
        }
        _ = Truth.Status(ground.Cli, id);
        ground.DeleteAndCheck(id);
    }

    private static void BundleGoneRunning(Ground ground)
    {
        var bundle = ground.NewWaiting();
        var id = ground.Start(bundle);
        Directory.Delete(bundle.Path, recursive: true);
        Assert.Equal("running", Truth.Status(ground.Cli, id));
        ground.Cli.OciOk("kill", id, "KILL");
        ground.Cli.WaitForStatus(id, "stopped");
        ground.DeleteAndCheck(id);
    }

    private static void Unmounted(Ground ground)
    {
        var bundle = ground.NewWaiting();
        var path = bundle.Path;
        new Command("/bin/mount", "--bind", bundle.Rootfs, bundle.Rootfs).Run().ShouldExit(0);
        var id = ground.NewId();
        ground.Cli.OciOk("create", id, "-b", path);
        ground.Cli.OciOk("start", id);
        new Command("/bin/umount", "-l", bundle.Rootfs).Run().ShouldExit(0);
        Assert.Equal("running", Truth.Status(ground.Cli, id));
        Assert.Equal("hi\n", ground.Cli.OciOk("exec", id, "/bin/echo", "hi").Text);
        ground.DeleteAndCheck(id);
    }
}
