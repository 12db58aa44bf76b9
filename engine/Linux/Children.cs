using System.Runtime.InteropServices;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Linux;

/// <summary>Processes that this one has to reap: its own, and those that it adopted (<see cref="Identity.Adopt"/>).</summary>
public static unsafe class Children
{
    /// <summary>
    /// The kernel keeps the status of each child from here on, also when this process was started by one that ignores SIGCHLD, which is inherited.
    /// </summary>
    public static void KeepStatuses() => Libc.signal(signal_h.SIGCHLD, (nint)signal_h.SIG_DFL);

    /// <summary>
    /// Reaps whatever ends until <paramref name="pid"/> does, and returns its exit code (128+signal); null when it is no child of this process.
    /// </summary>
    public static int? WaitFor(int pid)
    {
        while (true)
        {
            siginfo_t info = default;
            if (Libc.waitid(wait_h.P_ALL, 0, &info, wait_h.WEXITED) != 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                if (errno == Errno.EINTR)
                {
                    continue;
                }

                return errno == Errno.ECHILD ? null : throw new SyscallException("waitid", "", errno);
            }

            if (info.si_pid == pid)
            {
                return info.si_code == signal_h.CLD_EXITED ? info.si_status : 128 + info.si_status;
            }
        }
    }
}
