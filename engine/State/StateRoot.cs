using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.State;

/// <summary>
/// The directory that holds one directory per container. Mode 0700 and owned by the caller: other users can neither
/// read records nor reach the sockets in it. Runs in the CLI with the caller's rights.
/// </summary>
public sealed class StateRoot
{
    /// <summary>Environment variable that replaces the default root.</summary>
    public const string Variable = "ENGINE_ROOT";

    /// <summary>Default root of unmonitored containers, for root.</summary>
    public const string RuntimeDefault = "/run/engine/" + Unmonitored;

    private const string Monitored = "oci";
    private const string Unmonitored = "runc";

    // Not the beginning of an id: a directory whose removal has begun.
    internal const string GonePrefix = ".gone-";

    private readonly bool _isUsers;

    private StateRoot(string path, bool isUsers = false)
    {
        Path = path;
        _isUsers = isUsers;
    }

    /// <summary>Absolute path.</summary>
    public string Path { get; }

    /// <summary>
    /// The root named by <paramref name="option"/> (<c>--root</c>), else by ENGINE_ROOT, else <c>/run/engine/oci</c> for
    /// root and <c>engine/oci</c> in the user's runtime directory for others (<see cref="UserDirectory"/>). Nothing is made yet.
    /// </summary>
    public static StateRoot Locate(string? option) =>
        Locate(string.IsNullOrEmpty(option) ? Environment.GetEnvironmentVariable(Variable) : option, Monitored);

    /// <summary>
    /// The root of unmonitored containers: <paramref name="option"/>, else <c>/run/engine/runc</c> for root and <c>engine/runc</c> in the
    /// user's runtime directory for others. ENGINE_ROOT names none: the callers of a runtime pass it on from anywhere.
    /// </summary>
    public static StateRoot LocateRuntime(string? option) => Locate(option, Unmonitored);

    // podman and buildah of an ordinary user start a runtime as root of a user namespace, with that user's XDG_RUNTIME_DIR (runc's rule).
    private static bool IsUserInNamespace() => Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 }
        && Environment.GetEnvironmentVariable("USER") != "root" && Identity.IsInUserNamespace;

    private static StateRoot Locate(string? named, string leaf)
    {
        if (!string.IsNullOrEmpty(named))
        {
            return new StateRoot(System.IO.Path.GetFullPath(named));
        }

        bool isRoot = Identity.EffectiveUid == 0 && !IsUserInNamespace();
        return new StateRoot(System.IO.Path.Combine(isRoot ? "/run/engine" : UserDirectory.Locate(), leaf), isUsers: !isRoot);
    }

    /// <summary>
    /// Makes the directory of a new container, which reserves its id: mkdir is what two creates race for. The directory
    /// comes back locked; the lock lives in its open file description, which the supervisor inherits, and so says for as
    /// long as anybody answers for the container that somebody does.
    /// </summary>
    /// <exception cref="EngineException">The id is taken, or the directory cannot be made.</exception>
    public ContainerDirectory Reserve(string id)
    {
        ContainerId.Check(id);
        MakeRoot();
        string path = PathOf(id);
        try
        {
            Files.MakeDirectory(path, 0b111_000_000);
        }
        catch (SyscallException error) when (error.Errno == Errno.EEXIST)
        {
            throw new ContainerException(
                ContainerProblem.AlreadyExists, $"container \"{id}\" already exists; remove it with 'engine oci delete {id}' or take another id", error);
        }

        ContainerDirectory directory = ContainerDirectory.Open(id, path);
        directory.TryLock();
        return directory;
    }

    /// <summary>Opens the directory of an existing container.</summary>
    /// <exception cref="EngineException">There is none, or it is not a directory of the caller's.</exception>
    public ContainerDirectory Open(string id)
    {
        ContainerId.Check(id);
        return ContainerDirectory.Open(id, PathOf(id));
    }

    /// <summary>True when there is something of that name. A root that cannot be read is an error, and never an empty one.</summary>
    public bool Has(string id) => Files.Exists(PathOf(id));

    /// <summary>All ids, in order of name. Directories whose names are no ids (a removal that was cut short) are left out.</summary>
    public IReadOnlyList<string> Ids()
    {
        var ids = new List<string>();
        foreach (string directory in Directories("*"))
        {
            string name = System.IO.Path.GetFileName(directory);
            if (ContainerId.IsValid(name))
            {
                ids.Add(name);
            }
        }

        ids.Sort(StringComparer.Ordinal);
        return ids;
    }

    /// <summary>Removes what removals of <paramref name="id"/> have left that were killed after the id was free again.</summary>
    public void Sweep(string id)
    {
        foreach (string gone in Directories(GonePrefix + "*-" + id))
        {
            // "*" takes other ids that end like this one, too.
            string rest = System.IO.Path.GetFileName(gone)[GonePrefix.Length..];
            if (rest[(rest.IndexOf('-', StringComparison.Ordinal) + 1)..] == id)
            {
                DeleteTree(gone);
            }
        }
    }

    /// <summary>Removes a directory and what is in it, whoever else is just removing it.</summary>
    internal static void DeleteTree(string path)
    {
        do
        {
            try
            {
                Directory.Delete(path, recursive: true);
                return;
            }
            catch (Exception error) when (error is DirectoryNotFoundException or FileNotFoundException)
            {
                // The other one was faster, with all of it or with a part.
            }
        }
        while (Directory.Exists(path));
    }

    /// <summary>Opens the root itself, for the starter's roll-back.</summary>
    public SafeFd OpenDirectory() => Files.OpenDirectory(Path);

    // Of a root that nobody has made yet: none.
    private string[] Directories(string pattern)
    {
        try
        {
            return Directory.GetDirectories(Path, pattern);
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unusable(error);
        }
    }

    private EngineException Unusable(Exception error) =>
        new($"state directory {Path}: {error.Message.TrimEnd('.')}; name another with --root or ENGINE_ROOT", inner: error);

    private string PathOf(string id) => System.IO.Path.Combine(Path, id);

    private void MakeRoot()
    {
        if (_isUsers)
        {
            UserDirectory.Make(Path);
            return;
        }

        try
        {
            Directory.CreateDirectory(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unusable(error);
        }
    }
}
