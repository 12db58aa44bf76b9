using Engine.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Engine.Rpc.Linux;

/// <summary>A descriptor with one owner; closed by Dispose or, as a last resort, by the finalizer.</summary>
public sealed class SafeFd : SafeHandleMinusOneIsInvalid
{
    /// <summary>Takes ownership of <paramref name="fd"/>; with <paramref name="owns"/> false it is only borrowed.</summary>
    public SafeFd(int fd, bool owns = true)
        : base(owns) => SetHandle(fd);

    /// <summary>The number, for a system call. Valid as long as this object is neither disposed nor unreachable.</summary>
    public int Value
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return (int)handle;
        }
    }

    /// <summary>True for an open descriptor that survives execve. Whatever this program opens does not: this one was given to it.</summary>
    public bool IsInheritable => Libc.fcntl(Value, fcntl_h.F_GETFD, 0) == 0;

    /// <summary>A second descriptor (close-on-exec) for the same open file, the lowest free one from <paramref name="atLeast"/>.</summary>
    public SafeFd Duplicate(int atLeast = 3)
    {
        int fd = Libc.fcntl(Value, fcntl_h.F_DUPFD_CLOEXEC, atLeast);
        GC.KeepAlive(this);
        return fd >= 0 ? new SafeFd(fd) : throw SyscallException.Last("fcntl", "F_DUPFD_CLOEXEC");
    }

    /// <summary>Gives the number away: the caller closes it.</summary>
    public int Detach()
    {
        int fd = Value;
        SetHandleAsInvalid();
        return fd;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.close((int)handle) == 0;
}
