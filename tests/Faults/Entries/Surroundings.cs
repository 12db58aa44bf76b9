namespace Engine.Tests.Faults.Entries;

/// <summary>/proc, /sys and /dev that are not what they usually are.</summary>
internal static class Surroundings
{
    // What is done to the mounts, and what is then true: it runs, or the line names this.
    private static readonly (string Name, string Preparation, string? Named)[] Table =
    [
        ("FI14.hidepid", "mount -t proc -o hidepid=2 proc /proc", null),
        ("FI14.subset", "mount -t proc -o subset=pid proc /proc", null),
        ("FI14.noproc", "mount -t tmpfs tmpfs /proc", "/proc"),
        ("FI14.nosys", "umount -l -R /sys && mount -t tmpfs tmpfs /sys", null),
        ("FI14.nodev", "mount -t tmpfs tmpfs /dev && mknod -m 666 /dev/null c 1 3", null),
        ("FI14.emptydev", "exec </dev/null && mount -t tmpfs tmpfs /dev", null),
    ];

    public static Entry[] All { get; } =
    [
        .. Table.Select(row => new Entry(row.Name, $"with '{row.Preparation}' a container {(row.Named is null ? "runs, or one line says why not" : "is refused in one line")}, and nothing is left", ground =>
        {
            var id = ground.NewId();
            var result = ground.Inside(row.Preparation, "oci", "run", id, "-b", ground.NewBundle().Probe("say", "ran").Path).Run();
            if (result.ExitCode == 0)
            {
                Assert.Null(row.Named);
                Assert.Equal("say ran\n", result.Text);
            }
            else
            {
                result.ShouldFail(255, row.Named ?? "");
            }
            ground.DeleteAndCheck(id);
        })),
    ];
}
