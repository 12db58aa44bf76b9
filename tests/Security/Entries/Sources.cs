namespace Engine.Tests.Security.Entries;

/// <summary>1A: sources, names and copies.</summary>
internal static class Sources
{
    // Characters that a text protocol would have to escape.
    private static readonly string[] OddNames = ["]:", ",ro", "a=b", "x:y", "line\nbreak", "\"quoted\"", "back\\slash", "%s%n", "tab\there", "x (deleted)", "\\040", "ünïcödé", new string('n', 255)];

    public static Entry[] All { get; } =
    [
        new("A10", "CVE-2026-119101 CVE-2026-115520 CVE-2026-119614 CVE-2021-3995 CVE-2021-3996", "mounts on names with every character that a text protocol would have to escape; checkpoint and restore",
            "shared/Protocol: names are counted bytes; engine/Cli/Runc/CheckpointCommand.cs: refused", [Against.Sample("one character is cut off the names", t => OddDestinations(t, name => name[..^1]))], t => OddDestinations(t, name => name)),
        new("A11", "CVE-2024-11218 CVE-2024-1753 CVE-2024-9407 CVE-2024-9675", "the source of a bind mount is exchanged between create and start, and behind each call of create; propagation that is none; ids with dots",
            "starter/Supervisor/Sources.cs: a source is opened and cloned once", [Against.Sample("the source is looked up when it is used", LateSource)], SourceExchanged),
        new("A13", "CVE-2018-15664 CVE-2019-10152 CVE-2020-1726 CVE-2023-0778 CVE-2025-9566 CVE-2026-44517 CVE-2020-10696 CVE-2021-29136 CVE-2024-5154", "tmpcopyup of a directory with links to the host, a FIFO, a socket, while names in it are exchanged",
            "starter/Container/CopyUp.cs: every name below the directory before it, never followed, never across a mount", [Against.Fault("copy-follows")], CopyUp),
    ];

    private static string OddDestinations(Scenario t, Func<string, string> change)
    {
        foreach (var verb in new[] { "checkpoint", "restore" }.Where(_ => t.Column.Dialect == Dialect.Runc))
        {
            var result = t.End(t.Runtime.Prepare(verb, "nothing"));
            Assert.True(result.ExitCode != 0 && result.Error.Contains("not supported", StringComparison.Ordinal), result.ToString());
        }
        var source = t.NewDirectory("marked");
        File.WriteAllText(Path.Combine(source, "mark"), "marked");
        var count = 0;
        foreach (var name in OddNames)
        {
            var bundle = t.NewBundle().WithBind(source, "/" + change(name)).WithReadonlyRoot().Args("/bin/cat", $"/{name}/mark");
            var result = t.Run(bundle);
            if (result.Text != "marked")
            {
                throw Scenario.Breach($"'{name}': not mounted where it should be: {result.Error}");
            }
            count++;
        }
        return $"{count} names are exactly those asked for; checkpoint and restore are not supported";
    }

    private static (Bundle Bundle, string One, string Other) Linked(Scenario t, int count)
    {
        var (first, second) = (t.NewDirectory($"first{count}"), t.NewDirectory($"second{count}"));
        File.WriteAllText(Path.Combine(first, "mark"), "first");
        File.WriteAllText(Path.Combine(second, "mark"), "second");
        return (t.NewBundle().WithBind(first, "/bound", "bind", "ro").Shell("cat /bound/mark; cat /bound/mark"), first, second);
    }

    private static string SourceExchanged(Scenario t)
    {
        var (bundle, one, other) = Linked(t, 0);
        var made = t.Create(bundle) ?? throw new InvalidOperationException("create failed");
        Flipper.Swap(one, other);
        Assert.Equal(0, made.TryStart().ExitCode);
        made.WaitForEnd();
        Eventually.True(() => made.Output.Length > 0, "output", 5);
        if (!made.Output.Contains("firstfirst", StringComparison.Ordinal))
        {
            throw Scenario.Breach($"the payload sees what the source became after create: {made.Output}");
        }
        var stops = 0;
        for (var n = 1; n < 100; n++)
        {
            var (again, a, b) = Linked(t, n);
            var reached = Stops.At("open_tree", n, t, t.Runtime.Prepare(t.Runtime.RunArguments(t.NewId(), again.Path, [])), () => Flipper.Swap(a, b), out var result, "2:sup");
            if (result.ExitCode == 0 && result.Text is not ("firstfirst" or "secondsecond"))
            {
                throw Scenario.Breach($"one source is two: {result.Text}");
            }
            stops++;
            if (!reached)
            {
                break;
            }
        }
        foreach (var propagation in new[] { "shared,ro", "0x100000", "", "SHARED", "private shared x" })
        {
            if (t.Run(t.NewBundle().Edit(c => c["linux"]!["rootfsPropagation"] = propagation).Args("/bin/true")).ExitCode == 0 && propagation.Length > 0)
            {
                throw Scenario.Breach($"rootfsPropagation '{propagation}' is taken");
            }
        }
        var path = t.NewBundle().Path;
        foreach (var id in new[] { "../x", "..", ".", "a/../b", "/x", "", "a\nb" })
        {
            if (t.End(t.Runtime.Prepare(t.Runtime.CreateArguments(id, path, []))).ExitCode == 0)
            {
                throw Scenario.Breach($"the id '{id}' is taken");
            }
        }
        return $"the source of create is the source of the payload; {stops} stops, never half of each; bad propagation and ids refused";
    }

    // What a second lookup sees.
    private static string LateSource(Scenario t)
    {
        var (_, one, other) = Linked(t, 0);
        Flipper.Swap(one, other);
        var seen = File.ReadAllText(Path.Combine(one, "mark"));
        return seen == "first" ? seen : throw Scenario.Breach($"the source is {seen} by now");
    }

    private static string CopyUp(Scenario t)
    {
        var (ran, refused, count) = (0, 0, 0);
        long flips = 0;
        for (var i = 0; i < t.Rounds(6); i++)
        {
            var bundle = t.NewBundle().WithMount("/data", "tmpfs", "tmpfs", "tmpcopyup").Shell("cat /data/out/f /data/file /data/race/f 2>/dev/null; ls -lR /data");
            var data = Path.Combine(bundle.Rootfs, "data");
            Directory.CreateDirectory(Path.Combine(data, "race"));
            File.CreateSymbolicLink(Path.Combine(data, "out"), t.Out.Path);
            File.CreateSymbolicLink(Path.Combine(data, "file"), t.Out.Path + "/f");
            Native.Check(Native.mkfifo(Path.Combine(data, "fifo"), 0x1b6), "mkfifo");
            var link = Path.Combine(data, "other");
            File.CreateSymbolicLink(link, t.Out.Path);
            using var flipper = i == 0 ? null : new Flipper(Path.Combine(data, "race"), link);
            var result = t.Run(bundle);
            if (result.Text.Contains(HostSentinel.Words, StringComparison.Ordinal))
            {
                throw Scenario.Breach("the host's file was copied in");
            }
            if (i == 0)
            {
                result.ShouldExit(0);
                Assert.Contains("fifo", result.Text, StringComparison.Ordinal);
            }
            _ = result.ExitCode == 0 ? ran++ : refused++;
            flips += flipper?.Flips ?? 0;
            count++;
        }
        return $"{count} copies against {flips} exchanges: {ran} ran, {refused} refused, links stay links";
    }
}
