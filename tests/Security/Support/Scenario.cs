using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Engine.Tests.Integration.Setuid;

namespace Engine.Tests.Security.Support;

/// <summary>
/// What a proof works with: a directory, a state root and container ids of its own, the host's directory that nothing may touch
/// (<see cref="Out"/>), and the runtime. <see cref="Finish"/> deletes the containers and compares the host with what it was.
/// </summary>
internal sealed partial class Scenario
{
    private readonly string _tag;
    private readonly List<string> _ids = [];
    private readonly List<IDisposable> _owned = [];
    private readonly SortedSet<string> _rules = new(StringComparer.Ordinal);
    private readonly LeakGate _gate;
    private readonly HostState _host;
    private int _bundles;

    /// <param name="column">The workflow.</param>
    /// <param name="installation">Directory with the programs' bin and libexec, or null.</param>
    /// <param name="peer">Another runtime's program, where there is no installation.</param>
    /// <param name="number">Unique in this run.</param>
    /// <param name="long">Many rounds.</param>
    public Scenario(Column column, string? installation, string? peer, int number, bool @long)
    {
        Column = column;
        Long = @long;
        _tag = $"{TestRun.Tag}-{number.ToString(CultureInfo.InvariantCulture)}";
        Directory = Path.Combine(TestRun.Directory, _tag);
        var root = Path.Combine(Directory, "state");
        System.IO.Directory.CreateDirectory(root);
        Native.Check(Native.chown(Directory, column.Caller, column.Caller), "chown");
        Native.Check(Native.chown(root, column.Caller, column.Caller), "chown");
        Out = new HostSentinel(Path.Combine(Directory, "out"), column.Caller);
        _gate = new LeakGate(_tag, root);
        _host = new HostState();
        Runtime = new Runtime(column, installation is null ? [peer!] : column.Type(this, installation), installation, root);
    }

    public Column Column { get; }

    public Runtime Runtime { get; }

    /// <summary>Many rounds instead of some.</summary>
    public bool Long { get; }

    public string Directory { get; }

    /// <summary>The host's, which the container is led to.</summary>
    public HostSentinel Out { get; }

    /// <summary>Of the set-uid workflow: its installation and its engine.conf.</summary>
    public SetuidSite? Site { get; set; }

    /// <summary>Rules of the set-uid policy that refused something so far.</summary>
    public IReadOnlySet<string> Rules => _rules;

    /// <summary>Number of rounds of a race.</summary>
    public int Rounds(int some) => Long ? 2000 : some;

    public static BreachException Breach(string what) => new(what);

    public static void Skip(string reason) => throw new SkipException(reason);

    public string NewId()
    {
        _ids.Add($"{_tag}-c{_ids.Count.ToString(CultureInfo.InvariantCulture)}");
        return _ids[^1];
    }

    /// <summary>A bundle of the column's kind.</summary>
    public Bundle NewBundle() => NewBundle(Path.Combine(Directory, $"bundle{(_bundles++).ToString(CultureInfo.InvariantCulture)}"));

    /// <summary>A bundle of the column's kind at another place.</summary>
    public Bundle NewBundle(string path)
    {
        var bundle = new Bundle(path) { Ready = GiveToCaller };
        Column.Adapt(bundle);
        return bundle;
    }

    public string File(string name, string content)
    {
        var path = Path.Combine(Directory, name);
        System.IO.File.WriteAllText(path, content);
        return path;
    }

    public string NewDirectory(string name) => System.IO.Directory.CreateDirectory(Path.Combine(Directory, name)).FullName;

    public T Owned<T>(T value)
        where T : IDisposable
    {
        _owned.Add(value);
        return value;
    }

    /// <summary><c>run</c> in the foreground to its end. A command that does not end is a breach: a hostile image must not hold it.</summary>
    public CommandResult Run(Bundle bundle, params string[] options) => End(Runtime.Prepare(Runtime.RunArguments(NewId(), bundle.Path, options)));

    /// <summary>The command to its end.</summary>
    public CommandResult End(Command command, double seconds = 12)
    {
        using var running = command.Start();
        if (!Eventually.Holds(() => running.HasExited, seconds))
        {
            var error = running.Error;
            _ = Native.kill(running.Pid, 9);
            throw Breach($"hangs for more than {seconds} s: {string.Join(' ', command.Arguments)}: {error}");
        }
        var result = running.Wait(1);
        Hear(result.Error);
        return result;
    }

    /// <summary>Notes the rules of the policy that an error names.</summary>
    public void Hear(string error) => _rules.UnionWith(RuleName().Matches(error).Select(m => m.Groups[1].Value));

    /// <summary>create; the container's first process as the host sees it. Null: it was refused.</summary>
    public Made? Create(Bundle bundle, params string[] options)
    {
        var made = TryCreate(bundle, out var result, options);
        return result.ExitCode == 0 ? made : null;
    }

    public Made TryCreate(Bundle bundle, out CommandResult result, params string[] options)
    {
        var id = NewId();
        var made = new Made(this, id, Path.Combine(Directory, id + ".out"));
        result = End(made.Wrapped(Runtime.Prepare(Runtime.CreateArguments(id, bundle.Path, options))));
        if (result.ExitCode != 0)
        {
            Hear(made.Written);
        }
        return made;
    }

    /// <summary>create and start; throws unless both succeed.</summary>
    public Made Start(Bundle bundle, params string[] options)
    {
        var made = TryCreate(bundle, out var result, options);
        Assert.True(result.ExitCode == 0, $"{result}\n{made.Output}");
        return made.Start();
    }

    /// <summary>A container that waits for ever, running.</summary>
    public Made StartWaiting(Bundle? bundle = null) => Start((bundle ?? NewBundle()).Shell("echo ready; while :; do sleep 1; done")).WaitFor("ready");

    /// <summary>Deletes the containers; a breach when the host is not what it was, and, of an engine, when something is left.</summary>
    public void Finish(bool isControl)
    {
        foreach (var owned in Enumerable.Reverse(_owned))
        {
            owned.Dispose();
        }
        foreach (var id in _ids)
        {
            Delete(id);
        }
        var changes = Out.Changes().Concat(_host.Changes()).ToList();
        try
        {
            foreach (var mount in SafeTree.MountsBelow(Directory))
            {
                _ = Native.umount2(mount, Native.MNT_DETACH | Native.UMOUNT_NOFOLLOW);
            }
            _gate.AssertNothingLeft(isControl ? 0.2 : 5);
        }
        catch (Xunit.Sdk.XunitException e) when (isControl || changes.Count > 0)
        {
            // What a broken build leaves behind was swept away, and is not what it is asked about.
            _ = e;
        }
        finally
        {
            SafeTree.Delete(Directory);
        }
        if (changes.Count > 0)
        {
            throw Breach("the host is not what it was: " + string.Join("; ", changes.Take(6)));
        }
    }

    /// <summary>Throws when the host's directory has changed by now.</summary>
    public void ShouldBeClean()
    {
        if (Out.Changes() is { Count: > 0 } changes)
        {
            throw Breach(string.Join("; ", changes.Take(6)));
        }
    }

    // Whoever types has made everything in the end: what root has put there and no entry has given to somebody else. Not the programs, which are hard
    // links, and not a set-uid file, which would lose its bit. What is exchanged for something else meanwhile may be missed.
    private void GiveToCaller(string bundle)
    {
        if (Column.Caller == 0)
        {
            return;
        }
        var owner = string.Create(CultureInfo.InvariantCulture, $"{Column.Caller}:{Column.Caller}");
        var others = System.IO.Directory.EnumerateFileSystemEntries(Directory).Where(e => e != Out.Path && e != Runtime.Root && !Path.GetFileName(e).StartsWith("bundle", StringComparison.Ordinal));
        new Command("/usr/bin/find", [.. others.Append(bundle).Distinct(), "-path", "*/rootfs/bin", "-prune", "-o", "-path", Path.Combine(Directory, "etc"), "-prune", "-o",
            "-uid", "0", "(", "!", "-type", "f", "-o", "-links", "1", ")", "!", "-perm", "/6000", "-exec", "chown", "-h", owner, "{}", "+"]).Run();
    }

    [GeneratedRegex("policy: ([a-z_.]+)")]
    private static partial Regex RuleName();

    private void Delete(string id)
    {
        using var command = Runtime.Prepare("delete", "--force", id).Start();
        _ = Eventually.Holds(() =>
        {
            Kernel.ReapOther(command.Pid);
            return command.HasExited;
        }, 10);
    }
}

/// <summary>A container of an entry, made by create with files as its standard output and error.</summary>
internal sealed class Made(Scenario t, string id, string output)
{
    private int _pid;

    public string Id => id;

    /// <summary>Pid of the first process as the host sees it.</summary>
    public int Pid => _pid != 0 ? _pid : _pid = (int)JsonNode.Parse(t.End(t.Runtime.Prepare("state", id)).ShouldExit(0).Text)!["pid"]!;

    /// <summary>What create, and in the runtime flavour the payload, wrote so far.</summary>
    public string Written => System.IO.File.Exists(output) ? System.IO.File.ReadAllText(output) : "";

    /// <summary>What it, and create, wrote so far.</summary>
    public string Output => Written +
        (t.Runtime.Dialect == Dialect.Oci ? t.Runtime.Prepare("logs", id).Run().Text : "");

    /// <summary>Mounts of its first process.</summary>
    public IReadOnlyList<string> Mounts => ProcFs.Read(Pid, "mountinfo")!.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public Made Start()
    {
        _ = Pid;
        var result = t.End(t.Runtime.Prepare("start", id));
        Assert.True(result.ExitCode == 0, $"{result}\n{Output}");
        return this;
    }

    public CommandResult TryStart() => t.End(t.Runtime.Prepare("start", id));

    public CommandResult Exec(string[] options, params string[] command) => t.End(t.Runtime.Prepare(["exec", .. options, id, .. command]));

    public Made WaitFor(string text)
    {
        Eventually.True(() => Output.Contains(text, StringComparison.Ordinal), () => $"'{text}' in the output of {id}: {Output}", 15);
        return this;
    }

    public void WaitForEnd() => Eventually.True(() =>
    {
        _ = Kernel.Reap(Pid);
        return !ProcFs.Lives(Pid);
    }, () => $"the end of {id}: {Output}", 15);

    /// <summary>The command with a file as its streams: a container may keep them.</summary>
    public Command Wrapped(Command command)
    {
        var wrapped = new Command("/bin/sh", ["-c", "out=$1; shift; exec \"$@\" </dev/null >>\"$out\" 2>&1", "sh", output, command.Program, .. command.Arguments]);
        foreach (var (name, value) in command.Environment)
        {
            wrapped.Environment[name] = value;
        }
        return wrapped;
    }
}
