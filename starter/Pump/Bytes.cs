namespace Engine.Starter.Pump;

/// <summary>Plain memory: copies, and pages given back.</summary>
internal static unsafe class Bytes
{
    // The smallest page of the machines that this runs on; a larger one only makes Release keep more.
    private const ulong Page = 4096;

    /// <summary>Copies bytes that do not overlap, or whose target lies below the source.</summary>
    public static void Copy(byte* to, byte* from, int count) => Buffer.MemoryCopy(from, to, count, count);

    /// <summary>Copies a literal and returns its length.</summary>
    public static int Copy(byte* to, ReadOnlySpan<byte> from)
    {
        from.CopyTo(new Span<byte>(to, from.Length));
        return from.Length;
    }

    /// <summary>Index of the first newline, or -1.</summary>
    public static int Newline(byte* at, int count) => new ReadOnlySpan<byte>(at, count).IndexOf((byte)'\n');

    /// <summary>Gives the whole pages inside the range back to the kernel; they read as zero and cost nothing until they are written.</summary>
    public static void Release(byte* at, long count)
    {
        ulong from = ((ulong)at + Page - 1) & ~(Page - 1);
        ulong to = ((ulong)at + (ulong)count) & ~(Page - 1);
        if (to > from)
            Sys.madvise((void*)from, to - from, MADV_DONTNEED);
    }
}
