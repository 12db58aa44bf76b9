using System.Runtime.InteropServices;

namespace Engine.Tests.Conformance;

/// <summary>The C functions that only this program needs (others: Native of the shared fixture).</summary>
internal static partial class Kernel
{
    private const int PR_SET_CHILD_SUBREAPER = 36;
    private const int WNOHANG = 1;

    /// <summary>Payloads that lose their parent become children of this program, so that it sees how they end, as conmon does.</summary>
    public static void BecomeSubreaper() => Native.Check(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "PR_SET_CHILD_SUBREAPER");

    /// <summary>Exit code of a child that has ended (128+N for signal N), which it reaps; null while it lives or when it is no child.</summary>
    public static int? Reap(int pid)
    {
        if (waitpid(pid, out var status, WNOHANG) != pid)
        {
            return null;
        }
        return (status & 0x7f) == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f);
    }

    /// <summary>Whether the descriptor has something to read within the time.</summary>
    public static unsafe bool WaitReadable(int descriptor, int milliseconds)
    {
        var entry = new PollEntry { Descriptor = descriptor, Events = 1 };
        return poll(&entry, 1, milliseconds) == 1;
    }

    public static void Mount(string source, string target, string type, ulong flags = 0, string? data = null) =>
        Native.Check(mount(source, target, type, flags, data), $"mount {target}");

    /// <summary>
    /// Reaps one child that has ended, unless it is <paramref name="managed"/>, which .NET reaps. What a container left to its subreaper
    /// must be reaped before the pid namespace, and so the container, can end.
    /// </summary>
    public static unsafe void ReapOther(int managed)
    {
        const int all = 0, exited = 4, noWait = 0x1000000;
        // siginfo_t is 128 bytes; si_pid, behind three ints and padding, is at 16.
        var info = stackalloc byte[128];
        new Span<byte>(info, 128).Clear();
        if (waitid(all, 0, info, exited | WNOHANG | noWait) == 0 && *(int*)(info + 16) is > 0 and var pid && pid != managed)
        {
            _ = waitpid(pid, out _, WNOHANG);
        }
    }

    /// <summary>Changes the flags of one mount.</summary>
    public static int Remount(string target, ulong flags) => mount("none", target, "none", MS_REMOUNT | MS_BIND | flags, null);

    public const ulong MS_REMOUNT = 32;

    public const ulong MS_RDONLY = 1, MS_BIND = 4096, MS_REC = 16384, MS_PRIVATE = 1 << 18, MS_SHARED = 1 << 20;

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int poll(PollEntry* entries, nuint count, int milliseconds);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int prctl(int option, ulong a, ulong b, ulong c, ulong d);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int waitid(int kind, uint id, byte* info, int options);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int waitpid(int pid, out int status, int options);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string source, string target, string type, ulong flags, string? data);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(int descriptor, nuint request, nint argument);
}
