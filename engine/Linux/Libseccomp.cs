using System.Runtime.InteropServices;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Engine.Linux;

/// <summary>One comparison of a rule (seccomp.h: struct scmp_arg_cmp).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct scmp_arg_cmp
{
    public uint arg;
    public int op;
    public ulong datum_a;
    public ulong datum_b;
}

/// <summary>
/// libseccomp, by its C names (seccomp.h); negative results are errno. The library is loaded by the first call, so that
/// whoever has no filter needs none.
/// </summary>
internal static unsafe partial class Libseccomp
{
    private const string Library = "libseccomp.so.2";

    /// <summary>What the names of unknown system calls resolve to.</summary>
    public const int __NR_SCMP_ERROR = -1;

    public const int SCMP_FLTATR_ACT_BADARCH = 2, SCMP_FLTATR_CTL_OPTIMIZE = 8;

    public const int
        SCMP_CMP_NE = 1, SCMP_CMP_LT = 2, SCMP_CMP_LE = 3, SCMP_CMP_EQ = 4, SCMP_CMP_GE = 5, SCMP_CMP_GT = 6, SCMP_CMP_MASKED_EQ = 7;

    /// <summary>x32's token; the other tokens are the kernel's AUDIT_ARCH_*.</summary>
    public const uint SCMP_ARCH_X32 = 0x4000003e;

    /// <summary>Major, minor, micro.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct scmp_version
    {
        public uint major, minor, micro;
    }

    [LibraryImport(Library)]
    internal static partial scmp_version* seccomp_version();

    [LibraryImport(Library)]
    internal static partial nint seccomp_init(uint defaultAction);

    [LibraryImport(Library)]
    internal static partial void seccomp_release(nint context);

    [LibraryImport(Library)]
    internal static partial int seccomp_attr_set(nint context, int attribute, uint value);

    [LibraryImport(Library)]
    internal static partial uint seccomp_arch_native();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial uint seccomp_arch_resolve_name(string name);

    [LibraryImport(Library)]
    internal static partial int seccomp_arch_add(nint context, uint arch);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int seccomp_syscall_resolve_name(string name);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int seccomp_syscall_resolve_name_arch(uint arch, string name);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int seccomp_syscall_resolve_name_rewrite(uint arch, string name);

    [LibraryImport(Library)]
    internal static partial int seccomp_rule_add_array(nint context, uint action, int syscall, uint count, scmp_arg_cmp* arguments);

    [LibraryImport(Library)]
    private static partial int seccomp_export_bpf(nint context, int fd);

    /// <summary>The filter as struct sock_filter[], through a memory file: a pipe would block on a long one.</summary>
    /// <exception cref="SyscallException"/>
    internal static byte[] Export(nint context)
    {
        fixed (byte* name = "seccomp\0"u8)
        {
            var fd = Libc.memfd_create(name, fcntl_h.MFD_CLOEXEC);
            if (fd < 0)
                throw SyscallException.Last("memfd_create", "seccomp");
            using var file = new SafeFileHandle(fd, ownsHandle: true);
            var result = seccomp_export_bpf(context, fd);
            if (result < 0)
                throw new SyscallException("seccomp_export_bpf", "", -result);
            var bytes = new byte[RandomAccess.GetLength(file)];
            var done = 0;
            while (done < bytes.Length && RandomAccess.Read(file, bytes.AsSpan(done), done) is > 0 and var count)
                done += count;
            return bytes;
        }
    }
}
