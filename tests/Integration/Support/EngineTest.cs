using System.Globalization;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Engine.Tests.Integration.Support;

/// <summary>
/// Base of every test that runs containers: a directory, a state root and container ids of its own. When the test has ended,
/// well or badly, its containers are deleted by force and nothing may be left.
/// </summary>
public abstract class EngineTest : IDisposable
{
    private static int _count;

    private readonly string _tag;
    private readonly List<string> _ids = [];
    private readonly List<IDisposable> _owned = [];
    private readonly LeakGate _gate;

    protected EngineTest()
        : this(Profile.Root)
    {
    }

    protected EngineTest(Profile profile)
        : this(_ => profile)
    {
    }

    /// <param name="profile">Who types, made with the test's directory.</param>
    protected EngineTest(Func<string, Profile> profile)
    {
        _tag = $"{TestRun.Tag}-{(++_count).ToString(CultureInfo.InvariantCulture)}";
        _ = TestRun.Cgroup;
        Directory = Path.Combine(TestRun.Directory, _tag);
        var root = Path.Combine(Directory, "state");
        System.IO.Directory.CreateDirectory(root);
        _gate = new LeakGate(_tag, root);
        Profile = profile(Directory);
        Cli = new EngineCli(Profile, root);
    }

    /// <summary>Who types.</summary>
    protected Profile Profile { get; }

    /// <summary>The command line with this test's state root.</summary>
    protected EngineCli Cli { get; }

    /// <summary>A directory of this test, removed after it.</summary>
    protected string Directory { get; }

    /// <summary>A container id that nobody else uses. The container is deleted after the test.</summary>
    protected string NewId()
    {
        var id = $"{_tag}-c{_ids.Count.ToString(CultureInfo.InvariantCulture)}";
        _ids.Add(id);
        return id;
    }

    /// <summary>A bundle in this test's directory.</summary>
    protected Bundle NewBundle() => new(Path.Combine(Directory, $"bundle{System.IO.Directory.GetDirectories(Directory, "bundle*").Length}"));

    /// <summary>Creates a container from the bundle and returns its id.</summary>
    protected string Create(Bundle bundle, params string[] options)
    {
        var id = NewId();
        Cli.OciOk(["create", id, "-b", bundle.Path, .. options]);
        return id;
    }

    /// <summary>Creates and starts a container and returns its id.</summary>
    protected string Start(Bundle bundle, params string[] options)
    {
        var id = Create(bundle, options);
        Cli.OciOk("start", id);
        return id;
    }

    /// <summary>Creates, starts and waits until stopped; returns the log's text (basic format: TIME STREAM TEXT) of the payload.</summary>
    protected (int ExitCode, string Output) RunToEnd(Bundle bundle)
    {
        var result = Cli.Oci("run", NewId(), "-b", bundle.Path);
        return (result.ExitCode, result.Text);
    }

    /// <summary>Disposes the object with the test, before the containers are deleted.</summary>
    protected T Owned<T>(T value)
        where T : IDisposable
    {
        _owned.Add(value);
        return value;
    }

    /// <summary>After the containers are gone, before it is looked whether anything else is left.</summary>
    protected virtual void CleanUp()
    {
    }

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        foreach (var owned in _owned)
        {
            owned.Dispose();
        }
        foreach (var id in _ids)
        {
            // "No such container" is as good as deleted; the gate decides.
            _ = Cli.Oci("delete", "--force", id);
        }
        CleanUp();
        try
        {
            _gate.AssertNothingLeft();
        }
        finally
        {
            SafeTree.Delete(Directory);
        }
    }
}
