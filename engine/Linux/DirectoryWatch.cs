using System.Runtime.InteropServices;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Linux;

/// <summary>Waits for changes to the files of one directory (inotify): written, made, renamed. Not thread-safe.</summary>
public sealed unsafe partial class DirectoryWatch : IDisposable
{
    private readonly SafeFd _inotify;

    /// <summary>Begins to watch.</summary>
    /// <exception cref="SyscallException">EMFILE, ENOSPC: the user's limits of inotify.</exception>
    public DirectoryWatch(string directory)
    {
        int fd = inotify_init1(inotify_h.IN_CLOEXEC | inotify_h.IN_NONBLOCK);
        _inotify = fd >= 0 ? new SafeFd(fd) : throw SyscallException.Last("inotify_init1");
        const uint mask = inotify_h.IN_MODIFY | inotify_h.IN_CREATE | inotify_h.IN_MOVED_TO | inotify_h.IN_MOVED_FROM | inotify_h.IN_DELETE;
        if (inotify_add_watch(fd, directory, mask) < 0)
        {
            var error = SyscallException.Last("inotify_add_watch", directory);
            _inotify.Dispose();
            throw error;
        }
    }

    /// <summary>Returns at a change since the last call, after <paramref name="milliseconds"/>, or when cancelled.</summary>
    public void Wait(int milliseconds, CancellationToken cancel)
    {
        using var wake = new WakeUp();
        using var registration = cancel.Register(wake.Set);
        Span<pollfd> entries = [new pollfd { fd = _inotify.Value, events = poll_h.POLLIN }, new pollfd { fd = wake.Descriptor, events = poll_h.POLLIN }];
        Streams.Poll(entries, milliseconds);

        // Which files changed does not matter to who looks at its own.
        Span<byte> events = stackalloc byte[4096];
        while (Streams.Read(_inotify.Value, events) > 0)
        {
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _inotify.Dispose();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int inotify_init1(int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int inotify_add_watch(int fd, string path, uint mask);
}
