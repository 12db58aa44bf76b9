using System.Runtime.InteropServices;

namespace Engine.Rpc.Linux;

/// <summary>A system call of this process failed.</summary>
public sealed class SyscallException : Exception
{
    /// <summary>Failure of <paramref name="operation"/> on <paramref name="path"/> (empty for none) with <paramref name="errno"/>.</summary>
    public SyscallException(string operation, string path, int errno)
        : base(ErrnoText.Line(operation, path, errno, ""))
    {
        Operation = operation;
        Path = path;
        Errno = errno;
    }

    /// <summary>C name of the call.</summary>
    public string Operation { get; }

    /// <summary>What it was about: a path, an id; empty for none.</summary>
    public string Path { get; }

    /// <summary>Positive errno.</summary>
    public int Errno { get; }

    /// <summary>The errno alone: <c>No such file or directory (ENOENT)</c>.</summary>
    public string Text => ErrnoText.Describe(Errno);

    /// <summary>The failure whose errno the last P/Invoke left; call before anything else does.</summary>
    public static SyscallException Last(string operation, string path = "") => new(operation, path, Marshal.GetLastPInvokeError());
}
