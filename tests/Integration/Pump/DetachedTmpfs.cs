using System.Globalization;
using System.Runtime.InteropServices;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Pump;

/// <summary>A small tmpfs that is mounted nowhere: reached through its descriptor only, gone with it.</summary>
internal sealed partial class DetachedTmpfs : IDisposable
{
    // The same on every machine, as all system calls since 5.1.
    private const int SYS_fsopen = 430, SYS_fsconfig = 431, SYS_fsmount = 432;

    private readonly SafeFd _root;

    /// <param name="bytes">Its size.</param>
    public DetachedTmpfs(int bytes)
    {
        using var context = new SafeFd(Native.Check((int)syscall_fsopen(SYS_fsopen, "tmpfs", 1), "fsopen"));
        Native.Check((int)syscall_fsconfig(SYS_fsconfig, context.Value, 1, "size", bytes.ToString(CultureInfo.InvariantCulture), 0), "fsconfig");
        Native.Check((int)syscall_fsconfig(SYS_fsconfig, context.Value, 6, null, null, 0), "fsconfig");
        _root = new SafeFd(Native.Check((int)syscall_fsmount(SYS_fsmount, context.Value, 1, 0), "fsmount"));
    }

    /// <summary>A file in it, made if it is not there, for appending; the caller's.</summary>
    public SafeFd Open(string leaf) => Files.OpenIn(_root, leaf, fcntl_h.O_RDWR | fcntl_h.O_APPEND | fcntl_h.O_CREAT, 0x1a4);

    /// <summary>A file in it as text.</summary>
    public string Read(string leaf)
    {
        using SafeFd file = Open(leaf);
        return System.Text.Encoding.Latin1.GetString(Files.ReadAll(file, leaf, int.MaxValue));
    }

    public void Dispose() => _root.Dispose();

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint syscall_fsopen(nint number, string type, uint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint syscall_fsconfig(nint number, int fd, uint command, string? key, string? value, int auxiliary);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint syscall_fsmount(nint number, int fd, uint flags, uint attributes);
}
