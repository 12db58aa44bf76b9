using System.Globalization;
using System.Runtime.InteropServices;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Linux;

/// <summary>Processes by descriptor: a pidfd names one process for good, where its number may be given to another.</summary>
public static unsafe class Pidfds
{
    /// <summary>A pidfd for <paramref name="pid"/>; the caller owns it. Compare the start time afterwards: the number may be another's by now.</summary>
    /// <exception cref="SyscallException">ESRCH when there is no such process.</exception>
    public static SafeFd Open(int pid)
    {
        int fd = (int)Libc.syscall_pidfd_open(SYS_pidfd_open, pid, 0);
        return fd >= 0 ? new SafeFd(fd) : throw SyscallException.Last("pidfd_open", pid.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Sends a signal; false when the process has ended.</summary>
    public static bool Signal(SafeFd pidfd, int signal)
    {
        if (Libc.syscall_pidfd_send_signal(SYS_pidfd_send_signal, pidfd.Value, signal, null, 0) == 0)
        {
            return true;
        }

        var error = SyscallException.Last("pidfd_send_signal", signal.ToString(CultureInfo.InvariantCulture));
        return error.Errno == Errno.ESRCH ? false : throw error;
    }

    /// <summary>The process group of a process, as this pid namespace numbers it; -1 when there is no such process.</summary>
    public static int GroupOf(int pid) => Libc.getpgid(pid);

    /// <summary>Waits until the process has ended; false when it still runs after <paramref name="time"/>. Its status stays its parent's.</summary>
    public static bool WaitForEnd(SafeFd pidfd, TimeSpan time)
    {
        long deadline = time < TimeSpan.Zero ? long.MaxValue : Environment.TickCount64 + (long)time.TotalMilliseconds;
        while (true)
        {
            int left = time < TimeSpan.Zero ? -1 : (int)Math.Clamp(deadline - Environment.TickCount64, 0, int.MaxValue);
            var entry = new pollfd { fd = pidfd.Value, events = poll_h.POLLIN };
            int ready = Libc.poll(&entry, 1, left);
            if (ready > 0)
            {
                return true;
            }

            if (ready == 0)
            {
                return false;
            }

            if (Marshal.GetLastPInvokeError() is var errno && errno != Errno.EINTR)
            {
                throw new SyscallException("poll", "pidfd", errno);
            }
        }
    }
}
