namespace Engine.Starter;

// sys/mman.h.
internal static unsafe partial class Sys
{
    /// <summary>The address, or -errno (between -4095 and -1).</summary>
    public static long mmap(void* address, ulong length, int protection, int flags, int fd, long offset) =>
        Call(SYS_mmap, (long)address, (long)length, protection, flags, fd, offset);

    public static int munmap(void* address, ulong length) => (int)Call(SYS_munmap, (long)address, (long)length);

    public static int mprotect(void* address, ulong length, int protection) =>
        (int)Call(SYS_mprotect, (long)address, (long)length, protection);

    public static int madvise(void* address, ulong length, int advice) => (int)Call(SYS_madvise, (long)address, (long)length, advice);
}
