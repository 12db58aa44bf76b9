using System.Runtime.InteropServices;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Rpc;

/// <summary>
/// Values too large for a datagram, and programs that must not be written to while they run, as memory files that
/// nobody can change or resize any more: sealed SHRINK, GROW, WRITE and SEAL. The receiver checks the seals.
/// </summary>
public static unsafe class SealedMemfd
{
    /// <summary>The seals every file made here has.</summary>
    public const int Seals = fcntl_h.F_SEAL_SEAL | fcntl_h.F_SEAL_SHRINK | fcntl_h.F_SEAL_GROW | fcntl_h.F_SEAL_WRITE;

    private const int SealAttempts = 20;

    /// <summary>A file holding <paramref name="bytes"/>; <paramref name="name"/> shows in /proc/PID/fd only.</summary>
    public static SafeFd Create(string name, ReadOnlySpan<byte> bytes)
    {
        var fd = Open(name, fcntl_h.MFD_NOEXEC_SEAL);
        try
        {
            Write(fd, name, bytes);
            Seal(fd, name);

            // Whoever reads it as its standard input begins where we are.
            return Libc.lseek(fd.Value, 0, fcntl_h.SEEK_SET) == 0 ? fd : throw SyscallException.Last("lseek", name);
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    /// <summary>
    /// An executable copy of <paramref name="program"/> (opened for reading, read from its start). A process that runs from
    /// it can be neither overwritten through /proc/PID/exe (CVE-2019-5736) nor changed by an upgrade.
    /// </summary>
    public static SafeFd CopyOf(string name, SafeFd program)
    {
        var fd = Open(name, fcntl_h.MFD_EXEC);
        try
        {
            long offset = 0;
            while (true)
            {
                nint copied = Libc.sendfile(fd.Value, program.Value, &offset, 1 << 30);
                if (copied == 0)
                {
                    break;
                }

                if (copied < 0 && Marshal.GetLastPInvokeError() is var errno && errno != Errno.EINTR)
                {
                    throw new SyscallException("sendfile", name, errno);
                }
            }

            Seal(fd, name);
            return fd;
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    private static SafeFd Open(string name, int executableFlag)
    {
        const int flags = fcntl_h.MFD_CLOEXEC | fcntl_h.MFD_ALLOW_SEALING;
        fixed (byte* text = System.Text.Encoding.UTF8.GetBytes(name + "\0"))
        {
            int fd = Libc.memfd_create(text, (uint)(flags | executableFlag));
            if (fd < 0 && Marshal.GetLastPInvokeError() == Errno.EINVAL)
            {
                // Before Linux 6.3 there is no such flag, and every memory file is executable.
                fd = Libc.memfd_create(text, flags);
            }

            return fd >= 0 ? new SafeFd(fd) : throw SyscallException.Last("memfd_create", name);
        }
    }

    private static void Write(SafeFd fd, string name, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            nint done = 0;
            while (done < bytes.Length)
            {
                nint count = Libc.write(fd.Value, start + done, (nuint)(bytes.Length - done));
                if (count >= 0)
                {
                    done += count;
                }
                else if (Marshal.GetLastPInvokeError() is var errno && errno != Errno.EINTR)
                {
                    throw new SyscallException("write", name, errno);
                }
            }
        }
    }

    // The kernel answers EBUSY while anything else holds a page of the file for a moment, as page migration on a busy
    // machine does, and gives up after 150 ms of its own. Unsealed files are never handed out, so the only choice is to ask again.
    private static void Seal(SafeFd fd, string name)
    {
        for (int attempt = 1; Libc.fcntl(fd.Value, fcntl_h.F_ADD_SEALS, Seals) != 0; attempt++)
        {
            if (Marshal.GetLastPInvokeError() != Errno.EBUSY || attempt == SealAttempts)
            {
                throw SyscallException.Last("fcntl(F_ADD_SEALS)", name);
            }

            Thread.Sleep(attempt);
        }
    }
}
