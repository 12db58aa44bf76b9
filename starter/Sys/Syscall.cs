using System.Runtime;
using System.Runtime.CompilerServices;

namespace Engine.Starter;

/// <summary>
/// The system calls, one wrapper each under its C name: the result, or -errno. Pointers are the caller's; paths end in a zero byte.
/// Signals are blocked and read from a signalfd, so EINTR comes only from being stopped and continued; the calls marked "retried" hide it.
/// </summary>
internal static unsafe partial class Sys
{
    // Rt/Arch/*/start.S
    [RuntimeImport("*", "syscall6")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern long syscall6(long number, long a, long b, long c, long d, long e, long f);

    [RuntimeImport("*", "clone_thread")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern long clone_thread(clone_args* arguments, long size, delegate*<void> entry);

    private static long Call(int number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) =>
        syscall6(number, a, b, c, d, e, f);

    private static long Retry(int number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0)
    {
        long result;
        do
            result = syscall6(number, a, b, c, d, e, f);
        while (result == -EINTR);
        return result;
    }
}
