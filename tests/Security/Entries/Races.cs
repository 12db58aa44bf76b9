namespace Engine.Tests.Security.Entries;

/// <summary>1A and 1I: the same, while somebody who shares the directory exchanges a directory for a link to the host.</summary>
internal static class Races
{
    private const string OneLookup = "starter/Container/RootPath.cs: what was looked up is used by its descriptor and never looked up again";

    public static Entry[] All { get; } =
    [
        new("A03", "CVE-2021-30465 CVE-2017-1002101 CVE-2021-25741", "a volume that two containers share: one exchanges a directory for a link, behind each call of the other's set-up, which mounts there and below",
            OneLookup, [Against.Fault("second-lookup"), Against.Fault("follow-links")], SharedVolume),
        new("A04", "CVE-2024-45310", "a mount point that does not exist, six levels deep: each level is exchanged for a link behind each call, and then in a loop",
            "starter/Container/MissingPath.cs: one name at a time below the directory before it, never followed", [Against.Fault("made-by-name"), Against.Fault("second-lookup")], MissingLevels),
        new("X01", "", "the parent of a bind mount's destination is exchanged behind each call: flags and propagation land on the mount itself",
            "starter/Container/MountAttributes.cs: attributes are set on the detached mount", [Against.Fault("second-lookup")], Attributes),
        new("X02", "", "the working directory that is made, and a masked directory, exchanged by another container of the same root filesystem",
            "starter/Payload/WorkingDirectory.cs and Masks.cs: by descriptor", [Against.Sample("the same names, looked up by the host", t => SharedRoot(t, asHost: true))], t => SharedRoot(t, asHost: false)),
    ];

    /// <summary>Runs what <paramref name="prepare"/> makes, once for every call of the starter, with the exchange behind it.</summary>
    private static int EveryStop(Scenario t, Func<(Bundle Bundle, string One, string Other)> prepare, Action<Bundle, CommandResult> judge)
    {
        return Stops.Each(t, (call, n) =>
        {
            var (bundle, one, other) = prepare();
            var command = t.Runtime.Prepare(t.Runtime.RunArguments(t.NewId(), bundle.Path, []));
            var reached = Stops.At(call, n, t, command, () => Flipper.Swap(one, other), out var result);
            t.ShouldBeClean();
            judge(bundle, result);
            return reached;
        });
    }

    private static void ShouldNotSeeHost(CommandResult result)
    {
        if (result.Text.Contains(HostSentinel.Words, StringComparison.Ordinal))
        {
            throw Scenario.Breach($"the payload reads the host's file: {result.Text}");
        }
    }

    // A bundle with few mounts: the calls that are left are those that matter.
    private static Bundle Small(Scenario t)
    {
        var bundle = t.NewBundle();
        foreach (var mount in new[] { "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys" })
        {
            bundle.WithoutMount(mount);
        }
        return bundle.Edit(c =>
        {
            c["linux"]!["maskedPaths"] = BundleDefaults.Strings("/proc/timer_list");
            c["linux"]!["readonlyPaths"] = BundleDefaults.Strings("/proc/bus");
        });
    }

    private static string SharedVolume(Scenario t)
    {
        var count = 0;
        var outer = t.NewDirectory("outer");
        (Bundle, string, string) Prepare()
        {
            var volume = t.NewDirectory($"volume{count++}");
            Directory.CreateDirectory(Path.Combine(volume, "a/d"));
            File.CreateSymbolicLink(Path.Combine(volume, "link"), t.Out.Path);
            var bundle = Small(t).WithBind(volume, "/volume").WithMount("/volume/a/inner", "tmpfs", "inner").WithBind(outer, "/volume/a/d", "rbind", "ro")
                .Shell("cat /volume/a/f /volume/link/f /volume/a/d/f; cat /proc/self/mountinfo");
            return (bundle, Path.Combine(volume, "a"), Path.Combine(volume, "link"));
        }
        void Judge(Bundle bundle, CommandResult result)
        {
            ShouldNotSeeHost(result);
            // Where the exchange left them in the container's own tree is all the same; that they are in it is not.
            if (result.ExitCode == 0 && (!result.Text.Contains(" tmpfs inner ", StringComparison.Ordinal) || !result.Text.Contains("/outer ", StringComparison.Ordinal)))
            {
                throw Scenario.Breach($"a mount is not in the container: {result.Text}");
            }
        }
        var stops = EveryStop(t, Prepare, Judge);
        var (bundle, one, other) = Prepare();
        using var flipper = new Flipper(one, other);
        var rounds = t.Rounds(15);
        for (var i = 0; i < rounds; i++)
        {
            Judge(bundle, t.Run(bundle));
            t.ShouldBeClean();
        }
        return $"{stops} stops, {rounds} rounds against {flipper.Flips} exchanges: nothing outside";
    }

    private static string MissingLevels(Scenario t)
    {
        var count = 0;
        (Bundle, string, string) Prepare(int level)
        {
            // The link is at first where the directory will be made.
            var bundle = Small(t).WithMount("/v/1/2/3/4/5/6", "tmpfs", "tmpfs").WithBind(t.File("source", "x"), "/v/1/2/3/4/5/file").Shell("cat /v/f /v/1/f /v/1/2/f 2>/dev/null; true");
            var above = Path.Combine([bundle.Rootfs, "v", .. Enumerable.Range(1, level).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture))]);
            Directory.CreateDirectory(Path.GetDirectoryName(above)!);
            Directory.CreateDirectory(above);
            var link = Path.Combine(t.Directory, $"link{count++}");
            File.CreateSymbolicLink(link, t.Out.Path);
            return (bundle, above, link);
        }
        var stops = 0;
        for (var level = t.Long ? 0 : 2; level < 6; level += t.Long ? 1 : 6)
        {
            stops += EveryStop(t, () => Prepare(level), (_, result) => ShouldNotSeeHost(result));
        }
        var rounds = t.Rounds(10);
        long flips = 0;
        for (var i = 0; i < rounds; i++)
        {
            var (bundle, one, other) = Prepare(i % 6);
            using var flipper = new Flipper(one, other);
            ShouldNotSeeHost(t.Run(bundle));
            t.ShouldBeClean();
            flips += flipper.Flips;
        }
        return $"{stops} stops, {rounds} rounds against {flips} exchanges: nothing outside";
    }

    private static string Attributes(Scenario t)
    {
        var ran = 0;
        var source = t.NewDirectory("bound");
        File.Copy(Installation.Busybox, Path.Combine(source, "file"));
        var stops = EveryStop(t, () =>
        {
            var bundle = Small(t).WithBind(source, "/v/a/d", "bind", "ro", "nosuid", "nodev", "noexec").Shell("cat /proc/self/mountinfo");
            Directory.CreateDirectory(Path.Combine(bundle.Rootfs, "v/a/d"));
            // Both in the tree: what is moved out of it takes its mounts along.
            var link = Path.Combine(bundle.Rootfs, "v/link");
            File.CreateSymbolicLink(link, t.Out.Path);
            return (bundle, Path.Combine(bundle.Rootfs, "v/a"), link);
        }, (_, result) =>
        {
            if (result.ExitCode != 0)
            {
                return;
            }
            var mount = result.Text.Split('\n').FirstOrDefault(l => l.Contains("/bound /", StringComparison.Ordinal))
                ?? throw Scenario.Breach($"the mount is not in the container: {result.Text}");
            var options = mount.Split(' ')[5].Split(',');
            if (!new[] { "ro", "nosuid", "nodev", "noexec" }.All(options.Contains) || mount.Contains("shared:", StringComparison.Ordinal))
            {
                throw Scenario.Breach($"without its attributes: {mount}");
            }
            ran++;
        });
        Assert.True(ran > 0, "nothing ran");
        return $"{stops} stops: the mount has all of its attributes, or the set-up was refused";
    }

    private static string SharedRoot(Scenario t, bool asHost)
    {
        var (ran, refused) = (0, 0);
        foreach (var kind in new[] { "link", "race" })
        {
            for (var i = 0; i < (kind == "link" ? 1 : t.Rounds(8)); i++)
            {
                var bundle = Small(t).WithCwd("/w/made/here").Shell("cat f ../f ../../f 2>/dev/null; pwd");
                bundle.Edit(c => c["linux"]!["maskedPaths"]!.AsArray().Add("/w/d"));
                var (directory, link) = (Path.Combine(bundle.Rootfs, "w"), Path.Combine(bundle.Rootfs, "x"));
                Directory.CreateDirectory(Path.Combine(directory, "d"));
                // What a link to the host would reach from inside, if it were followed with the host's eyes.
                File.CreateSymbolicLink(link, t.Out.Path);
                if (kind == "link")
                {
                    Flipper.Swap(directory, link);
                }
                if (asHost && File.ReadAllText(Path.Combine(directory, "f")) == HostSentinel.Words)
                {
                    throw Scenario.Breach("the host's file is read");
                }
                using var flipper = kind == "race" ? new Flipper(directory, link) : null;
                var result = t.Run(bundle);
                ShouldNotSeeHost(result);
                t.ShouldBeClean();
                _ = result.ExitCode == 0 ? ran++ : refused++;
            }
        }
        return $"{ran} ran inside, {refused} refused";
    }
}
