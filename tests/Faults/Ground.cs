using System.Globalization;

namespace Engine.Tests.Faults;

/// <summary>
/// What one case works on: a directory, a state root and container ids of its own, and the command line. <see cref="Finish"/> deletes the
/// containers by force and asks the leak gate.
/// </summary>
internal sealed class Ground
{
    private static int _count;

    private readonly List<string> _ids = [];
    private readonly List<IDisposable> _owned = [];
    private readonly LeakGate _gate;
    private readonly Seat _seat;
    private readonly string _tag;
    private int _bundles, _containers;

    /// <param name="workflow">Who types.</param>
    /// <param name="gateTag">What the gate looks for; null for the tag of this case.</param>
    public Ground(Workflow workflow, string? gateTag = null)
    {
        _tag = $"{TestRun.Tag}-{Interlocked.Increment(ref _count).ToString(CultureInfo.InvariantCulture)}";
        Directory = Path.Combine(TestRun.Directory, _tag);
        var root = Path.Combine(Directory, "state");
        System.IO.Directory.CreateDirectory(root);
        _gate = new LeakGate(gateTag ?? _tag, root);
        _seat = workflow.Open(Directory);
        if (_seat.Owner is { } owner)
        {
            Native.Check(Native.chown(root, owner, owner), $"chown {root}");
        }
        Cli = new EngineCli(_seat.Profile, root);
    }

    public Profile Profile => _seat.Profile;

    public EngineCli Cli { get; }

    /// <summary>A directory of this case, removed after it.</summary>
    public string Directory { get; }

    public string NewId()
    {
        var id = $"{_tag}-c{(_containers++).ToString(CultureInfo.InvariantCulture)}";
        _ids.Add(id);
        return id;
    }

    public Bundle NewBundle() => new(Path.Combine(Directory, $"bundle{_bundles++}"));

    /// <summary>A bundle whose payload waits for ever.</summary>
    public Bundle NewWaiting() => NewBundle().Args("/probe", "say", "ready", "forever");

    /// <summary>Creates a container; its id.</summary>
    public string Create(Bundle bundle, params string[] options)
    {
        var id = NewId();
        Cli.OciOk(["create", id, "-b", bundle.Path, .. options]);
        return id;
    }

    /// <summary>Creates and starts a container; its id.</summary>
    public string Start(Bundle bundle, params string[] options)
    {
        var id = Create(bundle, options);
        Cli.OciOk("start", id);
        return id;
    }

    /// <summary>The same command line with another state root.</summary>
    public EngineCli CliWithRoot(string root) => new(Profile, root);

    /// <summary>The command line of another installation.</summary>
    public EngineCli CliOf(string engine) => new(Profile with { Engine = engine }, Cli.Root);

    /// <summary>The engine behind another program, as that program's last arguments.</summary>
    public Command Before(string[] program, params string[] arguments) =>
        new EngineCli(Profile with { Prefix = [.. program, .. Profile.Prefix] }, Cli.Root).Prepare(arguments);

    /// <summary>The engine in a mount namespace of its own, after a shell script that changes the mounts.</summary>
    public Command Inside(string preparation, params string[] arguments) =>
        Before(["/usr/bin/unshare", "--mount", "--propagation", "private", "--", "/bin/sh", "-c", preparation + "\nexec \"$@\"", "sh"], arguments);

    public string NewDirectory(string name) => System.IO.Directory.CreateDirectory(Path.Combine(Directory, name)).FullName;

    public T Owned<T>(T value)
        where T : IDisposable
    {
        _owned.Add(value);
        return value;
    }

    /// <summary><c>delete --force</c>, which must work, twice, and the gate: nothing of the case may be left.</summary>
    public void DeleteAndCheck(string id)
    {
        _ids.Remove(id);
        Cli.OciOk("delete", "--force", id);
        Assert.Null(Truth.Status(Cli, id));
        Cli.OciOk("delete", "--force", id);
        _gate.AssertNothingLeft();
    }

    /// <summary>After a failure: what is left is shown no second time by the next case of the same ground.</summary>
    public void Abandon()
    {
        foreach (var id in _ids)
        {
            _ = Cli.Oci("delete", "--force", id);
        }
        foreach (var pid in LeakGate.Processes())
        {
            _ = Native.kill(pid, 9);
        }
        SafeTree.Delete(Cli.Root);
        System.IO.Directory.CreateDirectory(Cli.Root);
        if (_seat.Owner is { } owner)
        {
            Native.Check(Native.chown(Cli.Root, owner, owner), $"chown {Cli.Root}");
        }
        _ids.Clear();
    }

    /// <summary>Deletes what the case did not and fails with what is left behind.</summary>
    public void Finish()
    {
        foreach (var owned in _owned)
        {
            owned.Dispose();
        }
        foreach (var id in _ids)
        {
            _ = Cli.Oci("delete", "--force", id);
        }
        _seat.Site?.Dispose();
        try
        {
            foreach (var mount in SafeTree.MountsBelow(Directory))
            {
                _ = Native.umount2(mount, Native.MNT_DETACH | Native.UMOUNT_NOFOLLOW);
            }
            _gate.AssertNothingLeft();
        }
        finally
        {
            SafeTree.Delete(Directory);
        }
    }
}
