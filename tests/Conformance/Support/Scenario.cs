using System.Globalization;
using System.Text.Json.Nodes;

namespace Engine.Tests.Conformance;

/// <summary>
/// What an entry works with: a directory, a state root and container ids of its own, and the runtime. <see cref="Finish"/> deletes the
/// containers by force and asks the leak gate.
/// </summary>
internal sealed class Scenario
{
    private readonly string _tag;
    private readonly List<string> _ids = [];
    private readonly List<IDisposable> _owned = [];
    private readonly LeakGate _gate;
    private int _bundles;

    public Scenario(string runtime, CgroupView view, int number)
    {
        View = view;
        _tag = $"{TestRun.Tag}-{number.ToString(CultureInfo.InvariantCulture)}";
        Directory = Path.Combine(TestRun.Directory, _tag);
        var root = Path.Combine(Directory, "state");
        System.IO.Directory.CreateDirectory(root);
        _gate = new LeakGate(_tag, root);
        Oci = new Oci(runtime, root);
    }

    public Oci Oci { get; }

    public CgroupView View { get; }

    /// <summary>A directory of this entry, removed after it.</summary>
    public string Directory { get; }

    public static void Skip(string reason) => throw new SkipException(reason);

    /// <summary>The machine must have this; otherwise the entry is skipped.</summary>
    public static void Need(bool condition, string reason)
    {
        if (!condition)
        {
            Skip(reason);
        }
    }

    public void NeedController(string controller) => Need(View.Has(controller), $"the {View.Name} view has no {controller} controller");

    /// <summary>The id that <see cref="NewId"/> gave last.</summary>
    public string LastId => _ids[^1];

    /// <summary>An id that nobody else uses. The container is deleted after the entry.</summary>
    public string NewId()
    {
        return Track($"{_tag}-c{_ids.Count.ToString(CultureInfo.InvariantCulture)}");
    }

    /// <summary>Another id, which is deleted after the entry as well.</summary>
    public string Track(string id)
    {
        _ids.Add(id);
        return id;
    }

    public Bundle NewBundle() => new(Path.Combine(Directory, $"bundle{_bundles++}"));

    /// <summary>A bundle whose payload waits for ever.</summary>
    public Bundle NewWaiting() => NewBundle().Probe("say", "ready", "forever");

    /// <summary>Path of a file in the entry's directory.</summary>
    public string File(string name, string? content = null)
    {
        var path = Path.Combine(Directory, name);
        if (content is not null)
        {
            System.IO.File.WriteAllText(path, content);
        }
        return path;
    }

    /// <summary>A directory on the host, made for the entry.</summary>
    public string NewDirectory(string name) => System.IO.Directory.CreateDirectory(Path.Combine(Directory, name)).FullName;

    public T Owned<T>(T value)
        where T : IDisposable
    {
        _owned.Add(value);
        return value;
    }

    /// <summary><c>create</c>; fails unless it succeeds.</summary>
    public Container Create(Bundle bundle, params string[] options)
    {
        var (container, result) = TryCreate(bundle, options);
        Assert.True(result.ExitCode == 0, $"expected create to succeed\n{result}\n{container.Error}");
        return container;
    }

    /// <summary><c>create</c> with whatever result.</summary>
    public (Container Container, CommandResult Result) TryCreate(Bundle bundle, params string[] options) => TryCreate(NewId(), bundle.Path, options);

    public (Container Container, CommandResult Result) TryCreate(string id, string bundle, params string[] options)
    {
        var (output, error) = (File($"out.{_ids.Count}"), File($"err.{_ids.Count}"));
        var container = new Container(this, id, output, error);
        return (container, Oci.PrepareDetached(output, error, ["create", "--bundle", bundle, .. options, id]).Run());
    }

    /// <summary>create and start.</summary>
    public Container Start(Bundle bundle, params string[] options) => Create(bundle, options).Start();

    /// <summary>create, start and wait until the payload has said that it runs.</summary>
    public Container StartWaiting(Bundle? bundle = null, params string[] options) => Start(bundle ?? NewWaiting(), options).WaitForOutput("ready");

    /// <summary><c>run</c> in the foreground to its end.</summary>
    public CommandResult Run(Bundle bundle, params string[] options) => Oci.Run(["run", "--bundle", bundle.Path, .. options, NewId()]);

    /// <summary>The probe with these verbs as the payload of the bundle, run to its end; what it printed.</summary>
    public ProbeOutput Look(Bundle bundle, params string[] verbs) => new(Run(bundle.Probe(verbs)).ShouldExit(0).Text);

    /// <summary>A shell script as the payload, run to its end; what it printed.</summary>
    public string Shell(Bundle bundle, string script) => Run(bundle.Shell(script)).ShouldExit(0).Trimmed;

    /// <summary>The runtime must refuse the bundle: create (or, for what is only found then, start) fails, and no container stays.</summary>
    public CommandResult Refused(Bundle bundle, bool atStart = false)
    {
        var (container, result) = TryCreate(bundle);
        if (result.ExitCode == 0 && atStart)
        {
            return Oci.Refused("start", container.Id);
        }
        Assert.True(result.ExitCode is > 0 and < 128 or 255, $"expected create to fail\n{result}\n{container.Error}");
        Assert.True(Oci.Run("state", container.Id).ExitCode != 0, $"create failed, but the container exists\n{result}\n{container.Error}");
        return result with { Error = container.Error };
    }

    /// <summary>The namespace of this program, as the link text.</summary>
    public static string OwnNamespace(string kind) => ProcFs.Namespace(Environment.ProcessId, kind)!;

    public static JsonArray Strings(params string[] values) => BundleDefaults.Strings(values);

    // The ends of a container's processes may be this program's to see, while the command waits for the container's end.
    private void ForceDelete(string id)
    {
        using var command = Oci.Prepare("delete", "--force", id).Start();
        _ = Eventually.Holds(() =>
        {
            Kernel.ReapOther(command.Pid);
            return command.HasExited;
        }, 20);
    }

    /// <summary>Deletes the containers and fails with what is left behind.</summary>
    public void Finish()
    {
        foreach (var owned in _owned)
        {
            owned.Dispose();
        }
        foreach (var id in _ids)
        {
            ForceDelete(id);
        }
        try
        {
            // Mounts that the entry made for itself go first; those of containers are in their own namespaces.
            foreach (var mount in SafeTree.MountsBelow(Directory))
            {
                _ = Native.umount2(mount, Native.MNT_DETACH | Native.UMOUNT_NOFOLLOW);
            }
            _ = Eventually.Holds(() =>
            {
                Kernel.ReapOther(0);
                return _gate.Findings().Count == 0;
            }, 5);
            _gate.AssertNothingLeft(1);
        }
        finally
        {
            SafeTree.Delete(Directory);
        }
    }
}
