using System.Runtime.InteropServices;
using Engine.Shared.Linux;

namespace Engine.Linux;

/// <summary>Which flags of seccomp(2) the running kernel has.</summary>
public static partial class SeccompFlags
{
    private const uint SECCOMP_SET_MODE_FILTER = 1;
    private const uint Listener = seccomp_h.SECCOMP_FILTER_FLAG_NEW_LISTENER;

    /// <summary>
    /// True when it knows the flag: then it goes on to read the filter, of which there is none. One flag is for a listener and unknown
    /// without.
    /// </summary>
    public static bool IsSupported(uint flag) =>
        syscall_seccomp(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag == seccomp_h.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV ? flag | Listener : flag, 0) < 0 && Marshal.GetLastPInvokeError() == Errno.EFAULT;

    [LibraryImport("libc", SetLastError = true, EntryPoint = "syscall")]
    private static partial nint syscall_seccomp(nint number, uint operation, uint flags, nint filter);
}
