using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.State;

/// <summary>
/// The directory of one container, held by descriptor. state.json in it is written by the supervisor alone, by rename;
/// config.json is the copy of what was read at create and is what every later command goes by. Owns its descriptor.
/// </summary>
public sealed class ContainerDirectory : IDisposable
{
    /// <summary>The state document.</summary>
    public const string StateFile = "state.json";

    /// <summary>The configuration as it was read once.</summary>
    public const string ConfigFile = "config.json";

    /// <summary>Control socket.</summary>
    public const string ControlSocket = "control.sock";

    /// <summary>Attach socket.</summary>
    public const string AttachSocket = "attach.sock";

    /// <summary>Where the start of an unmonitored container is asked for; there until it is started.</summary>
    public const string StartSocket = "start.sock";

    private const int MaxState = 16 * 1024 * 1024;

    private ContainerDirectory(string id, string path, SafeFd descriptor)
    {
        Id = id;
        Path = path;
        Descriptor = descriptor;
    }

    /// <summary>The container's id.</summary>
    public string Id { get; }

    /// <summary>Absolute path, for messages and for the sockets' names in the state document.</summary>
    public string Path { get; }

    /// <summary>The open directory. Locked by flock as long as a creating CLI or a supervisor holds it.</summary>
    public SafeFd Descriptor { get; }

    /// <summary>Opens the directory without following a link at its end and checks that it is the caller's.</summary>
    /// <exception cref="EngineException">It does not exist, or belongs to somebody else.</exception>
    public static ContainerDirectory Open(string id, string path)
    {
        SafeFd descriptor;
        try
        {
            descriptor = Files.OpenDirectory(path);
        }
        catch (SyscallException error) when (error.Errno == Errno.ENOENT)
        {
            throw new ContainerException(ContainerProblem.DoesNotExist, $"container \"{id}\" does not exist", error);
        }
        catch (SyscallException error) when (error.Errno is Errno.ENOTDIR or Errno.ELOOP)
        {
            throw new EngineException($"{path} is no directory of a container; not touching it", inner: error);
        }
        catch (SyscallException error) when (error.Errno is Errno.EACCES)
        {
            throw new EngineException($"{path} is somebody else's: {error.Message}", inner: error);
        }

        uint owner = Files.Stat(descriptor).Uid;
        if (owner != Identity.EffectiveUid)
        {
            descriptor.Dispose();
            throw new EngineException($"{path} belongs to uid {owner}, not to you; not touching it");
        }

        return new ContainerDirectory(id, path, descriptor);
    }

    /// <summary>Path of a file in it.</summary>
    public string PathOf(string leaf) => System.IO.Path.Combine(Path, leaf);

    /// <summary>Takes the lock; false when a creating CLI or a supervisor has it, which means that it is alive.</summary>
    public bool TryLock() => Files.TryLockExclusive(Descriptor);

    /// <summary>Waits until nobody answers for the container any more, and takes the lock.</summary>
    public void WaitForLock() => Files.LockExclusive(Descriptor);

    /// <summary>Gives the lock back. Only after a <see cref="TryLock"/> that was meant as a question.</summary>
    public void Unlock() => Files.Unlock(Descriptor);

    /// <summary>
    /// Takes the lock of a container that nobody answers for, for good; false when somebody else has had it for <paramref name="time"/>.
    /// Whoever only asks (<see cref="TryLock"/>) has it for a moment.
    /// </summary>
    public bool TakeForRemoval(TimeSpan time)
    {
        long deadline = Environment.TickCount64 + (long)time.TotalMilliseconds;
        while (!TryLock())
        {
            if (Environment.TickCount64 > deadline)
            {
                return false;
            }

            Thread.Sleep(5);
        }

        return true;
    }

    /// <summary>True while the path still leads to this directory; it may have been removed, and another made of that name.</summary>
    public bool IsInPlace()
    {
        try
        {
            using SafeFd now = Files.OpenDirectory(Path);
            return FileIdentity.Of(now.Value) == FileIdentity.Of(Descriptor.Value);
        }
        catch (SyscallException)
        {
            return false;
        }
    }

    /// <summary>Keeps a copy of the configuration; once, when the container is created.</summary>
    public void WriteConfig(ReadOnlySpan<byte> config)
    {
        using SafeFd copy = Files.OpenIn(Descriptor, ConfigFile, fcntl_h.O_WRONLY | fcntl_h.O_CREAT | fcntl_h.O_EXCL, 0x180);
        Files.WriteAll(copy, config, PathOf(ConfigFile));
    }

    /// <summary>True while the stage of an unmonitored container waits to be started: it holds the listening socket until the payload's execve.</summary>
    public bool AwaitsStart()
    {
        try
        {
            using SafeFd socket = UnixSockets.Connect(Descriptor, StartSocket, datagrams: true, wait: false);
            return true;
        }
        catch (SyscallException error) when (error.Errno is Errno.ENOENT or Errno.ECONNREFUSED)
        {
            return false;
        }
        catch (SyscallException error) when (error.Errno is Errno.EAGAIN)
        {
            // A frozen stage takes none of the connections, and this one has no room left.
            return true;
        }
    }

    /// <summary>The state document as it was written last; null when there is none yet or it cannot be read.</summary>
    public StateDocument? ReadState()
    {
        try
        {
            byte[]? bytes = Files.ReadIfExists(Descriptor, StateFile, MaxState);
            return bytes is null ? null : StateReader.Read(bytes);
        }
        catch (SyscallException error) when (error.Errno is Errno.EISDIR or Errno.EINVAL or Errno.EFBIG or Errno.ENXIO or Errno.ELOOP)
        {
            // Something else is in its place; the container must be listed and deleted all the same.
            return null;
        }
    }

    /// <summary>The configuration that the container was created with.</summary>
    /// <exception cref="EngineException">The copy is missing.</exception>
    public byte[] ReadConfig() =>
        Files.ReadIfExists(Descriptor, ConfigFile, MaxState)
        ?? throw new EngineException($"container \"{Id}\": its copy of config.json is missing; 'engine oci delete --force {Id}' removes what is left");

    /// <summary>
    /// Removes the directory and everything in it. It is renamed first, so that of two removers one wins and the id is
    /// free at once; links in it are removed, not followed.
    /// </summary>
    public void Remove()
    {
        string gone = System.IO.Path.Combine(
            System.IO.Path.GetDirectoryName(Path)!, $"{StateRoot.GonePrefix}{Environment.ProcessId}-{Id}");
        try
        {
            Files.Rename(Path, gone);
        }
        catch (SyscallException error) when (error.Errno == Errno.ENOENT)
        {
            return;
        }

        StateRoot.DeleteTree(gone);
    }

    /// <inheritdoc/>
    public void Dispose() => Descriptor.Dispose();
}
